"""The chains composed: from a packet to the octets of a link and back, for both ends.

Telemetry is packets (CCSDS 133.0-B-2) in protected (355.0-B-2) TM frames (132.0-B-3), coded (131.0-B-5); telecommands
are packets in protected TC frames (232.0-B-4), in sequence by COP-1 (232.1-B-2), coded (231.0-B-4).
"""
