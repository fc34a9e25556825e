"""Words and wire: what a command or a telemetry packet is, and its bytes.

Pure: no sockets, no threads, no clock. Flight and ground use the same modules from opposite ends.
"""
