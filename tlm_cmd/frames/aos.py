"""The AOS transfer frame (CCSDS 732.0-B-4, section 4.1)."""

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
from tlm_cmd.frames.header_error_control import CHECK_OCTETS, correct_header, header_check
from tlm_cmd.frames.security import Process, Protect, protected
from tlm_cmd.packets.crc import CRC_OCTETS

HEADER_OCTETS = 6
OCF_OCTETS = 4
VERSION = 1
MAX_FRAME_OCTETS = 2048
MAX_SPACECRAFT_ID = 0x3FF
MAX_VIRTUAL_CHANNEL = 63
IDLE_CHANNEL = 63
"""The virtual channel of frames that carry only idle data (4.1.2.3)."""
ALL_CHANNELS = frozenset(range(MAX_VIRTUAL_CHANNEL + 1))
COUNT_MODULO = 1 << 24
MAX_CYCLE = 15
EXTENDED_COUNT_MODULO = (MAX_CYCLE + 1) * COUNT_MODULO
"""Where the count of a channel wraps that uses the frame count cycle."""

_STRUCTURE = "AOS transfer frame"
_HEADER = struct.Struct(">HI")
_REPLAY_BIT = 0x80
_CYCLE_BIT = 0x40


class AosFormat(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The shape of all frames of a physical channel: managed parameters (section 5.1).

    Raises:
        FieldRangeError: the frames are too short for one octet of data, longer than 2048 octets, or a channel does
            not exist.
    """

    frame_octets: int
    header_error_control: bool = False
    """Whether the primary header ends with two octets of its own error control."""
    insert_zone_octets: int = 0
    ocf_channels: frozenset[int] = frozenset()
    """The virtual channels whose frames have an operational control field; `ALL_CHANNELS` if every one has it."""
    fecf: bool = True
    """Whether frames end with a frame error control field."""

    def __post_init__(self) -> None:
        check_range("insert zone octets", self.insert_zone_octets, 0, MAX_FRAME_OCTETS)
        for channel in sorted(self.ocf_channels):
            check_range("virtual channel", channel, 0, MAX_VIRTUAL_CHANNEL)
        shortest = self.data_offset + 1 + OCF_OCTETS * bool(self.ocf_channels) + CRC_OCTETS * self.fecf
        check_range("frame octets", self.frame_octets, shortest, MAX_FRAME_OCTETS)

    @property
    def data_offset(self) -> int:
        """Octets in front of the data, or of the security header in front of them."""
        return HEADER_OCTETS + CHECK_OCTETS * self.header_error_control + self.insert_zone_octets

    def max_data_octets(self, virtual_channel: int, *, security_octets: int = 0) -> int:
        """Length of the data of this channel's frames [octets]; they always fill the frame.

        ``virtual_channel`` is 0 to 63; ``security_octets`` is the length of security header and trailer together.
        """
        trailer = OCF_OCTETS * (virtual_channel in self.ocf_channels) + CRC_OCTETS * self.fecf
        return self.frame_octets - self.data_offset - security_octets - trailer


class AosFrame(msgspec.Struct, frozen=True, gc=False):
    """An AOS transfer frame, whatever its data are: see `tlm_cmd.frames.aos_data_units` for packets and bits.

    Raises:
        FieldRangeError: a field does not fit its bits, or there are no data.
        WrongValueError: the operational control field has a length other than 0 or 4.
    """

    spacecraft_id: int
    """0 to 255. Issue 5 of the standard makes it ten bits: values above 255 set the two bits that issue 4 keeps 0."""
    virtual_channel: int
    frame_count: int
    """Count of the virtual channel's frames, modulo 2^24."""
    data: bytes
    cycle: int | None = None
    """How often the count has wrapped, modulo 16; None if the channel does not use the frame count cycle."""
    replay: bool = False
    """Whether the frame comes out of a store."""
    insert_zone: bytes = b""
    ocf: bytes = b""
    """Operational control field: four octets, or none."""

    def __post_init__(self) -> None:
        check_range("spacecraft id", self.spacecraft_id, 0, MAX_SPACECRAFT_ID)
        check_range("virtual channel", self.virtual_channel, 0, MAX_VIRTUAL_CHANNEL)
        check_range("virtual channel frame count", self.frame_count, 0, COUNT_MODULO - 1)
        if self.cycle is not None:
            check_range("frame count cycle", self.cycle, 0, MAX_CYCLE)
        if len(self.ocf) not in (0, OCF_OCTETS):
            raise WrongValueError("operational control field octets", len(self.ocf), f"0 or {OCF_OCTETS}")
        check_range("frame data octets", len(self.data), 1, MAX_FRAME_OCTETS - HEADER_OCTETS)

    @property
    def extended_count(self) -> int:
        """The frame count with its cycle in front, if there is one: modulo 2^28, else modulo 2^24."""
        return (self.cycle or 0) * COUNT_MODULO + self.frame_count

    def pack(self, shape: AosFormat, protect: Protect | None = None, *, security_octets: int = 0) -> bytes:
        """Return the octets of the frame.

        Args:
            shape: of the frames of the physical channel.
            protect: adds security header and trailer to the data, see `tlm_cmd.frames.security`.
            security_octets: the length of both together.

        Raises:
            LengthMismatchError: data or insert zone do not fill the room there is for them, or ``protect`` adds
                another number of octets.
            WrongValueError: an operational control field where the channel has none, or none where it has one.
        """
        if bool(self.ocf) != (self.virtual_channel in shape.ocf_channels):
            expected = "four octets" if self.virtual_channel in shape.ocf_channels else "none"
            raise WrongValueError("operational control field", self.ocf, expected)
        if len(self.insert_zone) != shape.insert_zone_octets:
            raise LengthMismatchError("insert zone", shape.insert_zone_octets, len(self.insert_zone))
        room = shape.max_data_octets(self.virtual_channel, security_octets=security_octets)
        if len(self.data) != room:
            raise LengthMismatchError("frame data", room, len(self.data))
        header = self._pack_header()
        if shape.header_error_control:
            header += header_check(header).to_bytes(CHECK_OCTETS, "big")
        data = self.data
        if protect is not None:
            data = protected(protect, header + self.insert_zone, data, security_octets)
        frame = b"".join((header, self.insert_zone, data, self.ocf))
        return append_error_control(frame) if shape.fecf else frame

    def _pack_header(self) -> bytes:
        signalling = _REPLAY_BIT * self.replay | self.spacecraft_id >> 8 << 4
        if self.cycle is not None:
            signalling |= _CYCLE_BIT | self.cycle
        first = VERSION << 14 | (self.spacecraft_id & 0xFF) << 6 | self.virtual_channel
        return _HEADER.pack(first, self.frame_count << 8 | signalling)

    @classmethod
    def unpack(
        cls,
        octets: bytes,
        shape: AosFormat,
        *,
        spacecraft_id: int | None = None,
        process: Process | None = None,
    ) -> Self:
        """Read a frame and verify it.

        Up to two wrong symbols of the header are corrected before anything else is done, if the header has an error
        control of its own. The spacecraft id is compared if one is given. ``process`` verifies and removes security
        header and trailer. The checks stand in the order of the errors below.

        Raises:
            LengthMismatchError: the octets are not as many as the channel's frames have.
            ChecksumError: the header cannot be corrected, or the frame error control field is wrong.
            WrongVersionError: the transfer frame version number is not 1.
            WrongSpacecraftError: the frame comes from another spacecraft.
            WrongValueError: a frame count cycle although the channel does not use it.
            ProtocolError: whatever ``process`` finds wrong.
        """
        if len(octets) != shape.frame_octets:
            raise LengthMismatchError(_STRUCTURE, shape.frame_octets, len(octets))
        if shape.header_error_control:
            header, wrong = correct_header(octets)
            if wrong:
                octets = header + octets[len(header) :]
        if shape.fecf:
            check_error_control(_STRUCTURE, octets)
        first, second = _HEADER.unpack_from(octets)
        if first >> 14 != VERSION:
            raise WrongVersionError("transfer frame version", first >> 14, VERSION)
        spacecraft = (second & 0x30) << 4 | first >> 6 & 0xFF
        if spacecraft_id is not None and spacecraft != spacecraft_id:
            raise WrongSpacecraftError("spacecraft id", spacecraft, spacecraft_id)
        if second & _CYCLE_BIT == 0 and second & MAX_CYCLE:
            raise WrongValueError("frame count cycle", second & MAX_CYCLE, "0 where it is not used")
        channel = first & 0x3F
        start, end = shape.data_offset, shape.frame_octets - CRC_OCTETS * shape.fecf
        ocf_start = end - OCF_OCTETS * (channel in shape.ocf_channels)
        data = octets[start:ocf_start]
        if process is not None:
            data = process(octets[:start], data)
        return cls(
            spacecraft,
            channel,
            second >> 8,
            data,
            second & MAX_CYCLE if second & _CYCLE_BIT else None,
            bool(second & _REPLAY_BIT),
            octets[start - shape.insert_zone_octets : start],
            octets[ocf_start:end],
        )


def declared_virtual_channel(octets: bytes) -> int:
    """Return the virtual channel in a frame's header, to choose what reads it; nothing is verified.

    Raises:
        TooShortError: there is no whole header.
    """
    if len(octets) < HEADER_OCTETS:
        raise TooShortError("AOS transfer frame header", HEADER_OCTETS, len(octets))
    return octets[1] & 0x3F
