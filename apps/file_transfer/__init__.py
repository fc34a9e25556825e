"""The file transfer app."""
