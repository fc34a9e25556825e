"""The TM transfer frame (CCSDS 132.0-B-3, section 4.1), carrying packets."""

import struct
from typing import Self

import msgspec

from tlm_cmd.errors import (
    LengthMismatchError,
    TooShortError,
    WrongSpacecraftError,
    WrongValueError,
    WrongVersionError,
    check_range,
)
from tlm_cmd.frames.error_control import append_error_control, check_error_control
from tlm_cmd.frames.pointers import check_pointer
from tlm_cmd.frames.security import Process, Protect, protected
from tlm_cmd.packets.crc import CRC_OCTETS

HEADER_OCTETS = 6
OCF_OCTETS = 4
MAX_FRAME_OCTETS = 2048
MIN_FRAME_OCTETS = HEADER_OCTETS + 1 + OCF_OCTETS + CRC_OCTETS
"""Shortest managed frame length: one octet of data."""
MAX_SPACECRAFT_ID = 0x3FF
MAX_VIRTUAL_CHANNEL = 7
COUNT_MODULO = 256
MAX_SECONDARY_HEADER_OCTETS = 63
"""Longest content of a secondary header; with its identification octet it has 64 (4.1.3)."""

_HEADER = struct.Struct(">HBBH")
_STRUCTURE = "TM transfer frame"
_SECONDARY_HEADER_FLAG = 0x8000
# Packets (synchronisation flag 0), packet order 0, segment length id 11: 4.1.2.7.
_DATA_FIELD_STATUS = 0x1800


class TmFrame(msgspec.Struct, frozen=True, gc=False):
    """A TM transfer frame that carries packets.

    ``data`` holds the octets of packets, and the first header pointer the place in it where the first packet
    starts, or `NO_PACKET_START`, or `ONLY_IDLE_DATA` (`tlm_cmd.frames.pointers`). ``ocf`` is the operational control
    field: four octets, or none. ``secondary_header`` is the content of a secondary header, without the octet that
    identifies it; none if it is empty.

    Raises:
        FieldRangeError: a field does not fit its bits, the first header pointer points behind the data, the
            secondary header is too long, or the frame would be longer than 2048 octets.
        WrongValueError: the operational control field has a length other than 0 or 4.
    """

    spacecraft_id: int
    virtual_channel: int
    master_channel_count: int
    virtual_channel_count: int
    first_header_pointer: int
    data: bytes
    ocf: bytes = b""
    secondary_header: bytes = b""

    def __post_init__(self) -> None:
        check_range("spacecraft id", self.spacecraft_id, 0, MAX_SPACECRAFT_ID)
        check_range("virtual channel", self.virtual_channel, 0, MAX_VIRTUAL_CHANNEL)
        check_range("master channel frame count", self.master_channel_count, 0, COUNT_MODULO - 1)
        check_range("virtual channel frame count", self.virtual_channel_count, 0, COUNT_MODULO - 1)
        if len(self.ocf) not in (0, OCF_OCTETS):
            raise WrongValueError("operational control field octets", len(self.ocf), f"0 or {OCF_OCTETS}")
        if self.secondary_header:
            check_range("secondary header octets", len(self.secondary_header), 1, MAX_SECONDARY_HEADER_OCTETS)
        room = max_data_octets(ocf=bool(self.ocf), fecf=False, secondary_header_octets=len(self.secondary_header))
        check_range("frame data octets", len(self.data), 1, room)
        check_pointer(self.first_header_pointer, len(self.data))

    def pack(self, protect: Protect | None = None, *, security_octets: int = 0, fecf: bool = True) -> bytes:
        """Return the octets of the frame, error control included if ``fecf``.

        Args:
            protect: adds security header and trailer to the data, see `tlm_cmd.frames.security`.
            security_octets: the length of both together.
            fecf: whether the physical channel has a frame error control field, a managed parameter.

        Raises:
            FieldRangeError: all together are longer than 2048 octets.
            LengthMismatchError: ``protect`` adds another number of octets.
        """
        status = _DATA_FIELD_STATUS | self.first_header_pointer
        secondary = b""
        if self.secondary_header:
            status |= _SECONDARY_HEADER_FLAG
            secondary = bytes([len(self.secondary_header)]) + self.secondary_header
        header = _HEADER.pack(
            self.spacecraft_id << 4 | self.virtual_channel << 1 | bool(self.ocf),
            self.master_channel_count,
            self.virtual_channel_count,
            status,
        )
        data = self.data
        if protect is not None:
            header, secondary = header + secondary, b""
            data = protected(protect, header, data, security_octets)
        frame = b"".join((header, secondary, data, self.ocf))
        if len(frame) > MAX_FRAME_OCTETS - CRC_OCTETS:
            check_range("frame octets", len(frame) + CRC_OCTETS * fecf, MIN_FRAME_OCTETS, MAX_FRAME_OCTETS)
        return append_error_control(frame) if fecf else frame

    @classmethod
    def unpack(
        cls,
        octets: bytes,
        frame_octets: int,
        *,
        spacecraft_id: int | None = None,
        fecf: bool = True,
        process: Process | None = None,
    ) -> Self:
        """Read a frame and verify it.

        Every frame of a physical channel has ``frame_octets`` octets, a managed parameter. The spacecraft id is
        compared if one is given. ``process`` verifies and removes security header and trailer. The checks stand in
        the order of the errors below: when the error control is wrong, no other field can be believed.

        Raises:
            TooShortError: fewer octets than the headers, one octet of data and the fields behind them.
            LengthMismatchError: the octets are not as many as the channel's frames have.
            ChecksumError: the frame error control field is wrong.
            WrongVersionError: the transfer frame version number is not 0, or that of the secondary header.
            WrongSpacecraftError: the frame comes from another spacecraft.
            WrongValueError: data that are not packets.
            ProtocolError: whatever ``process`` finds wrong.
            FieldRangeError: an empty secondary header, or a first header pointer that points behind the data.
        """
        found = len(octets)
        end = found - CRC_OCTETS * fecf
        if end <= HEADER_OCTETS:
            raise TooShortError(_STRUCTURE, HEADER_OCTETS + 1 + CRC_OCTETS * fecf, found)
        if found != frame_octets:
            raise LengthMismatchError(_STRUCTURE, frame_octets, found)
        if fecf:
            check_error_control(_STRUCTURE, octets)
        first, master_count, virtual_count, status = _HEADER.unpack_from(octets)
        if first >> 14:
            raise WrongVersionError("transfer frame version", first >> 14, 0)
        if spacecraft_id is not None and first >> 4 != spacecraft_id:
            raise WrongSpacecraftError("spacecraft id", first >> 4, spacecraft_id)
        if status & 0x7800 != _DATA_FIELD_STATUS:
            raise WrongValueError("sync, order and segment bits", status >> 11 & 15, "3 (packets)")
        ocf_start = end - OCF_OCTETS if first & 1 else end
        if ocf_start <= HEADER_OCTETS:
            needed = found + HEADER_OCTETS + 1 - ocf_start
            raise TooShortError("TM transfer frame with operational control field", needed, found)
        start, secondary = HEADER_OCTETS, b""
        if status & _SECONDARY_HEADER_FLAG:
            secondary = _secondary_header(octets, ocf_start)
            start += 1 + len(secondary)
        data = octets[start:ocf_start]
        if process is not None:
            data = process(octets[:start], data)
        ocf = octets[ocf_start:end]
        return cls(first >> 4, first >> 1 & 7, master_count, virtual_count, status & 0x7FF, data, ocf, secondary)


