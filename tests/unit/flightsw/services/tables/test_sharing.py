import pytest

from flightsw.messages.tables import Inactive, TableBufferChoice, TableContent, TableKind, TableRegistry
from flightsw.services.tables.content import TableError
from flightsw.services.tables.sharing import SharedContent
from tests.unit.flightsw.services.tables.gains import RULES, Gains, image
from tlm_cmd.packets.crc import crc32


def parts(octets: bytes, size: int, **changes: object) -> list[TableContent]:
    """An image as its owner sends it."""
    said = {"table": "gains", "buffer": TableBufferChoice.ACTIVE, "layout": RULES.layout} | changes
    return [
        TableContent(**said, octets=len(octets), checksum=crc32(octets), offset=at, data=octets[at : at + size])  # type: ignore[arg-type]
        for at in range(0, len(octets), size)
    ]


def registry(octets: bytes, table: str = "gains") -> TableRegistry:
    """What the owner says it has."""
    return TableRegistry(
        table, TableKind.SINGLE, True, len(octets), crc32(octets), RULES.layout, 0, "f", Inactive.EMPTY, 0
    )


@pytest.fixture
def shared() -> SharedContent[Gains]:
    """A reader that has heard nothing."""
    return SharedContent(RULES)


def test_parts_make_the_content(shared: SharedContent[Gains]) -> None:
    """Nothing is there until the last part; then it is what the owner has."""
    assert shared.outdated
    *first, last = parts(image(5, 6, 7), 2)
    assert [shared.take(part) for part in first] == [False] * len(first)
    assert shared.content is None
    assert shared.take(last)
    assert (shared.content, shared.outdated) == (Gains(5, (6, 7)), False)
    assert not any(shared.take(part) for part in (*first, last))


def test_a_lost_part_waits_for_the_next_dump(shared: SharedContent[Gains]) -> None:
    """A gap is never closed by parts of another dump."""
    old, new = parts(image(5, 6, 7, 8), 2), parts(image(6, 7, 8, 9), 2)
    for part in (old[0], old[2], new[1], new[2]):
        assert not shared.take(part)
    assert shared.outdated
    assert [shared.take(part) for part in new] == [False, False, True]
    assert shared.content == Gains(6, (7, 8, 9))


def test_the_owner_is_asked_for_what_is_new(shared: SharedContent[Gains]) -> None:
    """Another checksum in the registry makes the copy outdated; another table's is nothing to it."""
    for part in parts(image(5), 9):
        shared.take(part)
    shared.note(registry(image(5)))
    shared.note(registry(image(9), "others"))
    assert not shared.outdated
    shared.note(registry(image(6)))
    assert shared.outdated


def test_other_tables_and_inactive_buffers_are_not_taken(shared: SharedContent[Gains]) -> None:
    """Only what is active in the table meant counts."""
    for part in (*parts(image(5), 9, table="others"), *parts(image(5), 9, buffer=TableBufferChoice.INACTIVE)):
        assert not shared.take(part)
    assert shared.content is None


@pytest.mark.parametrize(
    ("octets", "changes", "problem"),
    [
        (image(5), {"layout": bytes(8)}, "layout 0000000000000000, this app knows"),
        (image(7), {}, "7 is unlucky"),
        (b"\xff\x00", {}, "first is 255"),
    ],
)
def test_what_cannot_be_used_is_refused_once(
    shared: SharedContent[Gains], octets: bytes, changes: dict[str, object], problem: str
) -> None:
    """The former content stays, and the owner is not asked for the same again."""
    for part in parts(image(5, 6), 9):
        shared.take(part)
    (whole,) = parts(octets, 9, **changes)
    with pytest.raises(TableError, match=problem):
        shared.take(whole)
    assert (shared.content, shared.outdated) == (Gains(5, (6,)), False)


def test_a_wrong_checksum_is_refused(shared: SharedContent[Gains]) -> None:
    """Parts that do not make what was announced."""
    (part,) = parts(image(5), 9)
    with pytest.raises(TableError, match="CRC-32"):
        shared.take(TableContent("gains", TableBufferChoice.ACTIVE, RULES.layout, 2, 1, 0, part.data))
