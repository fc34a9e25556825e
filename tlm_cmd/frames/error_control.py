"""The frame error control field, the same in frames of all kinds (CCSDS 132.0-B-3, 4.1.6; 732.0-B-4; 232.0-B-4)."""

from tlm_cmd.errors import ChecksumError
from tlm_cmd.packets.crc import CRC_OCTETS, crc16


def append_error_control(frame: bytes) -> bytes:
    """Return a frame with its error control field behind it."""
    return frame + crc16(frame).to_bytes(CRC_OCTETS, "big")


def check_error_control(structure: str, frame: bytes) -> None:
    """Verify the error control field in the last two octets of a frame, which must have them.

    Raises:
        ChecksumError: it is wrong.
    """
    if crc16(frame):
        found = int.from_bytes(frame[-CRC_OCTETS:], "big")
        raise ChecksumError(structure, crc16(frame[:-CRC_OCTETS]), found)
