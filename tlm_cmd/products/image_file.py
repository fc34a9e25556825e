"""The image file: what a camera writes, the payload reads and the report shows.

Octets, all numbers big-endian:

| offset | size | field |
|---|---|---|
| 0 | 4 | magic, ``FSIM`` |
| 4 | 1 | format version, 1 |
| 5 | 1 | sample type (`SampleType`) |
| 6 | 1 | bands, 1 to 16 |
| 7 | 1 | flags (`ProductFlag`) |
| 8 | 2 | height [pixels], 1 to 4096 |
| 10 | 2 | width [pixels], 1 to 4096 |
| 12 | 2 | scale: samples per unit of reflectance, 1 to 65535 |
| 14 | 4 | target id |
| 18 | 4 | exposure index |
| 22 | 4 | CRC-32 (IEEE 802.3) of octets 0 to 21 and of the pixels |
| 26 | bands x height x width x sample size | pixels, band-sequential, rows from the top |
"""

import struct
import zlib
from enum import Enum, unique

import msgspec

from tlm_cmd.errors import ChecksumError, TooShortError, check_range
from tlm_cmd.products.errors import UnknownValueError, WrongMagicError, WrongSizeError
from tlm_cmd.products.flags import ProductFlag, flags_from

MAGIC = b"FSIM"
VERSION = 1
MAX_BANDS = 16
MAX_SIDE = 4096
"""Longest side of an image [pixels]; with `MAX_BANDS` it bounds a file to 512 MiB."""

_FIELDS = struct.Struct(">4sBBBBHHHII")
_CRC = struct.Struct(">I")
HEADER_OCTETS = _FIELDS.size + _CRC.size
_NAME = "image file"
_U16_MAX, _U32_MAX = 0xFFFF, 0xFFFF_FFFF


@unique
class SampleType(Enum):
    """How one sample is stored; the value is its code in the header."""

    UINT8 = 1
    UINT16 = 2

    @property
    def octets(self) -> int:
        """Size of one sample."""
        return self.value


class ImageHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What an image is, without its pixels."""

    target_id: int
    """Number of the place in the target list, 0 to 2**32 - 1."""
    exposure_index: int
    """Running number of the exposure of this target, 0 to 2**32 - 1."""
    bands: int
    height: int
    width: int
    scale: int = 10_000
    """Samples per unit of reflectance: reflectance = sample / scale."""
    sample_type: SampleType = SampleType.UINT16
    flags: ProductFlag = ProductFlag(0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, height and width."""
        return self.bands, self.height, self.width

    @property
    def pixel_octets(self) -> int:
        """Octets that the pixels take."""
        return self.bands * self.height * self.width * self.sample_type.octets


def pack_image(header: ImageHeader, pixels: bytes | bytearray | memoryview) -> bytes:
    """The octets of an image file.

    Args:
        header: what the image is.
        pixels: band-sequential big-endian samples, exactly ``header.pixel_octets`` octets.

    Raises:
        FieldRangeError: a header field lies outside its range.
        WrongSizeError: the pixels do not fill the declared shape.
    """
    _check(header)
    body = memoryview(pixels).cast("B")
    if len(body) != header.pixel_octets:
        raise WrongSizeError("image pixels", header.pixel_octets, len(body))
    head = _FIELDS.pack(
        MAGIC,
        VERSION,
        header.sample_type.value,
        header.bands,
        header.flags,
        header.height,
        header.width,
        header.scale,
        header.target_id,
        header.exposure_index,
    )
    return b"".join((head, _CRC.pack(zlib.crc32(body, zlib.crc32(head))), body))


def parse_image(data: bytes | bytearray | memoryview) -> tuple[ImageHeader, memoryview]:
    """The header and a read-only view of the pixels; nothing is copied.

    Raises:
        TooShortError: fewer octets than the header or the declared shape needs.
        WrongMagicError: not an image file.
        UnknownValueError: version, sample type or flags of another format.
        FieldRangeError: a header field lies outside its range.
        WrongSizeError: octets remain behind the pixels.
        ChecksumError: header or pixels are damaged.
    """
    view = memoryview(data).cast("B").toreadonly()
    if len(view) < HEADER_OCTETS:
        raise TooShortError(_NAME, HEADER_OCTETS, len(view))
    magic, version, code, bands, flags, height, width, scale, target_id, exposure = _FIELDS.unpack_from(view)
    if magic != MAGIC:
        raise WrongMagicError(_NAME, MAGIC, magic)
    if version != VERSION:
        raise UnknownValueError("image format version", version, (VERSION,))
    if code not in (codes := tuple(kind.value for kind in SampleType)):
        raise UnknownValueError("image sample type", code, codes)
    header = ImageHeader(
        target_id=target_id,
        exposure_index=exposure,
        bands=bands,
        height=height,
        width=width,
        scale=scale,
        sample_type=SampleType(code),
        flags=flags_from("image flags", flags),
    )
    _check(header)
    pixels = view[HEADER_OCTETS:]
    if len(pixels) < header.pixel_octets:
        raise TooShortError(_NAME, HEADER_OCTETS + header.pixel_octets, len(view))
    if len(pixels) > header.pixel_octets:
        raise WrongSizeError("image pixels", header.pixel_octets, len(pixels))
    (expected,) = _CRC.unpack_from(view, _FIELDS.size)
    found = zlib.crc32(pixels, zlib.crc32(view[: _FIELDS.size]))
    if found != expected:
        raise ChecksumError(_NAME, expected, found)
    return header, pixels


def _check(header: ImageHeader) -> None:
    """Raise FieldRangeError unless every number fits its field."""
    check_range("image target id", header.target_id, 0, _U32_MAX)
    check_range("image exposure index", header.exposure_index, 0, _U32_MAX)
    check_range("image bands", header.bands, 1, MAX_BANDS)
    check_range("image height", header.height, 1, MAX_SIDE)
    check_range("image width", header.width, 1, MAX_SIDE)
    check_range("image scale", header.scale, 1, _U16_MAX)
