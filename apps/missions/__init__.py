"""The missions app."""
