"""What a frame synchroniser remembers, counts and returns (CCSDS 131.0-B-5, section 9)."""

from enum import StrEnum, unique

import msgspec


@unique
class SyncState(StrEnum):
    """How sure a synchroniser is of where the markers stand."""

    SEARCH = "search"
    """Nothing is known: every bit may begin a marker."""
    VERIFY = "verify"
    """A marker was found; whether others follow at the right distance decides if it was one."""
    LOCK = "lock"
    """The last marker was where it belongs."""
    FLYWHEEL = "flywheel"
    """The last markers were missing; frames are taken from where they should begin."""


class SynchronisedFrame(msgspec.Struct, frozen=True, gc=False):
    """The octets behind a marker, and how the marker was found."""

    octets: bytes
    state: SyncState
    """`SyncState.LOCK`, or `SyncState.FLYWHEEL` if the marker was missing."""
    marker_errors: int = 0
    """Wrong bits of the marker; 0 if it was missing."""
    slip_bits: int = 0
    """How many bits later than expected the marker stood; negative if earlier."""
    inverted: bool = False
    """Whether the bits came inverted; in ``octets`` they are right."""


class FrameSynchroniserCounters(msgspec.Struct):
    """What became of each bit, and of each marker that was looked for.

    ``bits = frame_bits + skipped_bits - reused_bits + buffered_bits``. Reused are those that were part of a frame and
    were looked at again: bits that a slip took from a frame, and frames of the flywheel that turned out not to be in
    their place.
    """

    bits: int = 0
    frame_bits: int = 0
    """Bits of frames that were returned, with their markers, or with what stood in place of a marker."""
    skipped_bits: int = 0
    reused_bits: int = 0
    frames: int = 0
    flywheel_frames: int = 0
    """Those among them whose marker was missing."""
    inverted_frames: int = 0
    marker_errors: int = 0
    """Wrong bits in the markers of returned frames."""
    slips: int = 0
    """Frames whose marker stood earlier or later than expected."""
    false_markers: int = 0
    """Markers given up because no other followed in its place."""
    locks: int = 0
    losses: int = 0
    """Times the search began anew after a lock."""


class FrameSynchroniserState(msgspec.Struct):
    """The memory of a `FrameSynchroniser`."""

    counters: FrameSynchroniserCounters = msgspec.field(default_factory=FrameSynchroniserCounters)
    sync: SyncState = SyncState.SEARCH
    buffer: bytes = b""
    bit: int = 0
    """Where, in the buffer, the next marker is expected or the next frame begins."""
    frame_is_next: bool = False
    """Whether a frame begins there."""
    resume_bit: int = 0
    """Where the search goes on if the next markers are missing."""
    next_marker: tuple[int, int, bool] = (0, 0, False)
    """Errors and slip of the marker in front of the next frame, and whether it was inverted."""
    missing: int = 0
    """Markers in a row that were missing."""
    held: list[SynchronisedFrame] = msgspec.field(default_factory=list)
    """Frames found while it is verified that there are any; at most ``verify_markers``."""
