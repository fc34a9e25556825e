"""The CCSDS File Delivery Protocol, both ends, classes 1 and 2 (CCSDS 727.0-B-5)."""
