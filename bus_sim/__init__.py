"""The simulated spacecraft bus: environment, physics, devices and faults."""
