"""Whole files of telemetry packets to NumPy columns; for the ground, flight has no need of it."""
