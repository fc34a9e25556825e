"""TC frames out of the octets of a CLTU: frame delimiting and fill removal (CCSDS 232.0-B-4, 4.4)."""

import msgspec

from tlm_cmd.coding.bch import BLOCK_DATA_OCTETS
from tlm_cmd.errors import check_range
from tlm_cmd.frames.tc import HEADER_OCTETS, MAX_FRAME_OCTETS, declared_frame_octets

_VERSION_BITS = 0xC0


class DelimitedFrames(msgspec.Struct, frozen=True, gc=False):
    """The frames of a CLTU; the octets are those of the frames, ``fill_octets`` and ``refused_octets``."""

    frames: tuple[bytes, ...]
    fill_octets: int = 0
    """Octets behind the last frame that only fill its last code block: at most six."""
    refused_octets: int = 0
    """The rest from where no frame can start: its version is not 0, or its length is more than is there or allowed."""


def delimit_frames(octets: bytes, max_frame_octets: int = MAX_FRAME_OCTETS) -> DelimitedFrames:
    """Cut decoded octets into frames, each as long as its header declares; whether a frame is sound is not looked at.

    Fill is told by its length alone, since a receiver has derandomised it too.

    Raises:
        FieldRangeError: ``max_frame_octets`` is shorter than a frame's header or longer than the longest frame.
    """
    check_range("max TC frame octets", max_frame_octets, HEADER_OCTETS, MAX_FRAME_OCTETS)
    frames: list[bytes] = []
    offset = 0
    while (left := len(octets) - offset) >= BLOCK_DATA_OCTETS:
        header = octets[offset : offset + HEADER_OCTETS]
        length = declared_frame_octets(header)
        if header[0] & _VERSION_BITS or not HEADER_OCTETS <= length <= min(left, max_frame_octets):
            return DelimitedFrames(tuple(frames), 0, left)
        frames.append(octets[offset : offset + length])
        offset += length
    return DelimitedFrames(tuple(frames), left)
