"""The TC transfer frame (CCSDS 232.0-B-4, section 4.1)."""

import struct
from enum import IntEnum, unique
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
from tlm_cmd.frames.security import Process, Protect, protected
from tlm_cmd.packets.crc import CRC_OCTETS

HEADER_OCTETS = 5
MAX_FRAME_OCTETS = 1024
MAX_SPACECRAFT_ID = 0x3FF
MAX_VIRTUAL_CHANNEL = 63
MAX_MAP_ID = 63
UNLOCK = b"\x00"
"""The data of a control frame that ends a lockout (4.1.3.3.2)."""
SET_VR = b"\x82\x00"
"""The data of a control frame that sets the receiver's V(R), before the octet with its value (4.1.3.3.3)."""

_HEADER = struct.Struct(">HHB")
_STRUCTURE = "TC transfer frame"


@unique
class TcFrameType(IntEnum):
    """Service and content of a frame: the bypass flag and the control command flag."""

    AD = 0
    """Data, accepted in sequence only."""
    BD = 2
    """Data that bypasses the sequence check."""
    BC = 3
    """A control command to the receiver itself."""


@unique
class SegmentFlags(IntEnum):
    """Which part of a service data unit a frame holds; ``WHOLE`` may also be several units."""

    MIDDLE = 0
    FIRST = 1
    LAST = 2
    WHOLE = 3


_TYPES = (TcFrameType.AD, None, TcFrameType.BD, TcFrameType.BC)
_SEGMENT_FLAGS = (SegmentFlags.MIDDLE, SegmentFlags.FIRST, SegmentFlags.LAST, SegmentFlags.WHOLE)


