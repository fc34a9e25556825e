"""How frames lie in a stream of bits and how a receiver looks for them (CCSDS 131.0-B-5, section 9)."""

import msgspec

from tlm_cmd.errors import check_range

ATTACHED_SYNC_MARKER = b"\x1a\xcf\xfc\x1d"
"""In front of uncoded, convolutional, Reed-Solomon and concatenated frames, and of rate 7/8 LDPC ones."""
ATTACHED_SYNC_MARKER_64 = b"\x03\x47\x76\xc7\x27\x28\x95\xb0"
"""In front of rate 1/2 turbo frames and of the LDPC ones of rates 1/2, 2/3 and 4/5."""
MIN_MARKER_OCTETS = 2
MAX_MARKER_OCTETS = 32
MIN_FRAME_OCTETS = MAX_MARKER_OCTETS
MAX_FRAME_OCTETS = 65_536
MAX_SLIP_BITS = 8
MAX_MARKERS_IN_A_ROW = 16


class SynchroniserParameters(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """How frames lie in the stream and how a receiver looks for them: managed parameters.

    Raises:
        FieldRangeError: a parameter is out of range; no more than a third of a marker's bits may be wrong.
    """

    frame_octets: int
    """Octets between two markers: a transfer frame, or a code block."""
    marker: bytes = ATTACHED_SYNC_MARKER
    search_errors: int = 1
    """Bits of a marker that may be wrong when it is first found."""
    lock_errors: int = 3
    """Bits of a marker that may be wrong where one is expected."""
    slip_bits: int = 1
    """How many bits earlier or later than expected a marker may stand."""
    verify_markers: int = 1
    """Markers that must follow the first one, each in its place, before a frame is believed."""
    flywheel_markers: int = 3
    """Markers in a row that may be missing before the search begins anew."""
    resolves_polarity: bool = True
    """Whether an inverted marker is taken for the marker of an inverted frame."""

    def __post_init__(self) -> None:
        check_range("frame octets", self.frame_octets, MIN_FRAME_OCTETS, MAX_FRAME_OCTETS)
        check_range("marker octets", len(self.marker), MIN_MARKER_OCTETS, MAX_MARKER_OCTETS)
        check_range("marker errors in search", self.search_errors, 0, 8 * len(self.marker) // 3)
        check_range("marker errors in lock", self.lock_errors, 0, 8 * len(self.marker) // 3)
        check_range("slip bits", self.slip_bits, 0, MAX_SLIP_BITS)
        check_range("markers to verify", self.verify_markers, 0, MAX_MARKERS_IN_A_ROW)
        check_range("markers missing in the flywheel", self.flywheel_markers, 0, MAX_MARKERS_IN_A_ROW)

    @property
    def max_buffer_octets(self) -> int:
        """Octets that a receiver keeps between two calls, at most."""
        frames = max(self.verify_markers, self.flywheel_markers, 1)
        slipped = -(-self.slip_bits * (frames + 1) // 8)
        return frames * (len(self.marker) + self.frame_octets) + 2 * len(self.marker) + slipped + 1
