import struct

import pytest

from flightsw.services.tables.content import TableError, TableRules
from flightsw.services.tables.image_file import HEADER_OCTETS, TableImage
from tests.unit.flightsw.services.tables.gains import RULES, Gains, image
from tlm_cmd.packets.crc import crc32

FILE = TableImage.of(RULES, image(5, 6, 7)).pack()


def test_the_header_is_as_documented() -> None:
    """Magic, version, spare, app, table, layout, whole length and CRC-32, offset, length, CRC-32, then the part."""
    octets = image(5, 6, 7)
    header = b"FSTB\x01\0\0\0" + b"power".ljust(32, b"\0") + b"gains".ljust(32, b"\0") + RULES.layout
    header += struct.pack(">IIII", len(octets), crc32(octets), 1, 2)
    part = octets[1:3]
    packed = TableImage.of(RULES, octets, 1, 2).pack()
    assert packed == header + struct.pack(">I", crc32(header + part)) + part
    assert len(header) + 4 == HEADER_OCTETS


def test_what_was_packed_is_unpacked() -> None:
    """Whole images and parts come back as they were."""
    for file in (TableImage.of(RULES, image(5, 6)), TableImage.of(RULES, image(5, 6), 1, 1), TableImage.of(RULES, b"")):
        assert TableImage.unpack(file.pack(), "file") == file
    assert TableImage.of(RULES, image(5, 6)).is_whole
    assert not TableImage.of(RULES, image(5, 6), 1).is_whole


def test_every_flipped_bit_is_found() -> None:
    """No file with one wrong bit is taken, wherever it is; the error names the file."""
    for bit in range(8 * len(FILE)):
        octets = bytearray(FILE)
        octets[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(TableError, match=r"^table file x\.tbl: "):
            TableImage.unpack(bytes(octets), "table file x.tbl")


def test_every_cut_and_every_addition_is_found() -> None:
    """No file that is shorter or longer is taken."""
    for length in range(len(FILE)):
        with pytest.raises(TableError, match=r"^x: cut short"):
            TableImage.unpack(FILE[:length], "x")
    with pytest.raises(TableError, match=r"^x: cut short or corrupt, 5 octets of 4 are there"):
        TableImage.unpack(FILE + b"\0", "x")


def sealed(octets: bytes) -> bytes:
    """The file with its checksum made right again."""
    head, part = octets[: HEADER_OCTETS - 4], octets[HEADER_OCTETS:]
    return head + struct.pack(">I", crc32(part, crc32(head))) + part


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (b"FSNV" + FILE[4:], "no table image, it begins with b'FSNV'"),
        (FILE[:4] + b"\2" + FILE[5:], "version 2 of the format, 1 is known"),
        (FILE[:8] + b"\xff" + FILE[9:], "names that are no text"),
    ],
)
def test_what_is_no_table_image_is_told_apart(octets: bytes, problem: str) -> None:
    """With a checksum that is right."""
    with pytest.raises(TableError, match=problem):
        TableImage.unpack(sealed(octets), "x")


@pytest.mark.parametrize(("offset", "octets"), [(-1, 1), (0, 0), (0, 5), (4, None), (3, 2)])
def test_a_part_lies_within_its_image(offset: int, octets: int | None) -> None:
    """An empty part, or one beyond the end, is refused."""
    with pytest.raises(TableError, match="the image has 4 octets"):
        TableImage.of(RULES, image(5, 6, 7), offset, octets)


def test_an_image_of_another_layout_is_named() -> None:
    """Both layouts stand in the error."""
    file = TableImage.of(TableRules("power", "gains", OtherGains, None), image(5))
    with pytest.raises(
        TableError, match=f"x: built for layout {file.layout.hex()}, this gains has layout {RULES.layout.hex()}"
    ):
        file.check_for(RULES, "x")


class OtherGains(Gains):
    """One field more."""

    more: bool
