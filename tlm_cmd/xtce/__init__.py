"""The mission dictionary as an XTCE file, and XTCE files of others as a dictionary (CCSDS 660.0-B-2)."""
