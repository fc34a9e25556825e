"""Bare frames pass as they are, and a stream of them is cut where their headers say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ops_tools.gateway.frame_form import BareFrames
from tlm_cmd.frames.tc import TcFrame, TcFrameType

FRAMES = st.builds(
    lambda data, virtual_channel: TcFrame(TcFrameType.BD, 0x1A7, virtual_channel, data).pack(),
    st.binary(min_size=1, max_size=1017),
    st.integers(0, 63),
)


def test_frames_pass_unchanged_in_both_directions() -> None:
    """What the octets mean is judged by whoever receives them."""
    form = BareFrames()
    assert form.outward(b"no frame") == [b"no frame"]
    assert form.inward(b"no frame") == [b"no frame"]


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(1, 2000), max_size=8))
def test_a_stream_is_cut_into_its_frames_however_it_arrives(frames: list[bytes], pieces: list[int]) -> None:
    """Every frame comes out once, in order, as soon as its last octet is there."""
    form, stream = BareFrames(), b"".join(frames)
    found: list[bytes] = []
    rest = b""
    offset = 0
    for octets in [*pieces, len(stream)]:
        units, left = form.cut(rest + stream[offset : offset + octets])
        assert left is not None
        rest = left
        offset += octets
        found += units
    assert (found, rest) == (frames, b"")


def test_a_stream_ends_where_no_frame_can_start() -> None:
    """A wrong version or an impossible length: the frames before it are kept, the rest is not known."""
    frame = TcFrame(TcFrameType.BD, 0x1A7, 1, b"data").pack()
    assert BareFrames().cut(frame + b"\xc0" + frame) == ([frame], None)
    assert BareFrames().cut(frame + bytes(5)) == ([frame], None)
    shortest = TcFrame(TcFrameType.BC, 0, 0, b"\x00").pack()
    assert BareFrames().cut(shortest) == ([shortest], b"")


@given(st.binary(max_size=3000))
def test_any_octets_are_cut_without_an_error(stream: bytes) -> None:
    """What was cut and what is left are what came, unless no frame can start."""
    units, rest = BareFrames().cut(stream)
    if rest is None:
        assert stream.startswith(b"".join(units))
    else:
        assert b"".join(units) + rest == stream
