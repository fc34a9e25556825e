"""The framework's own apps, one folder each: what cFE calls its core services."""
