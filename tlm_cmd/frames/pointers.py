"""The first header pointer: where in a frame a packet starts (CCSDS 132.0-B-3, 4.1.2.7.6; 732.0-B-4, 4.1.4.2.3)."""

from tlm_cmd.errors import check_range

NO_PACKET_START = 0x7FF
"""First header pointer of a frame in which no packet starts."""
ONLY_IDLE_DATA = 0x7FE
"""First header pointer of a frame that carries no packets at all."""


def check_pointer(pointer: int, zone_octets: int) -> None:
    """Make sure that a pointer is one of the two above, or points into a zone of ``zone_octets`` octets.

    Raises:
        FieldRangeError: it points elsewhere.
    """
    if pointer not in (NO_PACKET_START, ONLY_IDLE_DATA):
        check_range("first header pointer", pointer, 0, zone_octets - 1)
