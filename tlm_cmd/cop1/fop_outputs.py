"""What FOP-1 hands to lower and to higher procedures: frames, answers, notices (CCSDS 232.1-B-2, section 3)."""

import msgspec

from tlm_cmd.cop1.fop_vocabulary import AlertCode, Answer, Directive
from tlm_cmd.errors import check_range
from tlm_cmd.frames.tc import SegmentHeader, TcFrame, TcFrameType, max_data_octets


class FrameDataUnit(msgspec.Struct, frozen=True, gc=False):
    """The content of one TC frame (FDU): its data and, where the channel has them, its segment header.

    ``tag`` is the caller's name for it and comes back with every answer.

    Raises:
        FieldRangeError: the data is empty, or fits no frame.
    """

    data: bytes
    segment: SegmentHeader | None = None
    tag: int = 0

    def __post_init__(self) -> None:
        check_range("frame data octets", len(self.data), 1, max_data_octets(segment_header=self.segment is not None))


class TransmitFrame(msgspec.Struct, frozen=True, gc=False):
    """Transmit Request for Frame: send this now, or answer later that it was accepted or rejected."""

    frame_type: TcFrameType
    sequence_number: int
    """N(S) of AD frames, else 0."""
    unit: FrameDataUnit
    is_retransmission: bool = False

    def frame(self, spacecraft_id: int, virtual_channel: int) -> TcFrame:
        """Return the frame.

        Raises:
            FieldRangeError: the spacecraft or the virtual channel does not exist.
        """
        return TcFrame(
            frame_type=self.frame_type,
            spacecraft_id=spacecraft_id,
            virtual_channel=virtual_channel,
            data=self.unit.data,
            sequence_number=self.sequence_number,
            segment=self.unit.segment,
        )


class AbortFrames(msgspec.Struct, frozen=True, gc=False):
    """Abort Request: frames of this type that wait for their transmission need not be sent; they will be repeated."""

    frame_type: TcFrameType


class UnitAnswer(msgspec.Struct, frozen=True, gc=False):
    """Response to a Request to Transfer FDU."""

    tag: int
    answer: Answer


class DirectiveAnswer(msgspec.Struct, frozen=True, gc=False):
    """Response to a directive."""

    directive: Directive
    tag: int
    answer: Answer


class Alert(msgspec.Struct, frozen=True, gc=False):
    """The AD service ended, or could not begin; what was sent and not confirmed may have arrived or not."""

    code: AlertCode


class Suspended(msgspec.Struct, frozen=True, gc=False):
    """The AD service stopped in state ``suspend_state``, 1 to 4, and can be resumed there."""

    suspend_state: int


FopOutput = TransmitFrame | AbortFrames | UnitAnswer | DirectiveAnswer | Alert | Suspended
