"""The tables of an app in its container: by command, by file, over restarts, and those of other apps."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from flightsw.app import SharedTable, Table, TableKind
from flightsw.messages.life import CheckpointFailed, CheckpointLost, CommandFailed
from flightsw.messages.store import StoredDataCorrupt
from flightsw.messages.tables import (
    MAX_DUMP_PARTS,
    MAX_TABLE_CHUNK,
    AbortTable,
    ActivateTable,
    DumpTable,
    DumpTableFile,
    Inactive,
    LoadTable,
    LoadTableFile,
    ReportTables,
    TableAborted,
    TableActivated,
    TableBufferChoice,
    TableContent,
    TableDumped,
    TableLoaded,
    TableRefused,
    TableRegistry,
    TableValidated,
    ValidateTable,
)
from flightsw.services.tables.content import TableError, TableRules
from flightsw.services.tables.image_file import TableImage
from tests.unit.flightsw.runtime.conftest import Probe, Rule, World
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import U8, U16, UpTo
from tlm_cmd.definition.message import Command, Record
from tlm_cmd.packets.crc import crc32
from tlm_cmd.packets.verification import FailureCode, Stage, VerificationReport


class Map(Record):
    """A table larger than a part."""

    points: Annotated[tuple[Annotated[int, U16], ...], UpTo(30_000)]


class Counts(Record):
    """What the app writes."""

    number: Annotated[int, U8]


class Tabled(Probe):
    """An app with a table of each kind."""

    slow = Table(Rule, file="rule.toml", swap_on_call=True)
    twice = Table(Rule, file="rule.toml", kind=TableKind.DOUBLE)
    volatile = Table(Rule, file="rule.toml", critical=False)
    map = Table(Map, file="map.toml")
    more = Table(Rule, file="rule.toml")
    counts = Table(Counts, kind=TableKind.DUMP_ONLY, initial=Counts(0))


class OtherMemory(msgspec.Struct):
    """What an older memory cannot be read as."""

    count: str = ""


class Changed(Tabled):
    """A newer version of the app."""

    state: OtherMemory  # type: ignore[assignment]


@pytest.fixture
def tabled(world: World, tmp_path: Path) -> World:
    """An app with tables, started."""
    (tmp_path / "map.toml").write_text(f"points = {list(range(1000))}\n")
    world.container.stop()
    world.app_class = Tabled
    world.container = world.contain()
    return world.start()


def do(world: World, command: Command) -> VerificationReport:
    """Send a command; returns the last report about it."""
    return world.reports(world.request(command, len(world.sent)))[-1]


def image(limit: int) -> bytes:
    """An image of the rule."""
    return codec_of(Rule).encode(Rule(limit))


def load(world: World, table: str, limit: int) -> VerificationReport:
    """Load, validate and activate."""
    octets = image(limit)
    for command in (LoadTable(table, 0, octets), ValidateTable(table, 1, zlib.crc32(octets))):
        assert do(world, command).stage is Stage.COMPLETED
    return do(world, ActivateTable(table))


def registry(world: World, table: str) -> TableRegistry:
    """What was reported last of a table."""
    return [each for each in world.of(TableRegistry) if each.table == table][-1]


def active(world: World, table: str) -> int:
    """The rule's limit that the app reads."""
    rule: Rule = getattr(world.app, table)
    return rule.limit


# -------------------------------------------------------------------- by command


def test_every_table_is_registered_at_the_start(tabled: World) -> None:
    """Name, kind, size, checksum, layout, origin and inactive buffer of each are telemetry."""
    names = [each.table for each in tabled.of(TableRegistry)]
    assert names == ["rule", "slow", "twice", "volatile", "map", "more", "counts"]
    rule = registry(tabled, "rule")
    layout = TableRules("", "", Rule, None).layout
    assert rule == TableRegistry(
        "rule", TableKind.SINGLE, True, 1, crc32(b"\x01"), layout, 0, "rule.toml", Inactive.EMPTY, 0
    )
    assert (registry(tabled, "counts").kind, registry(tabled, "counts").critical) == (TableKind.DUMP_ONLY, False)
    tabled.sent.clear()
    do(tabled, ReportTables())
    assert [each.table for each in tabled.of(TableRegistry)] == names


