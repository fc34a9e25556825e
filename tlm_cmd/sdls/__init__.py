"""Space Data Link Security: authenticated and encrypted frames, and their keys (CCSDS 355.0-B-2, 355.1-B-1)."""
