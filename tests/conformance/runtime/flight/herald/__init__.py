"""Commands the sink much."""
