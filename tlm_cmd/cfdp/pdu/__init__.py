"""Protocol data units: fixed header, directives, file data, and the fields in them (CCSDS 727.0-B-5, section 5)."""