class SegmentHeader(msgspec.Struct, frozen=True, gc=False):
    """One octet in front of the data of AD and BD frames, where the virtual channel uses it (4.1.3.2.2).

    Raises:
        FieldRangeError: the MAP identifier is not in 0 to 63.
    """

    flags: SegmentFlags
    map_id: int

    def __post_init__(self) -> None:
        check_range("MAP id", self.map_id, 0, MAX_MAP_ID)

    def pack(self) -> bytes:
        """Return the octet."""
        return bytes([self.flags << 6 | self.map_id])

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the header from the first octet.

        Raises:
            TooShortError: there is none.
        """
        if not octets:
            raise TooShortError("segment header", 1, 0)
        return cls(_SEGMENT_FLAGS[octets[0] >> 6], octets[0] & 0x3F)


class TcFrame(msgspec.Struct, frozen=True, gc=False):
    """A TC transfer frame.

    ``data`` is what follows the segment header, or the header if there is none; it is never empty.
    The sequence number, N(S), is that of AD frames; in BD and BC frames it is 0.

    Raises:
        FieldRangeError: a field does not fit its bits, or the frame would be longer than 1024 octets.
        WrongValueError: a sequence number in a BD or BC frame, or a segment header in a BC frame.
    """

    frame_type: TcFrameType
    spacecraft_id: int
    virtual_channel: int
    data: bytes
    sequence_number: int = 0
    segment: SegmentHeader | None = None

    def __post_init__(self) -> None:
        check_range("spacecraft id", self.spacecraft_id, 0, MAX_SPACECRAFT_ID)
        check_range("virtual channel", self.virtual_channel, 0, MAX_VIRTUAL_CHANNEL)
        check_range("frame sequence number", self.sequence_number, 0, 255)
        room = max_data_octets(segment_header=self.segment is not None, fecf=False)
        check_range("frame data octets", len(self.data), 1, room)
        if self.sequence_number and self.frame_type is not TcFrameType.AD:
            raise WrongValueError("frame sequence number", self.sequence_number, f"0 in {self.frame_type.name} frames")
        if self.segment is not None and self.frame_type is TcFrameType.BC:
            raise WrongValueError("segment header", self.segment, "none in BC frames")

    def pack(self, protect: Protect | None = None, *, security_octets: int = 0, fecf: bool = True) -> bytes:
        """Return the octets of the frame, error control included if ``fecf``.

        Args:
            protect: adds security header and trailer to the data, see `tlm_cmd.frames.security`; the length field
                counts them.
            security_octets: the length of both together.
            fecf: whether the physical channel has a frame error control field, a managed parameter.

        Raises:
            FieldRangeError: the frame would be longer than 1024 octets.
            LengthMismatchError: ``protect`` adds another number of octets.
        """
        segment = b"" if self.segment is None else self.segment.pack()
        added = 0 if protect is None else security_octets
        length = HEADER_OCTETS + len(segment) + len(self.data) + added + CRC_OCTETS * fecf
        if length > MAX_FRAME_OCTETS:
            check_range("frame octets", length, 1, MAX_FRAME_OCTETS)
        first = self.frame_type << 12 | self.spacecraft_id
        header = _HEADER.pack(first, self.virtual_channel << 10 | length - 1, self.sequence_number) + segment
        data = self.data if protect is None else protected(protect, header, self.data, security_octets)
        return append_error_control(header + data) if fecf else header + data

    @classmethod
    def unpack(
        cls,
        octets: bytes,
        *,
        segment_header: bool = False,
        spacecraft_id: int | None = None,
        fecf: bool = True,
        process: Process | None = None,
    ) -> Self:
        """Read a frame and verify it; ``octets`` must be the frame and nothing else.

        Whether there is a segment header is a managed parameter of the virtual channel, whether there is a frame
        error control field one of the physical channel. The spacecraft id is compared if one is given. ``process``
        verifies and removes security header and trailer; it is not asked about control frames (BC), which have none.
        The checks stand in the order of the errors below: when the error control is wrong, no
        other field can be believed.

        Raises:
            TooShortError: fewer octets than the shortest frame has.
            LengthMismatchError: the length field does not fit the octets given.
            ChecksumError: the frame error control field is wrong.
            WrongVersionError: the transfer frame version number is not 0.
            WrongSpacecraftError: the frame is for another spacecraft.
            WrongValueError: an illegal combination of flags, a spare bit or a sequence number that is not 0.
            ProtocolError: whatever ``process`` finds wrong.
        """
        found = len(octets)
        end = found - CRC_OCTETS * fecf
        if end <= HEADER_OCTETS:
            raise TooShortError(_STRUCTURE, HEADER_OCTETS + 1 + CRC_OCTETS * fecf, found)
        first, second, sequence_number = _HEADER.unpack_from(octets)
        if (second & 0x3FF) + 1 != found:
            raise LengthMismatchError(_STRUCTURE, (second & 0x3FF) + 1, found)
        if fecf:
            check_error_control(_STRUCTURE, octets)
        frame_type = _frame_type(first, spacecraft_id)
        start, segment = HEADER_OCTETS, None
        if segment_header and frame_type is not TcFrameType.BC:
            if end == HEADER_OCTETS + 1:
                raise TooShortError("TC transfer frame with segment header", found + 1, found)
            start, segment = HEADER_OCTETS + 1, SegmentHeader.unpack(octets[HEADER_OCTETS:])
        data = octets[start:end]
        if process is not None and frame_type is not TcFrameType.BC:
            data = process(octets[:start], data)
        return cls(frame_type, first & 0x3FF, second >> 10, data, sequence_number, segment)


def _frame_type(first: int, spacecraft_id: int | None) -> TcFrameType:
    """Check the first two octets of a header and return the type that their flags make.

    Raises:
        WrongVersionError: the version is not 0.
        WrongSpacecraftError: the frame is for another spacecraft.
        WrongValueError: the flags make no type (bypass 0 with control command 1 is reserved), or spare bits are set.
    """
    if first >> 14:
        raise WrongVersionError("transfer frame version", first >> 14, 0)
    if spacecraft_id is not None and first & 0x3FF != spacecraft_id:
        raise WrongSpacecraftError("spacecraft id", first & 0x3FF, spacecraft_id)
    frame_type = _TYPES[first >> 12 & 3]
    if frame_type is None:
        raise WrongValueError("bypass and control command flags", 1, "0, 2 or 3")
    if first & 0xC00:
        raise WrongValueError("reserved spare bits", first >> 10 & 3, 0)
    return frame_type


def max_data_octets(
    frame_octets: int = MAX_FRAME_OCTETS,
    *,
    segment_header: bool = False,
    fecf: bool = True,
    security_octets: int = 0,
) -> int:
    """Longest data of a frame of at most ``frame_octets`` octets.

    ``security_octets`` is the length of security header and trailer together; 0 if there are none.
    """
    return frame_octets - HEADER_OCTETS - segment_header - security_octets - CRC_OCTETS * fecf


def declared_frame_octets(octets: bytes) -> int:
    """Length of the whole frame as its header declares it: what a decoder keeps before it drops the fill.

    Raises:
        TooShortError: the length field is not there.
    """
    if len(octets) < HEADER_OCTETS:
        raise TooShortError("TC transfer frame header", HEADER_OCTETS, len(octets))
    return (int.from_bytes(octets[2:4], "big") & 0x3FF) + 1


def declared_virtual_channel(octets: bytes) -> int:
    """Return the virtual channel in a frame's header, to choose what reads it; nothing is verified.

    Raises:
        TooShortError: there is no whole header.
    """
    if len(octets) < HEADER_OCTETS:
        raise TooShortError("TC transfer frame header", HEADER_OCTETS, len(octets))
    return octets[2] >> 2


def control_value(frame: TcFrame) -> int | None:
    """Return what a control frame asks for: None to unlock, 0 to 255 to set V(R) to it.

    Raises:
        WrongValueError: the frame is no control frame, or asks for something else.
    """
    if frame.frame_type is TcFrameType.BC:
        if frame.data == UNLOCK:
            return None
        if len(frame.data) == len(SET_VR) + 1 and frame.data.startswith(SET_VR):
            return frame.data[-1]
    raise WrongValueError("control command", frame.data.hex(), "00 or 8200nn in a BC frame")
