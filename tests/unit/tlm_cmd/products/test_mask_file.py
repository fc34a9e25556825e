import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import ChecksumError, FieldRangeError, ProtocolError, TooShortError
from tlm_cmd.products.errors import (
    CompressionError,
    InconsistentFieldError,
    UnknownValueError,
    WrongMagicError,
    WrongSizeError,
)
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.mask_file import HEADER_OCTETS, MaskProduct, pack_mask, parse_mask

# Five pixels: two of cloud, one of shadow, two clear.
CLASSES = bytes([1, 0, 2, 1, 0])
PACKED = bytes([0b01_00_10_01, 0b00_00_00_00])
PRODUCT = MaskProduct(
    target_id=7,
    scene_id=9,
    model_version="m1",
    height=1,
    width=5,
    classes=CLASSES,
    green_fraction=0.25,
    flags=ProductFlag.SYNTHETIC_CLOUDS,
)

fractions = st.none() | st.integers(0, 10_000).map(lambda units: units / 10_000)


def is_refused(file: bytearray) -> bool:
    """Whether the file is found to be damaged."""
    try:
        parse_mask(file)
    except ProtocolError:
        return True
    return False


def sealed(stream: bytes | None = None, model: bytes = b"m1", **changes: object) -> bytes:
    """A mask file with a correct CRC, whatever its fields say."""
    stream = zlib.compress(PACKED, 9) if stream is None else stream
    fields: dict[str, object] = {
        "magic": b"FSMK",
        "version": 1,
        "flags": 1,
        "height": 1,
        "width": 5,
        "target_id": 7,
        "scene_id": 9,
        "cloud": 4000,
        "shadow": 2000,
        "clear": 4000,
        "green": 2500,
        "water": 65535,
        "model_octets": len(model),
        "stream_octets": len(stream),
    }
    head = struct.pack(">4sBBHHIIHHHHHBI", *(fields | changes).values())
    return head + struct.pack(">I", zlib.crc32(head + model + stream)) + model + stream


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 0xFFFF_FFFF),
    st.integers(0, 0xFFFF_FFFF),
    st.text(max_size=16),
    fractions,
    fractions,
    st.sampled_from([ProductFlag(0), ProductFlag.SYNTHETIC_CLOUDS]),
    st.data(),
)
def test_what_is_packed_is_parsed(
    height: int,
    width: int,
    target_id: int,
    scene_id: int,
    model_version: str,
    green: float | None,
    water: float | None,
    flags: ProductFlag,
    data: st.DataObject,
) -> None:
    """Every field and every pixel survive the way through the file."""
    classes = data.draw(st.lists(st.integers(0, 2), min_size=height * width, max_size=height * width))
    product = MaskProduct(
        target_id=target_id,
        scene_id=scene_id,
        model_version=model_version,
        height=height,
        width=width,
        classes=bytes(classes),
        green_fraction=green,
        water_fraction=water,
        flags=flags,
    )
    assert parse_mask(pack_mask(product)) == product


def test_the_octets_are_those_of_the_table() -> None:
    """The layout is the documented one, so that other software can read it."""
    assert pack_mask(PRODUCT) == sealed()


def test_fractions_are_those_of_the_mask() -> None:
    """Cloud, shadow and clear are shares of all pixels."""
    assert (PRODUCT.cloud_fraction, PRODUCT.shadow_fraction, PRODUCT.clear_fraction) == (0.4, 0.2, 0.4)


@given(st.floats(0, 1))
def test_ground_fractions_keep_their_resolution(fraction: float) -> None:
    """A measured fraction comes back within half a step of 1/10000."""
    product = MaskProduct(
        target_id=0, scene_id=0, model_version="", height=1, width=1, classes=b"\0", water_fraction=fraction
    )
    assert parse_mask(pack_mask(product)).water_fraction == pytest.approx(fraction, abs=0.000_050_1)


