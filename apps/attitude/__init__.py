"""The attitude app."""
