"""The flight-software framework: bus, app runtime, executive, services, hardware ports and drivers."""