def test_a_real_mask_is_small() -> None:
    """A mask of 256 x 256 pixels with one cloud needs less than a hundredth of its 512 KiB image."""
    classes = bytearray(256 * 256)
    for row in range(40, 200):
        classes[256 * row + 30 + row // 4 : 256 * row + 180 - row // 4] = b"\1" * (150 - 2 * (row // 4))
    product = MaskProduct(target_id=1, scene_id=1, model_version="v", height=256, width=256, classes=bytes(classes))
    assert len(pack_mask(product)) < 4 * 256 * 256 * 2 / 100


def test_any_damaged_octet_is_refused() -> None:
    """Every octet of the file, changed to every other value, is noticed."""
    file = bytearray(pack_mask(PRODUCT))
    for position, original in enumerate(file):
        for value in range(256):
            file[position] = value
            assert is_refused(file) == (value != original), f"octet {position} as {value}"
        file[position] = original


@pytest.mark.parametrize("octets", range(len(sealed())))
def test_a_truncated_file_is_refused(octets: int) -> None:
    """A file cut anywhere names how many octets it needs."""
    with pytest.raises(TooShortError) as refusal:
        parse_mask(pack_mask(PRODUCT)[:octets])
    assert refusal.value.found == octets
    assert refusal.value.needed == (HEADER_OCTETS if octets < HEADER_OCTETS else len(sealed()))


def test_octets_behind_the_mask_are_refused() -> None:
    """A file longer than its lengths say is refused."""
    with pytest.raises(WrongSizeError, match="mask file"):
        parse_mask(sealed() + b"\0")


def test_another_magic_is_refused() -> None:
    """A file of another kind names what it begins with."""
    with pytest.raises(WrongMagicError, match="begins with b'FSIM', expected b'FSMK'"):
        parse_mask(sealed(magic=b"FSIM"))


@pytest.mark.parametrize(("field", "value"), [("version", 2), ("flags", 4)])
def test_an_unknown_code_is_refused(field: str, value: int) -> None:
    """A code of another format is named together with those of this one."""
    with pytest.raises(UnknownValueError, match=field) as refusal:
        parse_mask(sealed(**{field: value}))
    assert refusal.value.value == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("height", 0), ("height", 4097), ("width", 0), ("width", 4097), ("green", 10_001), ("water", 65_534)],
)
def test_a_field_out_of_range_is_refused(field: str, value: int) -> None:
    """Shapes and fractions beyond their range are refused by name."""
    with pytest.raises(FieldRangeError, match=field):
        parse_mask(sealed(**{field: value}))


def test_a_long_model_version_is_refused() -> None:
    """The model version is bounded on both ways."""
    with pytest.raises(FieldRangeError, match="model version is 65"):
        parse_mask(sealed(model=b"v" * 65))
    with pytest.raises(FieldRangeError, match="model version is 66"):
        pack_mask(MaskProduct(target_id=0, scene_id=0, model_version="ü" * 33, height=1, width=1, classes=b"\0"))


@pytest.mark.parametrize("field", ["cloud", "shadow", "clear"])
def test_a_header_that_contradicts_its_mask_is_refused(field: str) -> None:
    """The fractions of the header must be those of the mask."""
    with pytest.raises(InconsistentFieldError, match=f"mask {field} fraction is 0.3"):
        parse_mask(sealed(**{field: 3000}))


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"not a zlib stream", CompressionError),
        (zlib.compress(PACKED) + b"\0", CompressionError),
        (zlib.compress(PACKED)[:-1], CompressionError),
        (zlib.compress(PACKED[:1]), WrongSizeError),
        (zlib.compress(bytes(1_000_000)), WrongSizeError),
        (zlib.compress(bytes([0b01_11_10_01, 0])), UnknownValueError),
    ],
    ids=["no stream", "octets behind", "no end", "too few pixels", "bomb", "class 3"],
)
def test_a_wrong_stream_is_refused(stream: bytes, error: type[ProtocolError]) -> None:
    """A mask that does not expand to just its pixels is refused although its checksum is right."""
    with pytest.raises(error):
        parse_mask(sealed(stream))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"target_id": -1}, FieldRangeError),
        ({"scene_id": 1 << 32}, FieldRangeError),
        ({"height": 4097}, FieldRangeError),
        ({"width": 4}, WrongSizeError),
        ({"classes": bytes([0, 1, 2, 3, 0])}, UnknownValueError),
        ({"green_fraction": 1.01}, FieldRangeError),
        ({"water_fraction": float("nan")}, FieldRangeError),
    ],
)
def test_a_wrong_product_is_not_packed(changes: dict[str, object], error: type[ProtocolError]) -> None:
    """Values that the file cannot say are refused before they are written."""
    fields = {name: getattr(PRODUCT, name) for name in PRODUCT.__struct_fields__}
    with pytest.raises(error):
        pack_mask(MaskProduct(**(fields | changes)))


def test_the_wrong_checksum_is_named() -> None:
    """Damage names the checksum that was expected and the one that was found."""
    with pytest.raises(ChecksumError, match="mask file: checksum 0x"):
        parse_mask(sealed()[:-1] + b"\xff")
