"""The command ingest app."""
