"""Synchronisation and channel coding of both directions (CCSDS 131.0-B-5, 231.0-B-4)."""
