"""The mask file: what was seen in one image, small enough to send down.

Octets, all numbers big-endian; a fraction is a count of 1/10000:

| offset | size | field |
|---|---|---|
| 0 | 4 | magic, ``FSMK`` |
| 4 | 1 | format version, 1 |
| 5 | 1 | flags (`ProductFlag`) |
| 6 | 2 | height [pixels], 1 to 4096 |
| 8 | 2 | width [pixels], 1 to 4096 |
| 10 | 4 | target id |
| 14 | 4 | scene id |
| 18 | 2 + 2 + 2 | fractions of the pixels that are cloud, shadow, clear |
| 24 | 2 + 2 | fractions of the clear pixels that are green, water; 65535: no clear pixel to measure |
| 28 | 1 | octets of the model version, 0 to 64 |
| 29 | 4 | octets of the compressed mask |
| 33 | 4 | CRC-32 (IEEE 802.3) of everything else |
| 37 | | model version, UTF-8 |
| | | mask: classes of 2 bits, four to an octet, first pixel in the high bits, compressed by zlib |
"""

import struct
import zlib
from enum import IntEnum, unique

import msgspec

from tlm_cmd.errors import ChecksumError, FieldRangeError, TooShortError, check_range
from tlm_cmd.products.errors import (
    CompressionError,
    InconsistentFieldError,
    UnknownValueError,
    WrongMagicError,
    WrongSizeError,
)
from tlm_cmd.products.flags import ProductFlag, flags_from

MAGIC = b"FSMK"
VERSION = 1
MAX_SIDE = 4096
"""Longest side of a mask [pixels]; it bounds the expanded mask to 16 MiB."""
MAX_MODEL_VERSION = 64
"""Octets of the model version in UTF-8."""
FRACTION_UNIT = 10_000

_FIELDS = struct.Struct(">4sBBHHIIHHHHHBI")
_CRC = struct.Struct(">I")
HEADER_OCTETS = _FIELDS.size + _CRC.size
_NAME = "mask file"
_NOT_MEASURED = 0xFFFF
_U32_MAX = 0xFFFF_FFFF
_LEVEL = 9


@unique
class MaskClass(IntEnum):
    """What a pixel shows."""

    CLEAR = 0
    CLOUD = 1
    SHADOW = 2


_CODES = bytes(MaskClass)
_SHIFTS = (6, 4, 2, 0)
_FIELD_OF_OCTET = tuple(bytes((octet >> shift) & 0b11 for octet in range(256)) for shift in _SHIFTS)


class MaskProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen in one image, and by which model."""

    target_id: int
    scene_id: int
    """The exposure that was analysed, 0 to 2**32 - 1."""
    model_version: str
    height: int
    width: int
    classes: bytes
    """One `MaskClass` per octet, rows from the top."""
    green_fraction: float | None = None
    """Share of the clear pixels with vegetation, 0 to 1 in steps of 1/10000; None without a clear pixel."""
    water_fraction: float | None = None
    """Share of the clear pixels with open water, likewise."""
    flags: ProductFlag = ProductFlag(0)

    @property
    def cloud_fraction(self) -> float:
        """Share of all pixels that show cloud, 0 to 1."""
        return self._share(MaskClass.CLOUD)

    @property
    def shadow_fraction(self) -> float:
        """Share of all pixels that lie in the shadow of a cloud, 0 to 1."""
        return self._share(MaskClass.SHADOW)

    @property
    def clear_fraction(self) -> float:
        """Share of all pixels with an unobstructed, sunlit view of the ground, 0 to 1."""
        return self._share(MaskClass.CLEAR)

    def _share(self, kind: MaskClass) -> float:
        return self.classes.count(kind) / len(self.classes)


def pack_mask(product: MaskProduct) -> bytes:
    """The octets of a mask file.

    Raises:
        FieldRangeError: a field lies outside its range.
        WrongSizeError: the classes do not fill the declared shape.
        UnknownValueError: a pixel is of no `MaskClass`.
    """
    check_range("mask target id", product.target_id, 0, _U32_MAX)
    check_range("mask scene id", product.scene_id, 0, _U32_MAX)
    _check_shape(product.height, product.width)
    _check_classes(product.classes, product.height * product.width)
    version = product.model_version.encode()
    check_range("octets of the mask's model version", len(version), 0, MAX_MODEL_VERSION)
    stream = zlib.compress(_pack_classes(product.classes), _LEVEL)
    head = _FIELDS.pack(
        MAGIC,
        VERSION,
        product.flags,
        product.height,
        product.width,
        product.target_id,
        product.scene_id,
        *_pixel_fractions(product),
        _fraction_code("mask green fraction", product.green_fraction),
        _fraction_code("mask water fraction", product.water_fraction),
        len(version),
        len(stream),
    )
    tail = version + stream
    return b"".join((head, _CRC.pack(zlib.crc32(tail, zlib.crc32(head))), tail))


def parse_mask(data: bytes | bytearray | memoryview) -> MaskProduct:
    """The product in `data`.

    Raises:
        TooShortError: fewer octets than the header or its lengths need.
        WrongMagicError: not a mask file.
        UnknownValueError: version, flags or a pixel class of another format.
        FieldRangeError: a header field lies outside its range.
        WrongSizeError: octets remain, or the mask does not fill the declared shape.
        ChecksumError: header or mask are damaged.
        CompressionError: the mask cannot be expanded.
        InconsistentFieldError: a fraction in the header is not that of the mask.
    """
    view = memoryview(data).cast("B").toreadonly()
    if len(view) < HEADER_OCTETS:
        raise TooShortError(_NAME, HEADER_OCTETS, len(view))
    (magic, version, flags, height, width, target_id, scene_id, *fractions, version_octets, stream_octets) = (
        _FIELDS.unpack_from(view)
    )
    if magic != MAGIC:
        raise WrongMagicError(_NAME, MAGIC, magic)
    if version != VERSION:
        raise UnknownValueError("mask format version", version, (VERSION,))
    _check_shape(height, width)
    check_range("octets of the mask's model version", version_octets, 0, MAX_MODEL_VERSION)
    stream_at = HEADER_OCTETS + version_octets
    needed = stream_at + stream_octets
    if len(view) < needed:
        raise TooShortError(_NAME, needed, len(view))
    if len(view) > needed:
        raise WrongSizeError(_NAME, needed, len(view))
    (expected,) = _CRC.unpack_from(view, _FIELDS.size)
    found = zlib.crc32(view[HEADER_OCTETS:], zlib.crc32(view[: _FIELDS.size]))
    if found != expected:
        raise ChecksumError(_NAME, expected, found)
    product = MaskProduct(
        target_id=target_id,
        scene_id=scene_id,
        model_version=str(view[HEADER_OCTETS:stream_at], "utf-8", "replace"),
        height=height,
        width=width,
        classes=_unpack_classes(_expand(view[stream_at:], (height * width + 3) // 4), height * width),
        green_fraction=_fraction("mask green fraction", fractions[3]),
        water_fraction=_fraction("mask water fraction", fractions[4]),
        flags=flags_from("mask flags", flags),
    )
    _check_classes(product.classes, height * width)
    for field, code, content in zip(
        ("cloud", "shadow", "clear"), fractions[:3], _pixel_fractions(product), strict=True
    ):
        if code != content:
            raise InconsistentFieldError(f"mask {field} fraction", content / FRACTION_UNIT, code / FRACTION_UNIT)
    return product


def _pixel_fractions(product: MaskProduct) -> tuple[int, int, int]:
    """Cloud, shadow and clear in 1/10000 of the pixels."""
    return (
        round(product.cloud_fraction * FRACTION_UNIT),
        round(product.shadow_fraction * FRACTION_UNIT),
        round(product.clear_fraction * FRACTION_UNIT),
    )


def _fraction_code(field: str, fraction: float | None) -> int:
    if fraction is None:
        return _NOT_MEASURED
    if not 0.0 <= fraction <= 1.0:
        raise FieldRangeError(field, fraction, 0, 1)
    return round(fraction * FRACTION_UNIT)


def _fraction(field: str, code: int) -> float | None:
    if code == _NOT_MEASURED:
        return None
    check_range(field, code, 0, FRACTION_UNIT)
    return code / FRACTION_UNIT


def _check_shape(height: int, width: int) -> None:
    check_range("mask height", height, 1, MAX_SIDE)
    check_range("mask width", width, 1, MAX_SIDE)


def _check_classes(classes: bytes, pixels: int) -> None:
    if len(classes) != pixels:
        raise WrongSizeError("mask classes", pixels, len(classes))
    if strangers := classes.translate(None, _CODES):
        raise UnknownValueError("mask class", strangers[0], tuple(_CODES))


def _pack_classes(classes: bytes) -> bytes:
    """Four classes to an octet; the last octet is filled with zeros."""
    padded = classes + bytes(-len(classes) % 4)
    octets = 0
    for phase, shift in enumerate(_SHIFTS):
        octets |= int.from_bytes(padded[phase::4]) << shift
    return octets.to_bytes(len(padded) // 4)


def _unpack_classes(octets: bytes, pixels: int) -> bytes:
    classes = bytearray(4 * len(octets))
    for phase, table in enumerate(_FIELD_OF_OCTET):
        classes[phase::4] = octets.translate(table)
    return bytes(classes[:pixels])


def _expand(stream: memoryview, octets: int) -> bytes:
    """Expand to exactly `octets`, never more: a hostile stream cannot fill the memory.

    Raises:
        CompressionError: the stream is broken, or does not end where it must.
        WrongSizeError: it expands to fewer octets, or to more.
    """
    expander = zlib.decompressobj()
    try:
        expanded = expander.decompress(stream, octets + 1)
    except zlib.error as error:
        raise CompressionError("mask classes", str(error)) from error
    if len(expanded) != octets:
        raise WrongSizeError("packed mask classes", octets, len(expanded))
    if not expander.eof or expander.unused_data:
        raise CompressionError("mask classes", "the stream does not end with the last pixel")
    return expanded
