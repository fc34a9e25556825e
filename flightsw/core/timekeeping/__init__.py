"""The timekeeping app: keeps spacecraft time on its source, and tells every process."""
