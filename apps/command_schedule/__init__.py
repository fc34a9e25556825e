"""The command schedule app."""
