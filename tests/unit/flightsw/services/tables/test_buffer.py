import random
import zlib

import pytest

from flightsw.messages.tables import Inactive, TableBufferChoice, TableKind
from flightsw.services.tables.buffer import BY_APP, BY_COMMAND, Origin, TableBuffer
from flightsw.services.tables.content import TableError, TableRules
from flightsw.services.tables.image_file import TableImage
from tests.unit.flightsw.services.tables.gains import RULES, Gains, image


def buffer(kind: TableKind = TableKind.SINGLE) -> TableBuffer[Gains]:
    """A table with content."""
    return TableBuffer(RULES, Gains(1, (2, 3)), kind, "gains.toml")


@pytest.fixture
def table() -> TableBuffer[Gains]:
    """A single-buffer table with content."""
    return buffer()


def load(table: TableBuffer[Gains], octets: bytes) -> None:
    """Load and validate an image in one part."""
    table.load(0, octets)
    table.validate(len(octets), zlib.crc32(octets))


def test_loading_touches_only_the_inactive_buffer(table: TableBuffer[Gains]) -> None:
    """The app reads the old content until a validated new one is activated; the checksum is the active image's."""
    before = table.checksum
    load(table, image(5, 6))
    assert (table.active, table.checksum, table.inactive) == (Gains(1, (2, 3)), before, Inactive.VALIDATED)
    assert table.image_in(TableBufferChoice.INACTIVE) == image(5, 6)
    table.activate(70)
    assert (table.active, table.image) == (Gains(5, (6,)), image(5, 6))
    assert table.checksum == zlib.crc32(image(5, 6))
    assert (table.origin, table.inactive) == (Origin(BY_COMMAND, 70), Inactive.EMPTY)


def test_a_part_is_laid_over_the_active_content(table: TableBuffer[Gains]) -> None:
    """One octet changes one value; the rest is what was active."""
    table.load(3, b"\x09")
    patched = image(1, 2, 9)
    table.validate(len(patched), zlib.crc32(patched))
    table.activate(0)
    assert table.active == Gains(1, (2, 9))


def test_parts_may_come_in_pieces_and_again(table: TableBuffer[Gains]) -> None:
    """A part may be repeated or overlap another; only a gap is refused."""
    octets = image(5, 6, 7)
    table.load(0, octets[:2])
    table.load(1, octets[1:])
    table.load(1, octets[1:3])
    with pytest.raises(TableError, match="table gains: part at 5 leaves a gap behind octet 4"):
        table.load(5, b"x")
    table.validate(len(octets), zlib.crc32(octets))
    table.activate(0)
    assert table.active == Gains(5, (6, 7))


def test_random_parts_make_the_image(table: TableBuffer[Gains]) -> None:
    """However an image is cut into parts that overlap, what is activated is the image."""
    chance = random.Random(1)
    for case in range(200):
        octets = image(chance.randrange(7), *chance.randbytes(chance.randrange(5)))
        done = 0
        while done < len(octets):
            begin = chance.randint(max(0, done - 2), done)
            end = chance.randint(done, len(octets))
            table.load(begin, octets[begin:end])
            done = max(done, end)
        table.validate(len(octets), zlib.crc32(octets))
        table.activate(case)
        assert table.image == octets


def test_a_load_has_a_bound(table: TableBuffer[Gains]) -> None:
    """No octet beyond the largest legal image is taken, and a refused part leaves what was loaded."""
    table.load(0, bytes(6))
    with pytest.raises(TableError, match="octet 7 is beyond the largest image of 6"):
        table.load(6, b"x")
    assert table.inactive_octets == 6


