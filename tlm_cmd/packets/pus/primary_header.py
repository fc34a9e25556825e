"""What the primary header of a packet of this standard must say (ECSS-E-ST-70-41C, 7.4.2)."""

from tlm_cmd.errors import WrongValueError, WrongVersionError
from tlm_cmd.packets.spacepacket import IDLE_APID, MAX_APID, PacketType

_UNSEGMENTED_BITS = 0xC000


def check_primary_header(
    identification: int, sequence: int, packet_type: PacketType, *, secondary_header: bool = True
) -> None:
    """Look at the first four octets of a packet: two numbers of 16 bits, identification and sequence control.

    Raises:
        WrongVersionError: the packet version number is not 0.
        WrongValueError: another type of packet, a secondary header missing or too many, a segment, or an idle packet.
    """
    if identification >> 13:
        raise WrongVersionError("packet version", identification >> 13, 0)
    if identification >> 12 != packet_type:
        raise WrongValueError("packet type", identification >> 12, packet_type.value)
    if identification >> 11 & 1 != secondary_header:
        raise WrongValueError("secondary header flag", identification >> 11 & 1, int(secondary_header))
    if sequence < _UNSEGMENTED_BITS:
        raise WrongValueError("sequence flags", sequence >> 14, 3)
    if identification & IDLE_APID == IDLE_APID:
        raise WrongValueError("APID", IDLE_APID, f"0 to {MAX_APID}, no idle packet")
