"""TC frames to the bits of a physical channel, and bits to frames (CCSDS 231.0-B-4, sections 3, 5 and 6)."""

import msgspec

from tlm_cmd.coding.cltu import encode_cltu
from tlm_cmd.coding.cltu_receiver import CltuReceiver, CltuReceiverState
from tlm_cmd.coding.frame_delimiting import delimit_frames
from tlm_cmd.frames.tc import MAX_FRAME_OCTETS
from tlm_cmd.link.coding_parameters import TelecommandCoding


def encode_telecommand(frames: bytes, coding: TelecommandCoding) -> bytes:
    """Return the communications link transmission unit that carries a frame, or several on end.

    Raises:
        FieldRangeError: there is no octet, or more than the unit may hold.
    """
    return encode_cltu(coding.randomizer.apply(frames), coding.cltu)


class TelecommandDecoderCounters(msgspec.Struct):
    """What became of each decoded octet: ``octets = frame_octets + fill_octets + refused_octets``."""

    octets: int = 0
    frames: int = 0
    frame_octets: int = 0
    fill_octets: int = 0
    refused_octets: int = 0
    """Octets from where no frame can start to the end of their unit."""


class TelecommandDecoderState(msgspec.Struct):
    """The memory of a `TelecommandDecoder`."""

    receiver: CltuReceiverState
    counters: TelecommandDecoderCounters = msgspec.field(default_factory=TelecommandDecoderCounters)


class TelecommandDecoder:
    """The bits of one physical channel to TC frames, whose soundness it leaves to others. It never raises.

    ``max_frame_octets`` is the longest frame of the link.
    """

    def __init__(self, coding: TelecommandCoding, max_frame_octets: int = MAX_FRAME_OCTETS) -> None:
        self.coding = coding
        self.max_frame_octets = max_frame_octets
        self._receiver = CltuReceiver(coding.cltu)
        self._state = TelecommandDecoderState(self._receiver.state)

    @property
    def state(self) -> TelecommandDecoderState:
        """The memory of the decoder; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: TelecommandDecoderState) -> None:
        self._receiver.state = state.receiver
        self._state = state

    def feed(self, octets: bytes) -> list[bytes]:
        """Take the next bits and return the frames of the units that end in them."""
        counters = self._state.counters
        frames: list[bytes] = []
        for cltu in self._receiver.feed(octets):
            delimited = delimit_frames(self.coding.randomizer.apply(cltu.octets), self.max_frame_octets)
            counters.octets += len(cltu.octets)
            counters.frames += len(delimited.frames)
            counters.frame_octets += sum(map(len, delimited.frames))
            counters.fill_octets += delimited.fill_octets
            counters.refused_octets += delimited.refused_octets
            frames += delimited.frames
        return frames
