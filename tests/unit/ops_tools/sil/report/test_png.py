import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.sil.report import png
from ops_tools.sil.report.errors import RasterSizeError


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and body of each chunk, with signature and checksums verified."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        assert crc == zlib.crc32(kind + body)
        found.append((kind, body))
        at += 12 + length
    return found


def pixels(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and unfiltered octets of a picture with filters 0 (none) and 1 (sub)."""
    found = chunks(data)
    assert found[0][0] == b"IHDR"
    assert found[-1] == (b"IEND", b"")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", found[0][1])
    assert (depth, compression, filtering, interlace) == (8, 0, 0, 0)
    step = 3 if colour == 2 else 1
    lines = zlib.decompress(b"".join(body for kind, body in found if kind == b"IDAT"))
    stride = step * width + 1
    assert len(lines) == stride * height
    out = bytearray()
    for top in range(0, len(lines), stride):
        row = bytearray(lines[top + 1 : top + stride])
        if lines[top] == 1:
            for index in range(step, len(row)):
                row[index] = (row[index] + row[index - step]) & 0xFF
        out += row
    return width, height, bytes(out)


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_true_colour_decodes_to_its_pixels(width: int, height: int, data: st.DataObject) -> None:
    """A decoder gets back every octet, and every checksum is right."""
    rgb = data.draw(st.binary(min_size=3 * width * height, max_size=3 * width * height))
    assert pixels(png.true_colour(width, height, rgb)) == (width, height, rgb)


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_indexed_decodes_to_its_indices(width: int, height: int, data: st.DataObject) -> None:
    """A decoder gets back indices and palette."""
    palette = [(1, 2, 3), (250, 251, 252), (9, 8, 7)]
    size = width * height
    indices = bytes(data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)))
    picture = png.indexed(width, height, indices, palette)
    assert pixels(picture) == (width, height, indices)
    assert dict(chunks(picture))[b"PLTE"] == bytes([1, 2, 3, 250, 251, 252, 9, 8, 7])


def test_pixels_must_fill_the_picture() -> None:
    """Too few octets are refused with both counts."""
    with pytest.raises(RasterSizeError) as caught:
        png.true_colour(2, 2, bytes(11))
    assert (caught.value.expected, caught.value.found) == (12, 11)
    with pytest.raises(RasterSizeError):
        png.indexed(2, 2, bytes(5), [(0, 0, 0)])


def test_an_index_beyond_the_palette_is_refused() -> None:
    """No picture is written that a reader would refuse."""
    with pytest.raises(ValueError, match="index 1 is beyond the palette of 1"):
        png.indexed(1, 1, b"\x01", [(0, 0, 0)])
