"""The packet error control at the end of each packet: CRC-16 (ECSS-E-ST-70-41C, 7.4.3.3 and annex B)."""

from tlm_cmd.errors import ChecksumError
from tlm_cmd.packets.crc import CRC_OCTETS, crc16


def with_error_control(octets: bytes) -> bytes:
    """Return the octets of a packet with the error control behind them."""
    return octets + crc16(octets).to_bytes(CRC_OCTETS, "big")


def check_error_control(structure: str, packet: bytes) -> None:
    """Make sure that a packet ends with the CRC-16 of what stands before it.

    Raises:
        ChecksumError: it does not.
    """
    if crc16(packet):
        found = int.from_bytes(packet[-CRC_OCTETS:], "big")
        raise ChecksumError(structure, crc16(packet[:-CRC_OCTETS]), found)
