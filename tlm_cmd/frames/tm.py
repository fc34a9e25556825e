"""The TM transfer frame (CCSDS 132.0-B-3, section 4.1), carrying packets."""

import struct
from typing import Self

import msgspec

from tlm_cmd.errors import (
    ChecksumError,
    LengthMismatchError,
    TooShortError,
    WrongSpacecraftError,
    WrongValueError,
    WrongVersionError,
    check_range,
)
from tlm_cmd.packets.crc import CRC_OCTETS, crc16

HEADER_OCTETS = 6
OCF_OCTETS = 4
MAX_FRAME_OCTETS = 2048
MIN_FRAME_OCTETS = HEADER_OCTETS + 1 + OCF_OCTETS + CRC_OCTETS
"""Shortest managed frame length: one octet of data."""
MAX_SPACECRAFT_ID = 0x3FF
MAX_VIRTUAL_CHANNEL = 7
COUNT_MODULO = 256
NO_PACKET_START = 0x7FF
"""First header pointer of a frame in which no packet starts."""
ONLY_IDLE_DATA = 0x7FE
"""First header pointer of a frame that carries no packets at all."""

_HEADER = struct.Struct(">HBBH")
_STRUCTURE = "TM transfer frame"
# No secondary header, packets (synchronisation flag 0), packet order 0, segment length id 11: 4.1.2.7.
_DATA_FIELD_STATUS = 0x1800


class TmFrame(msgspec.Struct, frozen=True, gc=False):
    """A TM transfer frame without secondary header; it always ends with a frame error control field.

    ``data`` holds the octets of packets, and the first header pointer the place in it where the first packet
    starts, or `NO_PACKET_START`, or `ONLY_IDLE_DATA`. ``ocf`` is the operational control field: four octets,
    or none.

    Raises:
        FieldRangeError: a field does not fit its bits, the first header pointer points behind the data, or the
            frame would be longer than 2048 octets.
        WrongValueError: the operational control field has a length other than 0 or 4.
    """

    spacecraft_id: int
    virtual_channel: int
    master_channel_count: int
    virtual_channel_count: int
    first_header_pointer: int
    data: bytes
    ocf: bytes = b""

    def __post_init__(self) -> None:
        check_range("spacecraft id", self.spacecraft_id, 0, MAX_SPACECRAFT_ID)
        check_range("virtual channel", self.virtual_channel, 0, MAX_VIRTUAL_CHANNEL)
        check_range("master channel frame count", self.master_channel_count, 0, COUNT_MODULO - 1)
        check_range("virtual channel frame count", self.virtual_channel_count, 0, COUNT_MODULO - 1)
        if len(self.ocf) not in (0, OCF_OCTETS):
            raise WrongValueError("operational control field octets", len(self.ocf), f"0 or {OCF_OCTETS}")
        check_range("frame data octets", len(self.data), 1, max_data_octets(ocf=bool(self.ocf)))
        if self.first_header_pointer not in (NO_PACKET_START, ONLY_IDLE_DATA):
            check_range("first header pointer", self.first_header_pointer, 0, len(self.data) - 1)

    def pack(self) -> bytes:
        """Return the octets of the frame, error control included."""
        header = _HEADER.pack(
            self.spacecraft_id << 4 | self.virtual_channel << 1 | bool(self.ocf),
            self.master_channel_count,
            self.virtual_channel_count,
            _DATA_FIELD_STATUS | self.first_header_pointer,
        )
        frame = b"".join((header, self.data, self.ocf))
        return frame + crc16(frame).to_bytes(CRC_OCTETS, "big")

    @classmethod
    def unpack(cls, octets: bytes, frame_octets: int, *, spacecraft_id: int | None = None) -> Self:
        """Read a frame and verify it.

        Every frame of a physical channel has ``frame_octets`` octets, a managed parameter. The spacecraft id is
        compared if one is given. The checks stand in the order of the errors below: when the error control is
        wrong, no other field can be believed.

        Raises:
            TooShortError: fewer octets than a header, one octet of data and the error control.
            LengthMismatchError: the octets are not as many as the channel's frames have.
            ChecksumError: the frame error control field is wrong.
            WrongVersionError: the transfer frame version number is not 0.
            WrongSpacecraftError: the frame comes from another spacecraft.
            WrongValueError: a secondary header, or data that are not packets.
            FieldRangeError: the first header pointer points behind the data.
        """
        found = len(octets)
        if found < HEADER_OCTETS + 1 + CRC_OCTETS:
            raise TooShortError(_STRUCTURE, HEADER_OCTETS + 1 + CRC_OCTETS, found)
        if found != frame_octets:
            raise LengthMismatchError(_STRUCTURE, frame_octets, found)
        if crc16(octets):
            trailer = int.from_bytes(octets[-CRC_OCTETS:], "big")
            raise ChecksumError(_STRUCTURE, crc16(octets[:-CRC_OCTETS]), trailer)
        first, master_count, virtual_count, status = _HEADER.unpack_from(octets)
        if first >> 14:
            raise WrongVersionError("transfer frame version", first >> 14, 0)
        if spacecraft_id is not None and first >> 4 != spacecraft_id:
            raise WrongSpacecraftError("spacecraft id", first >> 4, spacecraft_id)
        if status & 0xF800 != _DATA_FIELD_STATUS:
            raise WrongValueError("secondary header, sync, order and segment bits", status >> 11, "3 (packets)")
        end = found - CRC_OCTETS
        ocf = b""
        if first & 1:
            end -= OCF_OCTETS
            ocf = octets[end:-CRC_OCTETS]
        if end <= HEADER_OCTETS:
            raise TooShortError("TM transfer frame with operational control field", MIN_FRAME_OCTETS, found)
        pointer = status & 0x7FF
        return cls(first >> 4, first >> 1 & 7, master_count, virtual_count, pointer, octets[HEADER_OCTETS:end], ocf)


def max_data_octets(frame_octets: int = MAX_FRAME_OCTETS, *, ocf: bool) -> int:
    """Length of the data of a frame of ``frame_octets`` octets."""
    return frame_octets - HEADER_OCTETS - CRC_OCTETS - (OCF_OCTETS if ocf else 0)
