import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import ChecksumError, FieldRangeError, ProtocolError, TooShortError
from tlm_cmd.products.errors import UnknownValueError, WrongMagicError, WrongSizeError
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.image_file import HEADER_OCTETS, ImageHeader, SampleType, pack_image, parse_image

U16 = st.integers(1, 0xFFFF)
U32 = st.integers(0, 0xFFFF_FFFF)
SIDE = st.integers(1, 9)

HEADER = ImageHeader(target_id=7, exposure_index=3, bands=2, height=3, width=2, flags=ProductFlag.SYNTHETIC_CLOUDS)
PIXELS = bytes(range(24))

headers = st.builds(
    ImageHeader,
    target_id=U32,
    exposure_index=U32,
    bands=st.integers(1, 16),
    height=SIDE,
    width=SIDE,
    scale=U16,
    sample_type=st.sampled_from(SampleType),
    flags=st.sampled_from([ProductFlag(0), ProductFlag.SYNTHETIC_CLOUDS]),
)


def is_refused(file: bytearray) -> bool:
    """Whether the file is found to be damaged."""
    try:
        parse_image(file)
    except ProtocolError:
        return True
    return False


def sealed(pixels: bytes = PIXELS, **changes: object) -> bytes:
    """An image file with a correct CRC, whatever its fields say."""
    fields: dict[str, object] = {
        "magic": b"FSIM",
        "version": 1,
        "sample_type": 2,
        "bands": 2,
        "flags": 1,
        "height": 3,
        "width": 2,
        "scale": 10_000,
        "target_id": 7,
        "exposure_index": 3,
    }
    head = struct.pack(">4sBBBBHHHII", *(fields | changes).values())
    return head + struct.pack(">I", zlib.crc32(head + pixels)) + pixels


@given(headers, st.data())
def test_what_is_packed_is_parsed(header: ImageHeader, data: st.DataObject) -> None:
    """Header and pixels survive the way through the file."""
    pixels = data.draw(st.binary(min_size=header.pixel_octets, max_size=header.pixel_octets))
    parsed, view = parse_image(pack_image(header, pixels))
    assert parsed == header
    assert view == pixels


def test_the_octets_are_those_of_the_table() -> None:
    """The layout is the documented one, so that other software can read it."""
    assert pack_image(HEADER, PIXELS) == sealed()


def test_pixels_are_a_view() -> None:
    """Parsing copies nothing and hands out nothing that could be written."""
    file = bytearray(pack_image(HEADER, PIXELS))
    _, view = parse_image(file)
    assert view.readonly
    assert view.obj is file


def test_any_damaged_octet_is_refused() -> None:
    """Every octet of the file, changed to every other value, is noticed."""
    file = bytearray(pack_image(HEADER, PIXELS))
    for position, original in enumerate(file):
        for value in range(256):
            file[position] = value
            assert is_refused(file) == (value != original), f"octet {position} as {value}"
        file[position] = original


@pytest.mark.parametrize("octets", range(HEADER_OCTETS + len(PIXELS)))
def test_a_truncated_file_is_refused(octets: int) -> None:
    """A file cut anywhere names how many octets it needs."""
    with pytest.raises(TooShortError) as refusal:
        parse_image(pack_image(HEADER, PIXELS)[:octets])
    assert refusal.value.found == octets
    assert refusal.value.needed > octets


def test_octets_behind_the_pixels_are_refused() -> None:
    """A file longer than its shape names both sizes."""
    with pytest.raises(WrongSizeError, match="25 octets found, the declared shape needs 24"):
        parse_image(sealed(PIXELS + b"\0"))


def test_another_magic_is_refused() -> None:
    """A file of another kind names what it begins with."""
    with pytest.raises(WrongMagicError, match="begins with b'FSMK', expected b'FSIM'"):
        parse_image(sealed(magic=b"FSMK"))


@pytest.mark.parametrize(
    ("field", "value", "allowed"), [("version", 2, (1,)), ("sample_type", 3, (1, 2)), ("flags", 2, (0, 1))]
)
def test_an_unknown_code_is_refused(field: str, value: int, allowed: tuple[int, ...]) -> None:
    """A code of another format names the codes of this one."""
    with pytest.raises(UnknownValueError, match=field.replace("_", " ")) as refusal:
        parse_image(sealed(**{field: value}))
    assert (refusal.value.value, refusal.value.allowed) == (value, allowed)


@pytest.mark.parametrize(
    ("field", "value"),
    [("bands", 0), ("bands", 17), ("height", 0), ("height", 4097), ("width", 0), ("width", 4097), ("scale", 0)],
)
def test_a_shape_out_of_range_is_refused(field: str, value: int) -> None:
    """An impossible shape or scale is refused before anything is allocated for it."""
    with pytest.raises(FieldRangeError, match=f"image {field} is {value}"):
        parse_image(sealed(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("target_id", -1), ("target_id", 1 << 32), ("exposure_index", 1 << 32), ("bands", 17), ("scale", 1 << 16)],
)
def test_a_field_that_does_not_fit_is_not_packed(field: str, value: int) -> None:
    """Numbers beyond their field are refused with field and range."""
    header = ImageHeader(
        **({"target_id": 1, "exposure_index": 1, "bands": 1, "height": 1, "width": 1} | {field: value})
    )
    with pytest.raises(FieldRangeError, match=field.replace("_", " ")):
        pack_image(header, b"\0\0")


def test_pixels_must_fill_the_shape() -> None:
    """Pixels of another size than the header's shape are not packed."""
    with pytest.raises(WrongSizeError) as refusal:
        pack_image(HEADER, PIXELS[:-1])
    assert (refusal.value.expected, refusal.value.found) == (24, 23)


def test_the_wrong_checksum_is_named() -> None:
    """Damage names the checksum that was expected and the one that was found."""
    with pytest.raises(ChecksumError, match="image file: checksum 0x"):
        parse_image(sealed()[:-1] + b"\xff")
