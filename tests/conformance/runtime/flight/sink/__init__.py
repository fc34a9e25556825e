"""The sink: takes, remembers, refuses, works, hangs."""
