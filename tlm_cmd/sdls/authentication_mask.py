"""Authentication bit masks: which bits of a frame's header the MAC covers (CCSDS 355.0-B-2, 4.2.2.6.2).

A mask here covers the octets from the first of the transfer frame's primary header to the last before the security
header. Behind it the security protocol goes on by itself: the security header is covered but for the initialisation
vector, which the algorithm binds in its own way, and so are all data.

The standard demands that the virtual channel id is covered, and a TC segment header; that the TM master channel frame
count, the AOS frame header error control and the insert zone are not, since they change behind the security protocol;
and it leaves the rest to the mission. These masks cover what is demanded and nothing else, as the baseline modes do and
as Yamcs does (``StandardAuthMask``): the frame sequence number of TC is given by COP-1 after a frame is protected.
A mission may use masks of its own; both ends must have the same.
"""

from tlm_cmd.errors import check_range
from tlm_cmd.frames import tc, tm

AOS_HEADER_OCTETS = 6
AOS_HEADER_ERROR_CONTROL_OCTETS = 2
MAX_SECONDARY_HEADER_OCTETS = 64
MAX_HEADER_OCTETS = 2048
"""Longest mask: no header is longer than a frame."""


def tc_mask(*, segment_header: bool = False) -> bytes:
    """Return the mask of TC frames: virtual channel id, and the segment header where the channel has one."""
    return b"\x00\x00\xfc" + bytes(tc.HEADER_OCTETS - 3) + (b"\xff" if segment_header else b"")


def tm_mask(secondary_header_octets: int = 0) -> bytes:
    """Return the mask of TM frames: virtual channel id only; a secondary header is not covered.

    Raises:
        FieldRangeError: a secondary header has 0 or 2 to 64 octets, its own first octet included.
    """
    check_range("secondary header octets", secondary_header_octets, 0, MAX_SECONDARY_HEADER_OCTETS)
    return b"\x00\x0e" + bytes(tm.HEADER_OCTETS - 2 + secondary_header_octets)


def aos_mask(*, header_error_control: bool = False, insert_zone_octets: int = 0) -> bytes:
    """Return the mask of AOS frames: virtual channel id only.

    Raises:
        FieldRangeError: the insert zone is longer than a frame.
    """
    check_range("insert zone octets", insert_zone_octets, 0, MAX_HEADER_OCTETS - AOS_HEADER_OCTETS - 2)
    error_control = AOS_HEADER_ERROR_CONTROL_OCTETS if header_error_control else 0
    return b"\x00\x3f" + bytes(AOS_HEADER_OCTETS - 2 + error_control + insert_zone_octets)
