"""Orientation: the rigid body and the sensors that observe it."""
