"""Skeletons of new apps: working, tested, ready to fly."""
