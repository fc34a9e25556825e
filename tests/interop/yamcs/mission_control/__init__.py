"""A Yamcs server that operates the simulated spacecraft, on a network of its own."""
