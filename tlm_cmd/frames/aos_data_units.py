"""What the data field of an AOS frame holds: packets or a stream of bits (CCSDS 732.0-B-4, 4.1.4.2 and 4.1.4.3)."""

from typing import Self

import msgspec

from tlm_cmd.errors import FieldRangeError, TooShortError, WrongValueError, check_range
from tlm_cmd.frames.pointers import check_pointer
from tlm_cmd.packets.spacepacket import IDLE_OCTET

DATA_UNIT_HEADER_OCTETS = 2

_POINTER_BITS = 0x7FF
_BITSTREAM_POINTER_BITS = 0x3FFF
_ALL_BITS_VALID = 0x3FFF
_ONLY_IDLE_BITS = 0x3FFE


class Mpdu(msgspec.Struct, frozen=True, gc=False):
    """Multiplexing protocol data unit: a piece of a stream of packets, and where in it a packet starts.

    Raises:
        FieldRangeError: the packet zone is empty, or the first header pointer points behind it.
    """

    first_header_pointer: int
    packet_zone: bytes

    def __post_init__(self) -> None:
        if not self.packet_zone:
            raise FieldRangeError("packet zone octets", 0, 1, "the data of the frame")
        check_pointer(self.first_header_pointer, len(self.packet_zone))

    def pack(self) -> bytes:
        """Return the header of two octets and the packet zone."""
        return self.first_header_pointer.to_bytes(DATA_UNIT_HEADER_OCTETS, "big") + self.packet_zone

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read the data of a frame.

        Raises:
            TooShortError: nothing stands behind the header.
            WrongValueError: a spare bit is set.
            FieldRangeError: the first header pointer points behind the packet zone.
        """
        header = _data_unit_header("M_PDU", data)
        if header > _POINTER_BITS:
            raise WrongValueError("M_PDU spare bits", header >> 11, 0)
        return cls(header, data[DATA_UNIT_HEADER_OCTETS:])


class Bpdu(msgspec.Struct, frozen=True, gc=False):
    """Bitstream protocol data unit: the first ``valid_bits`` bits of the zone are the user's, the rest is idle.

    Raises:
        FieldRangeError: the zone is empty or has not so many bits, or more idle bits than the pointer can express.
    """

    bitstream_zone: bytes
    valid_bits: int

    def __post_init__(self) -> None:
        if not self.bitstream_zone:
            raise FieldRangeError("bitstream zone octets", 0, 1, "the data of the frame")
        check_range("valid bits", self.valid_bits, 0, 8 * len(self.bitstream_zone))
        if self.valid_bits < 8 * len(self.bitstream_zone):
            check_range("valid bits before idle ones", self.valid_bits, 0, _ONLY_IDLE_BITS)

    @classmethod
    def filled(cls, bits: bytes, valid_bits: int, zone_octets: int) -> Self:
        """Return a unit that holds the first ``valid_bits`` of ``bits`` and is filled up to ``zone_octets``.

        Raises:
            FieldRangeError: there are not so many bits, or no room for them.
        """
        check_range("valid bits", valid_bits, 0, 8 * min(len(bits), zone_octets))
        whole, part = divmod(valid_bits, 8)
        zone = bits[:whole]
        if part:
            mask = 0xFF00 >> part & 0xFF
            zone += bytes([bits[whole] & mask | IDLE_OCTET[0] & ~mask])
        return cls(zone + IDLE_OCTET * (zone_octets - len(zone)), valid_bits)

    def pack(self) -> bytes:
        """Return the header of two octets and the bitstream zone."""
        if self.valid_bits == 8 * len(self.bitstream_zone):
            pointer = _ALL_BITS_VALID
        else:
            pointer = self.valid_bits - 1 if self.valid_bits else _ONLY_IDLE_BITS
        return pointer.to_bytes(DATA_UNIT_HEADER_OCTETS, "big") + self.bitstream_zone

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read the data of a frame.

        Raises:
            TooShortError: nothing stands behind the header.
            WrongValueError: a spare bit is set.
            FieldRangeError: the bitstream data pointer points behind the zone.
        """
        header = _data_unit_header("B_PDU", data)
        if header > _BITSTREAM_POINTER_BITS:
            raise WrongValueError("B_PDU spare bits", header >> 14, 0)
        zone = data[DATA_UNIT_HEADER_OCTETS:]
        if header == _ONLY_IDLE_BITS:
            return cls(zone, 0)
        if header == _ALL_BITS_VALID:
            return cls(zone, 8 * len(zone))
        check_range("bitstream data pointer", header, 0, 8 * len(zone) - 1)
        return cls(zone, header + 1)


def _data_unit_header(structure: str, data: bytes) -> int:
    """Return the two octets in front of a zone that is not empty.

    Raises:
        TooShortError: nothing stands behind them, or not even they are there.
    """
    if len(data) <= DATA_UNIT_HEADER_OCTETS:
        raise TooShortError(structure, DATA_UNIT_HEADER_OCTETS + 1, len(data))
    return data[0] << 8 | data[1]
