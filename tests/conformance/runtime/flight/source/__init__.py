"""The source: sends when told to."""
