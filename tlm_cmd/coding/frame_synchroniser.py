"""Frames out of a stream of bits by the marker in front of each (CCSDS 131.0-B-5, section 9)."""

from typing import assert_never

from tlm_cmd.coding.bit_patterns import COMPLEMENT, find_pattern, octets_at
from tlm_cmd.coding.synchroniser_parameters import SynchroniserParameters
from tlm_cmd.coding.synchroniser_state import FrameSynchroniserState, SynchronisedFrame, SyncState


class FrameSynchroniser:
    """Finds the frames of a physical channel, at any bit, and returns them without their markers. It never raises.

    A frame is returned with its last bit once the synchroniser is locked; before, when the marker that confirms it is
    there. The search begins anew just in front of where the first missing marker was expected, so a slip
    of more bits than the window allows costs no frame but those it hit. The frames that the flywheel returned
    meanwhile are not taken back: the code or the error control behind tells that they are none.

    The result depends on the bits only, never on how they were cut into chunks.
    """

    def __init__(self, parameters: SynchroniserParameters) -> None:
        self.parameters = parameters
        self._marker_bits = 8 * len(parameters.marker)
        self._frame_bits = 8 * parameters.frame_octets
        self._marker_number = int.from_bytes(parameters.marker, "big")
        self._inverted_marker = parameters.marker.translate(COMPLEMENT)
        slips = range(1, parameters.slip_bits + 1)
        self._slips = (0, *(slip for width in slips for slip in (-width, width)))
        self.state = FrameSynchroniserState()

    @property
    def buffered_bits(self) -> int:
        """Bits that are not yet decided on."""
        state = self.state
        begin = state.bit
        if state.sync is SyncState.VERIFY:
            begin = state.resume_bit - 1
        elif state.frame_is_next:
            begin -= self._marker_bits
        return 8 * len(state.buffer) - begin

    def feed(self, chunk: bytes) -> list[SynchronisedFrame]:
        """Take the next bits of the stream, eight to an octet, and return the frames that they complete."""
        state, frames = self.state, list[SynchronisedFrame]()
        state.counters.bits += 8 * len(chunk)
        data = state.buffer + chunk
        going = True
        while going:
            if state.frame_is_next:
                going = self._take_frame(data, frames)
            elif state.sync is SyncState.SEARCH:
                going = self._search(data)
            else:
                going = self._check_marker(data, frames)
        keep = state.resume_bit // 8
        state.buffer = data[keep:]
        state.bit -= 8 * keep
        state.resume_bit -= 8 * keep
        return frames

    def reset(self) -> None:
        """Forget the bits not yet decided on, for instance when the signal is lost; they count as skipped."""
        state = self.state
        state.counters.skipped_bits += self.buffered_bits
        if state.sync in (SyncState.LOCK, SyncState.FLYWHEEL):
            state.counters.losses += 1
        state.buffer = b""
        self._search_from(0)

    def _search(self, data: bytes) -> bool:
        """Look for a marker at any bit and go behind it; False if there is none."""
        state, parameters = self.state, self.parameters
        bit = find_pattern(data, state.bit, parameters.marker, parameters.search_errors)
        if parameters.resolves_polarity:
            # Nothing behind the marker that was found is of interest.
            part = data if bit is None else data[: bit // 8 + len(parameters.marker) + 1]
            other = find_pattern(part, state.bit, self._inverted_marker, parameters.search_errors)
            if other is not None and (bit is None or other < bit):
                bit = other
        if bit is None:
            undecided = max(state.bit, 8 * len(data) - self._marker_bits + 1)
            state.counters.skipped_bits += undecided - state.bit
            self._search_from(undecided)
            return False
        state.counters.skipped_bits += bit - state.bit
        errors, inverted = self._errors_at(data, bit)
        state.resume_bit = bit + 1
        if parameters.verify_markers:
            state.sync = SyncState.VERIFY
        else:
            self._enter_lock()
        self._expect_frame(bit, (errors, 0, inverted))
        return True

    def _check_marker(self, data: bytes, frames: list[SynchronisedFrame]) -> bool:
        """Look for a marker where one is expected and decide what follows; False if its bits are not yet there."""
        state, parameters = self.state, self.parameters
        left = 8 * len(data) - state.bit
        if left < self._marker_bits:
            return False
        best = (*self._errors_at(data, state.bit), 0)
        if best[0]:
            if left < self._marker_bits + parameters.slip_bits:
                return False
            for slip in self._slips[1:]:
                errors, inverted = self._errors_at(data, state.bit + slip)
                if errors < best[0]:
                    best = (errors, inverted, slip)
        errors, inverted, slip = best
        if errors <= parameters.lock_errors:
            self._find_marker(slip, (errors, slip, inverted), frames)
        else:
            self._miss_marker()
        return True

    def _find_marker(self, slip: int, marker: tuple[int, int, bool], frames: list[SynchronisedFrame]) -> None:
        """Go behind a marker that stands ``slip`` bits later than expected."""
        state = self.state
        bit = state.bit + slip
        match state.sync:
            case SyncState.VERIFY:
                if len(state.held) == self.parameters.verify_markers:
                    for frame in state.held:
                        self._count(frame)
                        self._count_slip(frame.slip_bits)
                    frames += state.held
                    state.held = []
                    self._enter_lock()
                    self._count_slip(slip)
            case SyncState.LOCK | SyncState.FLYWHEEL:
                state.sync = SyncState.LOCK
                self._count_slip(slip)
            case SyncState.SEARCH:
                pass
            case _:
                assert_never(state.sync)
        if state.sync is SyncState.LOCK:
            state.resume_bit = bit
        state.missing = 0
        self._expect_frame(bit, marker)

    def _miss_marker(self) -> None:
        """Go on without the marker that is not where it is expected, or begin to search."""
        state, counters = self.state, self.state.counters
        match state.sync:
            case SyncState.VERIFY:
                counters.false_markers += 1
                counters.skipped_bits += 1
                self._search_from(state.resume_bit)
            case SyncState.LOCK | SyncState.FLYWHEEL:
                if state.missing == self.parameters.flywheel_markers:
                    counters.losses += 1
                    counters.reused_bits += state.bit - state.resume_bit
                    self._search_from(state.resume_bit)
                else:
                    state.missing += 1
                    state.sync = SyncState.FLYWHEEL
                    self._expect_frame(state.bit, (0, 0, state.next_marker[2]))
            case SyncState.SEARCH:
                pass
            case _:
                assert_never(state.sync)

    def _take_frame(self, data: bytes, frames: list[SynchronisedFrame]) -> bool:
        """Take the frame behind a marker; False if its bits are not yet there."""
        state = self.state
        end = state.bit + self._frame_bits
        if end > 8 * len(data):
            return False
        octets = octets_at(data, state.bit, self.parameters.frame_octets)
        errors, slip, inverted = state.next_marker
        if inverted:
            octets = octets.translate(COMPLEMENT)
        verifying = state.sync is SyncState.VERIFY
        frame = SynchronisedFrame(octets, SyncState.LOCK if verifying else state.sync, errors, slip, inverted)
        state.bit = end
        state.frame_is_next = False
        if verifying:
            state.held.append(frame)
            return True
        if state.sync is SyncState.LOCK:
            state.resume_bit = end - self._marker_bits
        self._count(frame)
        frames.append(frame)
        return True

    def _errors_at(self, data: bytes, bit: int) -> tuple[int, bool]:
        """Return how many bits of a marker at ``bit`` are wrong, and whether it is taken as inverted."""
        found = octets_at(data, bit, len(self.parameters.marker))
        if found == self.parameters.marker:
            return 0, False
        errors = (int.from_bytes(found, "big") ^ self._marker_number).bit_count()
        if self.parameters.resolves_polarity and 2 * errors > self._marker_bits:
            return self._marker_bits - errors, True
        return errors, False

    def _expect_frame(self, marker_bit: int, marker: tuple[int, int, bool]) -> None:
        state = self.state
        state.bit = marker_bit + self._marker_bits
        state.next_marker = marker
        state.frame_is_next = True

    def _enter_lock(self) -> None:
        self.state.sync = SyncState.LOCK
        self.state.counters.locks += 1

    def _search_from(self, bit: int) -> None:
        """Begin to search at ``bit``."""
        state = self.state
        state.sync = SyncState.SEARCH
        state.bit = state.resume_bit = bit
        state.frame_is_next = False
        state.missing = 0
        state.held = []

    def _count(self, frame: SynchronisedFrame) -> None:
        """Count a frame that is returned."""
        counters = self.state.counters
        counters.frames += 1
        counters.frame_bits += self._marker_bits + self._frame_bits
        counters.marker_errors += frame.marker_errors
        counters.inverted_frames += frame.inverted
        counters.flywheel_frames += frame.state is SyncState.FLYWHEEL

    def _count_slip(self, slip: int) -> None:
        """Count the bits that lie between the last frame and its successor, or that both claim."""
        if slip:
            self.state.counters.slips += 1
            self.state.counters.skipped_bits += max(slip, 0)
            self.state.counters.reused_bits += max(-slip, 0)