def _secondary_header(octets: bytes, end: int) -> bytes:
    """Return the content of the secondary header behind the primary one; data must follow it before ``end``.

    Raises:
        WrongVersionError: the secondary header version is not 0.
        FieldRangeError: its length is out of range.
        TooShortError: no octet of data follows it.
    """
    identification = octets[HEADER_OCTETS]
    if identification >> 6:
        raise WrongVersionError("secondary header version", identification >> 6, 0)
    check_range("secondary header octets", identification, 1, MAX_SECONDARY_HEADER_OCTETS)
    start = HEADER_OCTETS + 1
    if start + identification >= end:
        needed = len(octets) + start + identification + 1 - end
        raise TooShortError("TM transfer frame with secondary header", needed, len(octets))
    return octets[start : start + identification]


def max_data_octets(
    frame_octets: int = MAX_FRAME_OCTETS,
    *,
    ocf: bool,
    fecf: bool = True,
    secondary_header_octets: int = 0,
    security_octets: int = 0,
) -> int:
    """Length of the data of a frame of ``frame_octets`` octets.

    ``secondary_header_octets`` is the length of what a secondary header holds, ``security_octets`` that of security
    header and trailer together; 0 if there are none.
    """
    secondary = secondary_header_octets + 1 if secondary_header_octets else 0
    return frame_octets - HEADER_OCTETS - secondary - security_octets - OCF_OCTETS * ocf - CRC_OCTETS * fecf


def declared_virtual_channel(octets: bytes) -> int:
    """Return the virtual channel in a frame's header, to choose what reads it; nothing is verified.

    Raises:
        TooShortError: there is no whole header.
    """
    if len(octets) < HEADER_OCTETS:
        raise TooShortError("TM transfer frame header", HEADER_OCTETS, len(octets))
    return octets[1] >> 1 & 7
