"""Commands recorders without end."""
