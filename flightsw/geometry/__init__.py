"""Vectors, rotations and the figure of the Earth, in plain floats and tuples."""