def test_each_step_of_a_load_is_told(tabled: World) -> None:
    """Loaded, validated, activated: the registry and the events follow."""
    do(tabled, LoadTable("rule", 0, b"\x05"))
    assert (registry(tabled, "rule").inactive, active(tabled, "rule")) == (Inactive.LOADED, 1)
    do(tabled, ValidateTable("rule", 1, zlib.crc32(b"\x05")))
    assert registry(tabled, "rule").inactive is Inactive.VALIDATED
    do(tabled, ActivateTable("rule"))
    entry = registry(tabled, "rule")
    assert (entry.inactive, entry.file, entry.checksum, active(tabled, "rule")) == (
        Inactive.EMPTY,
        "COMMAND",
        crc32(b"\x05"),
        5,
    )
    assert tabled.of(TableValidated) == [TableValidated("rule", crc32(b"\x05"))]
    assert tabled.of(TableActivated) == [TableActivated("rule", crc32(b"\x05"))]
    do(tabled, LoadTable("rule", 0, b"\x06"))
    do(tabled, AbortTable("rule"))
    assert (tabled.of(TableAborted), registry(tabled, "rule").inactive) == ([TableAborted("rule")], Inactive.EMPTY)


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        (LoadTable("none", 0, b""), "no table 'none', there is rule, slow"),
        (LoadTable("rule", 2, b"\x01"), "table rule: octet 3 is beyond the largest image of 1"),
        (LoadTable("counts", 0, b"\x01"), "table counts: is dump-only"),
        (ValidateTable("rule"), "table rule: nothing loaded to validate"),
        (ActivateTable("rule"), "table rule: nothing validated to activate"),
        (LoadTableFile("rule", "absent.tbl"), "absent.tbl is neither in the table memory of probe nor in the mission"),
        (LoadTableFile("rule", "../rule.toml"), "blob name '../rule.toml'"),
        (LoadTableFile("rule", "map.toml"), "table file map.toml: Rule has no argument 'points'"),
        (DumpTable("rule", TableBufferChoice.INACTIVE), "table rule: its inactive buffer is empty"),
        (DumpTable("rule", offset=2), "-1 octets at 2; the image has 1 octets"),
        (DumpTable("rule", length=2), "2 octets at 0; the image has 1 octets"),
        (DumpTableFile("rule", "a/b"), "blob name 'a/b'"),
    ],
)
def test_an_event_names_the_cause_of_a_refusal(tabled: World, command: Command, cause: str) -> None:
    """The verdict and the event say the same; the app goes on."""
    verdict = do(tabled, command)
    assert verdict.stage is Stage.FAILED
    assert verdict.code in (FailureCode.BAD_ARGUMENT, FailureCode.DEVICE_FAILED)
    assert cause in verdict.reason
    (event,) = tabled.of(CommandFailed)
    assert cause[:100] in event.reason
    assert load(tabled, "rule", 3).stage is Stage.COMPLETED


