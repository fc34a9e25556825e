"""Interface of a producer: it has no words of its own."""
