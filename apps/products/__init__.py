"""The products app."""
