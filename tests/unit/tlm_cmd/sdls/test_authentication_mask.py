import pytest

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.tc import TcFrame, TcFrameType
from tlm_cmd.frames.tm import TmFrame
from tlm_cmd.sdls.authentication_mask import aos_mask, tc_mask, tm_mask


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (tc_mask(), "0000fc0000"),
        (tc_mask(segment_header=True), "0000fc0000ff"),
        (tm_mask(), "000e00000000"),
        (tm_mask(4), "000e0000000000000000"),
        (aos_mask(), "003f00000000"),
        (aos_mask(header_error_control=True), "003f000000000000"),
        (aos_mask(header_error_control=True, insert_zone_octets=3), "003f000000000000000000"),
    ],
)
def test_known_masks(mask: bytes, expected: str) -> None:
    """The masks cover the virtual channel id and the TC segment header, octet by octet as Yamcs has them."""
    assert mask.hex() == expected


@pytest.mark.parametrize(
    ("mask", "one", "other"),
    [
        (tc_mask(), TcFrame(TcFrameType.BD, 0, 0, b"x").pack(), TcFrame(TcFrameType.BD, 0, 63, b"x").pack()),
        (tm_mask(), TmFrame(0, 0, 0, 0, 0, b"x").pack(), TmFrame(0, 7, 0, 0, 0, b"x").pack()),
    ],
)
def test_masks_are_the_bits_of_the_virtual_channel(mask: bytes, one: bytes, other: bytes) -> None:
    """The bits in which frames of the lowest and the highest virtual channel differ are those of the mask."""
    assert bytes(a ^ b for a, b in zip(one, other, strict=True))[: len(mask)] == mask


def test_limits() -> None:
    """A secondary header has at most 64 octets, and an insert zone fits a frame."""
    with pytest.raises(FieldRangeError, match="secondary header octets is 65"):
        tm_mask(65)
    with pytest.raises(FieldRangeError, match="insert zone octets"):
        aos_mask(insert_zone_octets=2048)
