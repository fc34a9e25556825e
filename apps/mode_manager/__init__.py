"""The mode manager app."""
