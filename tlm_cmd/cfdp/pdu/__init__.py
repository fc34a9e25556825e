"""Protocol data units: the fixed header, the directives, file data, and the fields in them (727.0-B-5, section 5)."""
