"""The base of the framework's errors."""


class FlightSoftwareError(Exception):
    """Something the framework refuses or cannot do; the message says what to change."""
