"""TM and AOS frames to the bits of a physical channel, and bits to frames (CCSDS 131.0-B-5, sections 4, 9 and 10)."""

import msgspec

from tlm_cmd.coding.frame_synchroniser import FrameSynchroniser
from tlm_cmd.coding.reed_solomon import UncorrectableError
from tlm_cmd.coding.synchroniser_parameters import ATTACHED_SYNC_MARKER
from tlm_cmd.coding.synchroniser_state import FrameSynchroniserState
from tlm_cmd.link.coding_parameters import TelemetryCoding


class TelemetryEncoder:
    """Frames of one length to channel access data units: Reed-Solomon, randomiser, sync marker. It has no memory.

    Raises:
        WrongValueError: the code has no block for frames of this length.
    """

    def __init__(self, coding: TelemetryCoding, frame_octets: int) -> None:
        self.coding = coding
        self.unit_octets = len(ATTACHED_SYNC_MARKER) + coding.block_octets(frame_octets)
        """Length of every unit."""

    def encode(self, frame: bytes) -> bytes:
        """Return the unit that carries a frame."""
        code = self.coding.reed_solomon
        block = frame if code is None else code.encode(frame)
        return ATTACHED_SYNC_MARKER + self.coding.randomizer.apply(block)


class TelemetryDecoderCounters(msgspec.Struct):
    """What became of each block that the synchroniser found: ``blocks = frames + uncorrectable``."""

    blocks: int = 0
    frames: int = 0
    uncorrectable: int = 0
    """Blocks with a code word of more wrong symbols than the code corrects; they are dropped."""
    corrected_frames: int = 0
    """Frames that had at least one wrong symbol."""
    corrected_symbols: int = 0


class TelemetryDecoderState(msgspec.Struct):
    """The memory of a `TelemetryDecoder`."""

    synchroniser: FrameSynchroniserState
    counters: TelemetryDecoderCounters = msgspec.field(default_factory=TelemetryDecoderCounters)


class TelemetryDecoder:
    """The bits of one physical channel to frames, for which it looks at any bit. It never raises.

    Raises:
        WrongValueError: the code has no block for frames of this length.
    """

    def __init__(self, coding: TelemetryCoding, frame_octets: int) -> None:
        self.coding = coding
        self.frame_octets = frame_octets
        self._synchroniser = FrameSynchroniser(coding.synchroniser_parameters(frame_octets))
        self._state = TelemetryDecoderState(self._synchroniser.state)

    @property
    def state(self) -> TelemetryDecoderState:
        """The memory of the decoder; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: TelemetryDecoderState) -> None:
        self._synchroniser.state = state.synchroniser
        self._state = state

    def feed(self, octets: bytes) -> list[bytes]:
        """Take the next bits and return the frames that they complete."""
        counters = self._state.counters
        frames = []
        for found in self._synchroniser.feed(octets):
            counters.blocks += 1
            frame = self._decode(self.coding.randomizer.apply(found.octets))
            if frame is None:
                counters.uncorrectable += 1
            else:
                counters.frames += 1
                frames.append(frame)
        return frames

    def _decode(self, block: bytes) -> bytes | None:
        """Return the frame in a block, None if it cannot be put right."""
        code, counters = self.coding.reed_solomon, self._state.counters
        if code is None:
            return block
        try:
            decoded = code.decode(block)
        except UncorrectableError:
            return None
        corrected = decoded.corrected_symbols
        counters.corrected_symbols += corrected
        counters.corrected_frames += corrected > 0
        return decoded.data
