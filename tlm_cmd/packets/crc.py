"""Error-detecting codes of packets, frames and files.

CRC-16 stands in frames (CCSDS 132.0-B-3, 4.1.6; 732.0-B-4, 4.1.6; 232.0-B-4, 4.1.4) and PUS packets (ECSS-E-ST-70-41C,
annex B), the others in files (CCSDS 727.0-B-5, 4.2) and in commands of cFS.
"""

import binascii
import zlib

import crcmod
import crcmod.predefined

CRC_OCTETS = 2
"""Length of the packet error control and of the frame error control field."""

# The generator x^8 + 1 makes the remainder the XOR of all octets, so that the compiled CRC loop computes it.
_fold = crcmod.mkCrcFun(0x101, initCrc=0xFF, rev=False, xorOut=0)
_castagnoli = crcmod.predefined.mkPredefinedCrcFun("crc-32c")
_proximity = crcmod.mkCrcFun(0x1_00A0_0805, initCrc=0, rev=False, xorOut=0)


def crc16(data: bytes, start: int = 0xFFFF) -> int:
    """CRC-16 CCITT-FALSE: generator 0x1021, not reflected, no final XOR (CCSDS 132.0-B-3, 4.1.6; 232.0-B-4, 4.1.4).

    Over data followed by its own CRC it is 0. ``start`` is the value of an earlier call, to continue it.
    """
    return binascii.crc_hqx(data, start)


def crc32(data: bytes, start: int = 0) -> int:
    """CRC-32 of IEEE 802.3 (CCSDS 727.0-B-5, checksum type 3); ``start`` is the value of an earlier call."""
    return zlib.crc32(data, start)


def crc32c(data: bytes, start: int = 0) -> int:
    """CRC-32C, Castagnoli (CCSDS 727.0-B-5, checksum type 2); ``start`` is the value of an earlier call."""
    return int(_castagnoli(data, start))


def crc32_proximity(data: bytes, start: int = 0) -> int:
    """CRC-32 of Proximity-1 links: generator 0x00A00805, not reflected, no final XOR (CCSDS 211.2-B-3, annex C).

    In file delivery it is checksum type 1 (CCSDS 727.0-B-5). ``start`` is the value of an earlier call.
    """
    return int(_proximity(data, start))


def xor8(data: bytes) -> int:
    """XOR of all octets and 0xFF: the checksum of cFS commands, 0 over a command that contains its own."""
    return int(_fold(data))
