"""Which reports on its execution a telecommand asks for (ECSS-E-ST-70-41C, 7.4.4.1).

The field has four bits, and the standard counts bits from the most significant one, 0, to the least significant one, 3:
bit 3 asks for acceptance, bit 2 for the start, bit 1 for progress, bit 0 for completion. So acceptance alone is 0001.
That is the order of the flight software framework of the University of Stuttgart, of the telecommand encoding published
for ESA in ASN.1, of Dario Lucia's ccsds library, of the OBS framework, and of puslib; spacepackets-rs has the reverse.
"""

from enum import IntFlag, unique


@unique
class Acknowledge(IntFlag):
    """Reports of success that are asked for; failures are reported whatever is asked for."""

    NONE = 0
    ACCEPTANCE = 0b0001
    START = 0b0010
    PROGRESS = 0b0100
    COMPLETION = 0b1000
    ALL = 0b1111
