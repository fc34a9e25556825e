"""The telemetry output app."""
