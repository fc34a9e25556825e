"""What makes a changed structure pass the checks around it: lengths, checksums, parity."""

from __future__ import annotations

from tlm_cmd.coding.bch import BLOCK_DATA_OCTETS, BLOCK_OCTETS, encode_blocks
from tlm_cmd.packets.crc import CRC_OCTETS, crc16, crc32, xor8

_TC_HEADER_OCTETS = 5
_PACKET_HEADER_OCTETS = 6
_COMMAND_HEADER_OCTETS = 8


def frame_crc(octets: bytes) -> bytes:
    """Let octets end with the CRC-16 over those before it: of packets, of frames, of device messages."""
    if len(octets) < CRC_OCTETS:
        return octets
    body = octets[:-CRC_OCTETS]
    return body + crc16(body).to_bytes(CRC_OCTETS, "big")


def packet_length(octets: bytes) -> bytes:
    """Set the length field of a space packet."""
    length = len(octets) - _PACKET_HEADER_OCTETS - 1
    if not 0 <= length <= 0xFFFF:
        return octets
    return octets[:4] + length.to_bytes(2, "big") + octets[6:]


def packet_version(octets: bytes) -> bytes:
    """Set the version of a space packet to 0."""
    return bytes([octets[0] & 0x1F]) + octets[1:] if octets else octets


def command_checksum(octets: bytes) -> bytes:
    """Set the checksum of a cFS command."""
    if len(octets) < _COMMAND_HEADER_OCTETS:
        return octets
    without = octets[:7] + b"\0" + octets[8:]
    return without[:7] + bytes([xor8(without)]) + without[8:]


def tc_frame_length(octets: bytes) -> bytes:
    """Set the length field of a TC frame."""
    if not _TC_HEADER_OCTETS <= len(octets) <= 1024:
        return octets
    length = (octets[2] << 8 | octets[3]) & 0xFC00 | len(octets) - 1
    return octets[:2] + length.to_bytes(2, "big") + octets[4:]


def fixed_length(octets: bytes, length: int) -> bytes:
    """Cut octets, or fill them up, so that they have the length of all frames of a channel."""
    return octets[:length].ljust(length, b"\x55")


def bch_parity(blocks: bytes) -> bytes:
    """Give the whole code blocks of some octets the right parity; what follows them stays."""
    whole = len(blocks) // BLOCK_OCTETS * BLOCK_OCTETS
    data = b"".join(blocks[at : at + BLOCK_DATA_OCTETS] for at in range(0, whole, BLOCK_OCTETS))
    return encode_blocks(data) + blocks[whole:]


def unit_bits(octets: bytes) -> bytes:
    """Set the length field, in bits, of an extended procedure."""
    length = 8 * (len(octets) - 3)
    return octets[:1] + length.to_bytes(2, "big") + octets[3:] if 0 <= length <= 0xFFFF else octets


def file_crc(octets: bytes, at: int) -> bytes:
    """Set the CRC-32 at ``at`` over everything else of a file."""
    if len(octets) < at + 4:
        return octets
    found = crc32(octets[at + 4 :], crc32(octets[:at]))
    return octets[:at] + found.to_bytes(4, "big") + octets[at + 4 :]
