"""The power app."""
