"""The simulated devices' side of the wires: bytes in, bytes out, onto the models."""
