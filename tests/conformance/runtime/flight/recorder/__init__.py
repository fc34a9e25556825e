"""Writes down what it is commanded to."""
