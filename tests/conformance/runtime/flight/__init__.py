"""A small flight: a source, a sink, and a gate to the tests."""
