import zlib
from pathlib import Path
from typing import Annotated

import pytest

from flightsw.services.tables import Table, TableBuffer, TableError, read_table
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import U8, Range, UpTo
from tlm_cmd.definition.message import Record


class Gains(Record):
    """A table of at most 6 octets."""

    first: Annotated[int, U8, Range(0, 100)]
    rest: Annotated[tuple[Annotated[int, U8], ...], UpTo(4)]


def check(gains: Gains) -> str | None:
    """The app's rule."""
    if gains.first == 99:
        raise ZeroDivisionError("rule")
    return "7 is unlucky" if gains.first == 7 else None


def image(first: int, *rest: int) -> bytes:
    """A binary image."""
    return codec_of(Gains).encode(Gains(first, rest))


@pytest.fixture
def table() -> TableBuffer[Gains]:
    """A table with content."""
    return TableBuffer("gains", Gains, Gains(1, (2, 3)), check)


def load(table: TableBuffer[Gains], octets: bytes) -> None:
    """Load and validate an image in one part."""
    table.load(0, octets)
    table.validate(len(octets), zlib.crc32(octets))


def test_loading_touches_only_the_inactive_buffer(table: TableBuffer[Gains]) -> None:
    """The app reads the old content until a validated new one is activated; the checksum is the active image's."""
    before = table.checksum
    load(table, image(5, 6))
    assert (table.active, table.checksum) == (Gains(1, (2, 3)), before)
    table.activate()
    assert (table.active, table.image) == (Gains(5, (6,)), image(5, 6))
    assert table.checksum == zlib.crc32(image(5, 6))


def test_parts_may_come_in_pieces_and_again(table: TableBuffer[Gains]) -> None:
    """A part may be repeated or overlap another; only a gap is refused."""
    octets = image(5, 6, 7)
    table.load(0, octets[:2])
    table.load(1, octets[1:])
    table.load(1, octets[1:3])
    with pytest.raises(TableError, match="table gains: part at 5 leaves a gap behind octet 4"):
        table.load(5, b"x")
    table.validate(len(octets), zlib.crc32(octets))
    table.activate()
    assert table.active == Gains(5, (6, 7))


def test_a_load_has_a_bound(table: TableBuffer[Gains]) -> None:
    """No octet beyond the largest legal image is taken."""
    table.load(0, bytes(6))
    with pytest.raises(TableError, match="octet 7 is beyond the largest image of 6"):
        table.load(6, b"x")


@pytest.mark.parametrize(
    ("octets", "length", "checksum", "problem"),
    [
        (image(5), 9, None, "2 octets loaded, 9 announced"),
        (image(5), 2, 0xDEAD, "CRC-32 0x.{8}, announced 0x0000dead"),
        (b"\x05\x05abc", 5, None, "Gains"),
        (b"\xff\x00", 2, None, "first is 255, allowed are 0 to 100"),
        (image(7), 2, None, "7 is unlucky"),
        (image(99), 2, None, "its rule failed, ZeroDivisionError: rule"),
    ],
)
def test_what_is_not_allowed_is_not_validated(
    table: TableBuffer[Gains], octets: bytes, length: int, checksum: int | None, problem: str
) -> None:
    """Length, checksum, types, ranges and the app's rule are checked; the active content stays."""
    table.load(0, octets)
    with pytest.raises(TableError, match=f"table gains: .*{problem}"):
        table.validate(length, zlib.crc32(octets[:length]) if checksum is None else checksum)
    with pytest.raises(TableError, match="nothing validated to activate"):
        table.activate()
    assert table.active == Gains(1, (2, 3))


def test_a_load_behind_the_validation_undoes_it(table: TableBuffer[Gains]) -> None:
    """What is activated is what was validated, nothing that came later."""
    load(table, image(5))
    table.load(0, image(6))
    with pytest.raises(TableError, match="nothing validated"):
        table.activate()


def test_a_failed_validation_undoes_the_one_before(table: TableBuffer[Gains]) -> None:
    """The last word about the buffer counts."""
    load(table, image(5))
    with pytest.raises(TableError, match="CRC-32"):
        table.validate(2, 0)
    with pytest.raises(TableError, match="nothing validated"):
        table.activate()


def test_a_validation_may_cover_the_begin_only(table: TableBuffer[Gains]) -> None:
    """What lies behind the announced length is cut off."""
    table.load(0, image(5) + b"junk")
    table.validate(2, zlib.crc32(image(5)))
    table.activate()
    assert table.image == image(5)


def test_an_abort_forgets_the_load(table: TableBuffer[Gains]) -> None:
    """The next load begins anew."""
    load(table, image(5))
    table.abort()
    with pytest.raises(TableError, match="nothing validated"):
        table.activate()
    load(table, image(6))
    table.activate()
    with pytest.raises(TableError, match="nothing validated"):
        table.activate()


def test_a_stored_image_is_checked_as_well(table: TableBuffer[Gains]) -> None:
    """What a checkpoint holds is restored, or refused by the same rules."""
    table.restore(image(5, 6))
    assert table.active == Gains(5, (6,))
    for bad in (image(7), image(99), b"", image(5) + b"x"):
        with pytest.raises(TableError, match="table gains"):
            table.restore(bad)
    assert table.active == Gains(5, (6,))


class Owner:
    """An app class."""

    gains = Table(Gains, file="gains.toml", check=check)


def test_a_table_is_read_from_toml(tmp_path: Path) -> None:
    """The declaration knows its name, its file and its rule."""
    (tmp_path / "gains.toml").write_text("first = 4\nrest = [5]\n")
    assert Owner.gains.name == "gains"
    assert Owner.gains.open(tmp_path).active == Gains(4, (5,))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("first = 4", "needs the argument 'rest'"),
        ("first = 4\nrest = [5]\nmore = 1", "no argument 'more'"),
        ("first = 101\nrest = []", "first is 101, allowed are 0 to 100"),
        ("first = 'x'\nrest = []", "first is 'x'"),
        ("first = [", "gains.toml: "),
        ("first = 7\nrest = []", "gains.toml: 7 is unlucky"),
        ("first = 99\nrest = []", "its rule failed"),
    ],
)
def test_a_table_file_is_checked(tmp_path: Path, content: str, problem: str) -> None:
    """The error names the file, the field and what is allowed."""
    (tmp_path / "gains.toml").write_text(content)
    with pytest.raises(TableError, match=f"table file .*{problem}"):
        Owner.gains.open(tmp_path)


def test_a_table_file_must_be_there_and_readable(tmp_path: Path) -> None:
    """A missing file, a folder and octets that are no text are told apart."""
    with pytest.raises(TableError, match=r"table file .*gains\.toml is missing"):
        read_table(Gains, tmp_path / "gains.toml")
    with pytest.raises(TableError, match=r"table file .*directory"):
        read_table(Gains, tmp_path)
    (tmp_path / "gains.toml").write_bytes(b"\xff")
    with pytest.raises(TableError, match=r"table file .*utf-8"):
        read_table(Gains, tmp_path / "gains.toml")
