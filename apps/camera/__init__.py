"""The camera app."""
