import pytest

from tlm_cmd.cop1.fop_outputs import FrameDataUnit, TransmitFrame
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.tc import SET_VR, UNLOCK, SegmentFlags, SegmentHeader, TcFrameType


@pytest.mark.parametrize(
    ("request_for_frame", "octets"),
    [
        (TransmitFrame(TcFrameType.BC, 0, FrameDataUnit(UNLOCK)), "312304070000cd3b"),
        (TransmitFrame(TcFrameType.BC, 0, FrameDataUnit(SET_VR + b"\x0a")), "312304090082000adce8"),
        (TransmitFrame(TcFrameType.AD, 5, FrameDataUnit(b"\x01\x02\x03\x04")), "0123040a050102030429dc"),
    ],
)
def test_known_frames(request_for_frame: TransmitFrame, octets: str) -> None:
    """What is to be transmitted becomes the known frames."""
    assert request_for_frame.frame(0x123, 1).pack().hex() == octets


def test_segment_header_travels_with_the_unit() -> None:
    """A unit's segment header stands in its frame."""
    segment = SegmentHeader(SegmentFlags.FIRST, 7)
    frame = TransmitFrame(TcFrameType.BD, 0, FrameDataUnit(b"data", segment)).frame(1, 2)
    assert (frame.segment, frame.data, frame.virtual_channel) == (segment, b"data", 2)


@pytest.mark.parametrize(("octets", "segment"), [(0, None), (1018, None), (1017, SegmentHeader(SegmentFlags.WHOLE, 0))])
def test_units_that_fit_no_frame(octets: int, segment: SegmentHeader | None) -> None:
    """A unit is refused when it is made, not when its turn comes."""
    with pytest.raises(FieldRangeError, match="frame data octets"):
        FrameDataUnit(bytes(octets), segment)