def test_loads_of_single_buffers_are_bounded(tabled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused until another is aborted; a double buffer has its own."""
    monkeypatch.setattr("flightsw.runtime.standard.tables.MAX_LOADS", 3)
    for table in ("rule", "slow", "volatile", "twice", "rule"):
        assert do(tabled, LoadTable(table, 0, b"\x01")).stage is Stage.COMPLETED
    verdict = do(tabled, LoadTable("more", 0, b"\x01"))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert "rule, slow, volatile are being loaded" in verdict.reason
    do(tabled, AbortTable("slow"))
    assert do(tabled, LoadTable("more", 0, b"\x01")).stage is Stage.COMPLETED


def test_a_dump_comes_in_parts(tabled: World) -> None:
    """Together they are the image; each says of which image it is part."""
    do(tabled, DumpTable("map"))
    parts = tabled.of(TableContent)
    octets = b"".join(part.data for part in parts)
    assert [part.offset for part in parts] == [0, 900, 1800]
    assert octets == codec_of(Map).encode(Map(tuple(range(1000))))
    assert {(part.table, part.octets, part.checksum) for part in parts} == {("map", len(octets), crc32(octets))}
    tabled.sent.clear()
    do(tabled, DumpTable("map", TableBufferChoice.ACTIVE, 900, 5))
    assert [(part.offset, part.data) for part in tabled.of(TableContent)] == [(900, octets[900:905])]


def test_a_dump_has_a_bound(tabled: World, tmp_path: Path) -> None:
    """A larger image is dumped piece by piece."""
    (tmp_path / "map.toml").write_text(f"points = {[7] * 30_000}\n")
    tabled.restart()
    most = MAX_DUMP_PARTS * MAX_TABLE_CHUNK
    verdict = do(tabled, DumpTable("map"))
    assert f"60002 octets in one dump, at most {most} are allowed" in verdict.reason
    assert do(tabled, DumpTable("map", TableBufferChoice.ACTIVE, 0, most)).stage is Stage.COMPLETED
    assert do(tabled, DumpTable("map", TableBufferChoice.ACTIVE, most)).stage is Stage.COMPLETED
    assert sum(len(part.data) for part in tabled.of(TableContent)) == 60_002


def test_the_app_writes_a_dump_only_table(tabled: World) -> None:
    """By assignment; the ground dumps what was written, and what is not allowed fails the handler."""
    tabled.do(lambda app: setattr(app, "counts", Counts(9)), 900)
    do(tabled, DumpTable("counts"))
    assert tabled.of(TableContent)[-1].data == b"\x09"
    do(tabled, ReportTables())
    assert registry(tabled, "counts").file == "APP"
    assert "Counts.number is 256" in tabled.do(lambda app: setattr(app, "counts", Counts(256)), 901)[-1].reason
    assert "the ground loads" in tabled.do(lambda app: setattr(app, "rule", Rule(2)), 902)[-1].reason
    assert active(tabled, "rule") == 1


def test_a_double_buffer_is_rolled_back_by_command(tabled: World) -> None:
    """Activating once more brings the former content back."""
    load(tabled, "twice", 5)
    assert registry(tabled, "twice").inactive is Inactive.PREVIOUS
    assert do(tabled, ActivateTable("twice")).stage is Stage.COMPLETED
    assert (active(tabled, "twice"), registry(tabled, "twice").file) == (1, "rule.toml")


# -------------------------------------------------------------------- the safe point


def test_a_table_waits_for_the_app(tabled: World) -> None:
    """ACTIVATE stays open, the content stays as it is, until the app calls for it."""
    assert load(tabled, "slow", 5).stage is Stage.STARTED
    assert (active(tabled, "slow"), registry(tabled, "slow").inactive) == (1, Inactive.WAITING)
    taken: list[tuple[str, ...]] = []

    def swap(app: Probe) -> None:
        assert active(tabled, "slow") == 1
        taken.append(app.swap_tables())
        assert active(tabled, "slow") == 5

    tabled.do(swap, 900)
    activation = [each for each in tabled.of(VerificationReport) if each.request.function == ActivateTable.code]
    assert [each.stage for each in activation] == [Stage.ACCEPTED, Stage.STARTED, Stage.COMPLETED]
    tabled.do(lambda app: taken.append(app.swap_tables()), 901)
    assert taken == [("slow",), ()]


def test_an_abort_ends_the_wait(tabled: World) -> None:
    """The activation has failed, and the buffer is free again."""
    load(tabled, "slow", 5)
    do(tabled, AbortTable("slow"))
    activation = [each for each in tabled.of(VerificationReport) if each.request.function == ActivateTable.code]
    assert (activation[-1].stage, activation[-1].reason) == (Stage.FAILED, "table slow was aborted")
    assert load(tabled, "slow", 6).stage is Stage.STARTED


def test_a_restart_ends_the_wait(tabled: World) -> None:
    """The activation has failed once; nothing half-loaded survives."""
    load(tabled, "slow", 5)
    tabled.restart()
    activation = [each for each in tabled.of(VerificationReport) if each.request.function == ActivateTable.code]
    assert (activation[-1].stage, activation[-1].code) == (Stage.FAILED, FailureCode.APP_UNAVAILABLE)
    assert (active(tabled, "slow"), registry(tabled, "slow").inactive) == (1, Inactive.EMPTY)
    tabled.restart()
    assert sum(each.stage.final for each in tabled.of(VerificationReport) if each.request.function == 114) == 1


# -------------------------------------------------------------------- files


def packed(limit: int) -> bytes:
    """A file for the rule."""
    return TableImage.of(TableRules("probe", "rule", Rule, None), image(limit)).pack()


def test_a_table_is_loaded_from_a_file(tabled: World) -> None:
    """The file says its length and CRC-32, so that no command has to."""
    tabled.table_files.write("new.tbl", packed(5))
    for command in (LoadTableFile("rule", "new.tbl"), ValidateTable("rule"), ActivateTable("rule")):
        assert do(tabled, command).stage is Stage.COMPLETED
    assert (active(tabled, "rule"), registry(tabled, "rule").file) == (5, "new.tbl")
    assert tabled.of(TableLoaded) == [TableLoaded("rule", "new.tbl", 0, 1)]


def test_every_flipped_bit_and_every_cut_of_a_file_is_refused(tabled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict and an event name the file and the cause; what is active stays."""
    seconds = iter(range(10_000))
    monkeypatch.setattr(tabled, "now_ns", lambda: next(seconds) * 10**9)  # slow enough for every event to pass
    good = packed(5)
    damaged = [good[:length] for length in range(len(good))]
    for bit in range(8 * len(good)):
        octets = bytearray(good)
        octets[bit // 8] ^= 0x80 >> bit % 8
        damaged.append(bytes(octets))
    for octets in damaged:
        tabled.table_files.write("bad.tbl", octets)
        tabled.sent.clear()
        verdict = do(tabled, LoadTableFile("rule", "bad.tbl"))
        assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
        assert verdict.reason.startswith("table file bad.tbl: ")
        assert [event.reason for event in tabled.of(CommandFailed)] == [verdict.reason]
    assert (active(tabled, "rule"), registry_of_now(tabled).inactive) == (1, Inactive.EMPTY)


def registry_of_now(world: World) -> TableRegistry:
    """The rule's registry entry, asked for."""
    do(world, ReportTables())
    return registry(world, "rule")


def test_the_missions_source_can_be_loaded_again(tabled: World) -> None:
    """As text, from the mission's folder, by the same rules."""
    load(tabled, "rule", 5)
    for command in (LoadTableFile("rule", "rule.toml"), ValidateTable("rule"), ActivateTable("rule")):
        assert do(tabled, command).stage is Stage.COMPLETED
    assert (active(tabled, "rule"), registry(tabled, "rule").file) == (1, "rule.toml")
    tabled.table_files.write("rule.toml", b"limit = 9")  # what was brought up goes before the mission's
    do(tabled, LoadTableFile("rule", "rule.toml"))
    do(tabled, ValidateTable("rule"))
    do(tabled, ActivateTable("rule"))
    assert active(tabled, "rule") == 9
    tabled.table_files.write("bad.toml", b"\xff")
    assert "bad.toml: " in do(tabled, LoadTableFile("rule", "bad.toml")).reason


def test_a_dumped_file_can_be_loaded(tabled: World) -> None:
    """What was written down is the same table again."""
    load(tabled, "rule", 5)
    assert do(tabled, DumpTableFile("rule", "kept.tbl")).stage is Stage.COMPLETED
    assert tabled.of(TableDumped) == [TableDumped("rule", "kept.tbl", 1)]
    load(tabled, "rule", 6)
    for command in (LoadTableFile("rule", "kept.tbl"), ValidateTable("rule"), ActivateTable("rule")):
        assert do(tabled, command).stage is Stage.COMPLETED
    assert active(tabled, "rule") == 5


def test_a_full_table_memory_is_named(tabled: World) -> None:
    """The dump is refused with the cause."""
    tabled.table_files.capacity_octets = 10
    verdict = do(tabled, DumpTableFile("rule", "kept.tbl"))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert "needs" in verdict.reason


def test_a_file_of_the_mission_that_cannot_be_read(tabled: World, tmp_path: Path) -> None:
    """A folder in its place is named."""
    (tmp_path / "odd.tbl").mkdir()
    assert "table file odd.tbl: " in do(tabled, LoadTableFile("rule", "odd.tbl")).reason


# -------------------------------------------------------------------- restarts


def test_critical_tables_survive_a_restart(tabled: World) -> None:
    """With their origin; another begins with its file."""
    load(tabled, "rule", 5)
    load(tabled, "volatile", 6)
    tabled.restart()
    assert (active(tabled, "rule"), registry(tabled, "rule").file) == (5, "COMMAND")
    assert (active(tabled, "volatile"), registry(tabled, "volatile").file) == (1, "rule.toml")


def test_a_table_survives_a_memory_that_does_not(tabled: World) -> None:
    """An app whose own memory cannot be read any more keeps its tables."""
    load(tabled, "rule", 5)
    tabled.restart(Changed)
    assert len(tabled.of(CheckpointLost)) == 1
    assert active(tabled, "rule") == 5


def test_a_stored_table_that_fits_no_more_is_told(tabled: World) -> None:
    """Another layout, or a table that is gone: an event names the cause, and the file's content is active."""
    load(tabled, "rule", 5)
    load(tabled, "more", 6)

    class Wide(Record):
        limit: Annotated[int, U16]

    class Newer(Tabled):
        rule = Table(Wide, file="rule.toml")  # type: ignore[assignment]
        more = Table(Rule, file="rule.toml", critical=False)

    tabled.restart(Newer)
    first, second = tabled.of(TableRefused)
    assert (first.table, first.reason[:18]) == ("rule", "stored for layout ")
    assert second == TableRefused("more", "the app has no critical table more any more")
    assert (active(tabled, "rule"), active(tabled, "more")) == (1, 1)
    tabled.restart(Newer)
    assert len(tabled.of(TableRefused)) == 2


def test_a_table_is_active_though_it_cannot_be_stored(tabled: World) -> None:
    """The event names the cause, once; when the store is well again the table is kept."""
    tabled.trouble = TableError("blob 'a' cannot be written: No space left on device (ENOSPC)")
    assert load(tabled, "rule", 5).stage is Stage.COMPLETED
    assert "ENOSPC" in tabled.of(CheckpointFailed)[0].reason
    assert (active(tabled, "rule"), len(tabled.of(CheckpointFailed))) == (5, 1)
    tabled.trouble = None
    tabled.container.housekeeping()
    tabled.restart()
    assert active(tabled, "rule") == 5


def test_corrupt_stored_data_is_reported_and_counted(tabled: World) -> None:
    """By the app whose it is: how much was corrupt, and whether it was recovered; the count is in its housekeeping."""
    load(tabled, "rule", 5)
    tabled.corrupt["checkpoint.probe"] = 1
    tabled.restart()
    assert tabled.of(StoredDataCorrupt) == [StoredDataCorrupt("checkpoint.probe", 1, recovered=True)]
    assert (active(tabled, "rule"), tabled.container.state.store_faults) == (5, 1)
    tabled.corrupt["checkpoint.probe"] = 2
    tabled.stored.clear()
    tabled.restart()
    assert tabled.of(StoredDataCorrupt)[-1] == StoredDataCorrupt("checkpoint.probe", 2, recovered=False)
    assert (active(tabled, "rule"), tabled.container.state.store_faults) == (1, 2)


# -------------------------------------------------------------------- other apps' tables


class Reader(Probe):
    """An app that reads a table of another."""

    theirs = SharedTable("other", "limits", Rule)


def content(limit: int, layout: bytes | None = None) -> TableContent:
    """What the owner sends."""
    octets = image(limit)
    mine = TableRules("", "", Rule, None).layout
    return TableContent("limits", TableBufferChoice.ACTIVE, layout or mine, 1, crc32(octets), 0, octets)


def tell(world: World, packet: TableContent | TableRegistry) -> None:
    """Let the owner send something."""
    world.bus.send(world.dictionary.telemetry_of("other", type(packet)).message_id, packet)
    world.bus.dispatch()


def asked(world: World) -> int:
    """How often the owner was asked; nobody takes commands for it, so each is answered by a rejection."""
    own = world.dictionary.apid_of("probe")
    reports = [each for each in world.of(VerificationReport) if each.request.source == own]
    assert all(each.request.function == DumpTable.code for each in reports)
    return len(reports)


def test_an_app_follows_the_table_of_another(world: World) -> None:
    """None at first; what the owner has when it comes; the owner is asked at the start and when it has changed."""
    world.container.stop()
    world.app_class = Reader
    world.container = world.contain()
    world.start()
    app = world.app
    assert isinstance(app, Reader)
    assert (app.theirs, asked(world)) == (None, 1)
    tell(world, content(5))
    assert app.theirs == Rule(5)
    entry = TableRegistry("limits", TableKind.SINGLE, True, 1, crc32(image(6)), bytes(8), 0, "f", Inactive.EMPTY, 0)
    tell(world, entry)
    tell(world, entry)
    assert (app.theirs, asked(world)) == (Rule(5), 2)
    world.container.housekeeping()
    assert asked(world) == 3
    tell(world, content(6))
    world.container.housekeeping()
    assert (app.theirs, asked(world)) == (Rule(6), 3)
    tell(world, content(7, bytes(8)))
    (refused,) = world.of(TableRefused)
    assert (refused.table, refused.reason[:23], app.theirs) == ("other.limits", "layout 0000000000000000", Rule(6))


def test_a_shared_table_is_no_table_of_the_reader() -> None:
    """Nothing of it can be loaded through the reader."""
    assert list(Reader.tables) == ["rule"]
    assert Reader.theirs.owner == "other"
