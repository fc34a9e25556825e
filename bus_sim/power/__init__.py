"""Electrical power: solar array, battery and distribution."""
