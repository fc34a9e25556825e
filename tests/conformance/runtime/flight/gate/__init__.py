"""The gate: what the radio is to a real flight."""
