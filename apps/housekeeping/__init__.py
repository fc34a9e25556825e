"""The housekeeping app."""
