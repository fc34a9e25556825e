"""The Communications Operation Procedure-1, both ends: FARM-1 on board, FOP-1 on the ground (CCSDS 232.1-B-2)."""
