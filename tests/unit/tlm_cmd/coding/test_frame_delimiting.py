import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.frame_delimiting import delimit_frames
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.tc import TcFrame, TcFrameType

MODEST = settings(max_examples=60, deadline=None)
FRAMES = st.lists(
    st.binary(min_size=1, max_size=40).map(lambda data: TcFrame(TcFrameType.BD, 0x123, 1, data).pack()), max_size=5
)


@MODEST
@given(FRAMES, st.integers(0, 6), st.integers(0, 255))
def test_frames_on_end(frames: list[bytes], fill: int, octet: int) -> None:
    """Frames on end come out one by one, and what fills the last code block is dropped, whatever it holds."""
    delimited = delimit_frames(b"".join(frames) + bytes([octet]) * fill)
    assert delimited.frames == tuple(frames)
    assert (delimited.fill_octets, delimited.refused_octets) == (fill, 0)


def test_where_no_frame_can_start() -> None:
    """The rest is refused where the version is not 0, or the length no frame can have that ends in the octets."""
    frame = TcFrame(TcFrameType.BD, 0x123, 1, bytes(10)).pack()
    for rest in (b"\x55" * 7, b"\x40" + frame[1:], frame[:-1], frame[:2] + b"\x04\x03" + frame[4:]):
        delimited = delimit_frames(frame + rest)
        assert delimited.frames == (frame,)
        assert (delimited.fill_octets, delimited.refused_octets) == (0, len(rest))
    assert delimit_frames(frame, max_frame_octets=17).frames == (frame,)
    assert delimit_frames(frame, max_frame_octets=16).refused_octets == 17


@pytest.mark.parametrize("octets", [4, 1025])
def test_limits(octets: int) -> None:
    """The longest frame is between a header and the longest there is."""
    with pytest.raises(FieldRangeError, match="max TC frame octets"):
        delimit_frames(b"", octets)


@MODEST
@given(st.binary(max_size=200))
def test_every_octet_is_accounted_for(octets: bytes) -> None:
    """Any octets are frames, fill or refused, in this order."""
    delimited = delimit_frames(octets)
    kept = b"".join(delimited.frames)
    assert octets.startswith(kept)
    assert len(kept) + delimited.fill_octets + delimited.refused_octets == len(octets)
    assert delimited.fill_octets <= 6
