"""The thermal app."""
