"""Packets of the packet utilisation standard, PUS-C (ECSS-E-ST-70-41C): headers, and the bodies of its services."""
