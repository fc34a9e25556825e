"""PNG files from pixels, with the standard library alone (ISO/IEC 15948, PNG specification, second edition)."""

import struct
import zlib
from collections.abc import Sequence

from ops_tools.sil.report.errors import RasterSizeError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR = 2
_INDEXED = 3
_FILTER_NONE = 0
_FILTER_SUB = 1


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _file(width: int, height: int, colour_type: int, palette: bytes, lines: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(lines, 9)), _chunk(b"IEND", b"")]
    if palette:
        chunks.insert(1, _chunk(b"PLTE", palette))
    return SIGNATURE + b"".join(chunks)


def true_colour(width: int, height: int, rgb: bytes) -> bytes:
    """A picture from ``width * height`` pixels of three octets (red, green, blue), row by row.

    Raises:
        RasterSizeError: The octets do not fill the picture.
    """
    stride = 3 * width
    if len(rgb) != stride * height:
        raise RasterSizeError("rgb", stride * height, len(rgb))
    lines = bytearray()
    for start in range(0, len(rgb), stride):
        row = rgb[start : start + stride]
        lines.append(_FILTER_SUB)
        lines += row[:3]
        lines += bytes((now - before) & 0xFF for now, before in zip(row[3:], row[:-3], strict=True))
    return _file(width, height, _TRUE_COLOUR, b"", bytes(lines))


def indexed(width: int, height: int, indices: bytes, palette: Sequence[tuple[int, int, int]]) -> bytes:
    """A picture from ``width * height`` palette indices, row by row.

    Raises:
        RasterSizeError: The indices do not fill the picture.
        ValueError: An index lies beyond the palette.
    """
    if len(indices) != width * height:
        raise RasterSizeError("indices", width * height, len(indices))
    if indices and max(indices) >= len(palette):
        raise ValueError(f"index {max(indices)} is beyond the palette of {len(palette)} colours")
    lines = b"".join(bytes([_FILTER_NONE]) + indices[start : start + width] for start in range(0, len(indices), width))
    return _file(width, height, _INDEXED, bytes(part for colour in palette for part in colour), lines)