@pytest.mark.parametrize(
    ("octets", "length", "checksum", "problem"),
    [
        (image(5), 9, None, "4 octets loaded, 9 announced"),
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
        table.activate(0)
    assert table.active == Gains(1, (2, 3))


def test_nothing_can_be_validated_that_was_not_loaded(table: TableBuffer[Gains]) -> None:
    """Nor what nobody announced."""
    with pytest.raises(TableError, match="nothing loaded"):
        table.validate(4, table.checksum)
    table.load(0, image(5))
    with pytest.raises(TableError, match="no file announced"):
        table.validate()


def test_a_load_behind_the_validation_undoes_it(table: TableBuffer[Gains]) -> None:
    """What is activated is what was validated, nothing that came later."""
    load(table, image(5))
    table.load(0, image(6))
    with pytest.raises(TableError, match="nothing validated"):
        table.activate(0)


def test_a_failed_validation_undoes_the_one_before(table: TableBuffer[Gains]) -> None:
    """The last word about the buffer counts."""
    load(table, image(5))
    with pytest.raises(TableError, match="CRC-32"):
        table.validate(2, 0)
    with pytest.raises(TableError, match="nothing validated"):
        table.activate(0)


def test_a_validation_may_cover_the_begin_only(table: TableBuffer[Gains]) -> None:
    """What lies behind the announced length is cut off."""
    table.load(0, image(5) + b"junk")
    table.validate(2, zlib.crc32(image(5)))
    table.activate(0)
    assert table.image == image(5)


def test_an_abort_forgets_the_load(table: TableBuffer[Gains]) -> None:
    """The next load begins anew."""
    load(table, image(5))
    table.abort()
    assert table.inactive is Inactive.EMPTY
    with pytest.raises(TableError, match="nothing validated"):
        table.activate(0)
    with pytest.raises(TableError, match="inactive buffer is empty"):
        table.image_in(TableBufferChoice.INACTIVE)
    load(table, image(6))
    table.activate(0)
    with pytest.raises(TableError, match="nothing validated"):
        table.activate(0)


def test_a_double_buffer_steps_back() -> None:
    """It keeps what was active before, can be activated again, and a new load begins on what is active."""
    table = buffer(TableKind.DOUBLE)
    load(table, image(5, 6))
    table.activate(10)
    assert (table.inactive, table.image_in(TableBufferChoice.INACTIVE)) == (Inactive.PREVIOUS, image(1, 2, 3))
    table.activate(20)
    assert (table.active, table.origin) == (Gains(1, (2, 3)), Origin("gains.toml", 20))
    assert table.image_in(TableBufferChoice.INACTIVE) == image(5, 6)
    table.load(0, b"\x08")
    assert table.image_in(TableBufferChoice.INACTIVE) == image(8, 2, 3)


def test_nothing_touches_what_waits_for_the_app(table: TableBuffer[Gains]) -> None:
    """Between the activation and the app's swap the buffer takes no load; an abort ends the wait."""
    with pytest.raises(TableError, match="nothing validated"):
        table.wait()
    load(table, image(5))
    table.wait()
    assert (table.inactive, table.active) == (Inactive.WAITING, Gains(1, (2, 3)))
    with pytest.raises(TableError, match="waits for the app; abort it first"):
        table.load(0, b"\x01")
    with pytest.raises(TableError, match="waits for the app"):
        table.validate(2, 0)
    table.abort()
    load(table, image(5))
    table.wait()
    table.activate(0)
    assert table.active == Gains(5, ())


def test_a_dump_only_table_is_written_by_its_app_alone(table: TableBuffer[Gains]) -> None:
    """It takes no load, and what the app writes must be allowed; no other table can be written by its app."""
    counts = buffer(TableKind.DUMP_ONLY)
    with pytest.raises(TableError, match="dump-only"):
        counts.load(0, b"\x01")
    with pytest.raises(TableError, match="dump-only"):
        counts.validate(1, 1)
    with pytest.raises(TableError, match="dump-only"):
        counts.load_file(TableImage.of(RULES, image(5)), "gains.tbl")
    counts.write(Gains(9, ()), 30)
    assert (counts.active, counts.image, counts.origin) == (Gains(9, ()), image(9), Origin(BY_APP, 30))
    with pytest.raises(TableError, match="first is 101"):
        counts.write(Gains(101, ()), 40)
    assert counts.image == image(9)
    with pytest.raises(TableError, match="this one the ground loads"):
        table.write(Gains(9, ()), 0)


def test_a_stored_image_is_checked_as_well(table: TableBuffer[Gains]) -> None:
    """What a checkpoint holds is restored, or refused by the same rules."""
    table.restore(image(5, 6), Origin("gains.tbl", 5))
    assert (table.active, table.origin) == (Gains(5, (6,)), Origin("gains.tbl", 5))
    for bad in (image(7), image(99), b"", image(5) + b"x"):
        with pytest.raises(TableError, match="table gains"):
            table.restore(bad, Origin(""))
    assert table.active == Gains(5, (6,))


# -------------------------------------------------------------------- files


def test_a_file_announces_what_is_validated(table: TableBuffer[Gains]) -> None:
    """A whole image replaces what was loaded; its length and CRC-32 need no command."""
    table.load(0, image(9, 9, 9, 9, 9)[:4])
    table.load_file(TableImage.of(RULES, image(5)), "new.tbl")
    assert table.validate() == zlib.crc32(image(5))
    table.activate(1)
    assert (table.active, table.origin) == (Gains(5, ()), Origin("new.tbl", 1))


def test_a_file_with_a_part_fits_one_content_only(table: TableBuffer[Gains]) -> None:
    """Laid over the content it was made for it is validated; over another one it is refused."""
    wanted = image(1, 2, 9)
    table.load_file(TableImage.of(RULES, wanted, 3, 1), "part.tbl")
    table.validate()
    table.activate(1)
    assert table.active == Gains(1, (2, 9))
    load(table, image(4, 2, 3))
    table.activate(2)
    table.load_file(TableImage.of(RULES, wanted, 3, 1), "part.tbl")
    with pytest.raises(TableError, match="CRC-32"):
        table.validate()


def test_a_load_by_command_makes_the_announcement_void(table: TableBuffer[Gains]) -> None:
    """What comes behind a file must be announced by the command that validates it."""
    table.load_file(TableImage.of(RULES, image(5)), "new.tbl")
    table.load(0, b"\x06")
    with pytest.raises(TableError, match="no file announced"):
        table.validate()


def test_a_file_for_something_else_leaves_what_was_loaded(table: TableBuffer[Gains]) -> None:
    """Another app, table or layout, or too long an image, is refused by its name."""
    load(table, image(5))
    other = TableRules("thermal", "gains", Gains, None)
    with pytest.raises(TableError, match=r"table file x\.tbl: built for thermal\.gains, not for power\.gains"):
        table.load_file(TableImage.of(other, image(5)), "x.tbl")
    with pytest.raises(TableError, match=r"x\.tbl: image of 9 octets, the largest has 6"):
        table.load_file(TableImage.of(RULES, bytes(9)), "x.tbl")
    table.activate(0)
    assert table.active == Gains(5, ())
