"""The payload app."""
