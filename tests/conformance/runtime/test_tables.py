"""Tables on either runtime: loaded from files, swapped at the app's point, kept over resets, shared, dumped."""

from __future__ import annotations

from flight.gate.messages import AskFactor, FactorSeen
from flight.harness import SmallFlight
from flight.sink.app import Sink
from flight.sink.messages import AskStatus, Rule, SinkStatus, TakeTables

from flightsw.core.executive.messages import PowerOnReset, ProcessorReset
from flightsw.messages.life import AppStarted, CommandFailed
from flightsw.messages.tables import (
    AbortTable,
    ActivateTable,
    DumpTable,
    DumpTableFile,
    Inactive,
    LoadTable,
    LoadTableFile,
    ReportTables,
    TableBufferChoice,
    TableContent,
    TableRegistry,
    ValidateTable,
)
from flightsw.services.tables.image_file import TableImage
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.packets.crc import crc32
from tlm_cmd.packets.verification import FailureCode, Stage


def image(factor: int) -> bytes:
    """An image of the sink's rule."""
    return codec_of(Rule).encode(Rule(factor, watch_ticks=False))


def put(flight: SmallFlight, file: str, factor: int, table: str = "rule") -> None:
    """Bring a table file on board."""
    rules = Sink.tables[table].rules("sink")
    flight.vehicle.table_memory("sink").write(file, TableImage.of(rules, image(factor)).pack())


def activate(flight: SmallFlight, file: str) -> None:
    """Load, validate and activate a file."""
    for command in (LoadTableFile("rule", file), ValidateTable("rule"), ActivateTable("rule")):
        assert flight.command("sink", command).stage is Stage.COMPLETED


def registry(flight: SmallFlight, table: str) -> TableRegistry:
    """What the sink says of a table now."""
    before = len(flight.messages(TableRegistry, "sink"))
    flight.command("sink", ReportTables())
    flight.until(lambda: len(flight.messages(TableRegistry, "sink")) >= before + 2, "the registry")
    return [each for each in flight.messages(TableRegistry, "sink") if each.table == table][-1]


def factor(flight: SmallFlight) -> int:
    """What the sink works by."""
    return flight.ask("sink", AskStatus(), SinkStatus).factor


def test_a_table_is_loaded_from_a_file(flight: SmallFlight) -> None:
    """The registry says what is active, since when, and from which file."""
    put(flight, "new.tbl", 5)
    activate(flight, "new.tbl")
    entry = registry(flight, "rule")
    assert (entry.file, entry.checksum, entry.inactive) == ("new.tbl", crc32(image(5)), Inactive.EMPTY)
    assert entry.updated_met_ns > 0
    assert factor(flight) == 5


def test_a_damaged_file_is_refused(flight: SmallFlight) -> None:
    """Cut short, or with one flipped bit: the verdict and an event name the cause."""
    put(flight, "new.tbl", 5)
    memory = flight.vehicle.table_memory("sink")
    good = memory.read("new.tbl")
    assert good is not None
    for octets, cause in ((good[:-1], "cut short"), (good[:-1] + bytes((good[-1] ^ 1,)), "corrupt, CRC-32")):
        memory.write("bad.tbl", octets)
        verdict = flight.command("sink", LoadTableFile("rule", "bad.tbl"))
        assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
        assert f"table file bad.tbl: {cause}" in verdict.reason
        flight.until(
            lambda reason=verdict.reason: any(reason == each.reason for each in flight.messages(CommandFailed)),  # type: ignore[misc]
            "the event",
        )
    assert registry(flight, "rule").inactive is Inactive.EMPTY
    assert factor(flight) == 1


def test_a_part_is_laid_over_what_is_active(flight: SmallFlight) -> None:
    """One octet by command changes one field."""
    wanted = image(9)
    for command in (
        LoadTable("rule", 3, wanted[3:4]),
        ValidateTable("rule", len(wanted), crc32(wanted)),
        ActivateTable("rule"),
    ):
        assert flight.command("sink", command).stage is Stage.COMPLETED
    assert factor(flight) == 9


def test_an_app_takes_a_table_where_it_calls_for_it(flight: SmallFlight) -> None:
    """The activation stays open until then; an abort ends it; the former content is one step back."""
    put(flight, "new.tbl", 7, "offset")
    flight.command("sink", LoadTableFile("offset", "new.tbl"))
    flight.command("sink", ValidateTable("offset"))
    first = flight.send("sink", ActivateTable("offset"))
    flight.until(lambda: any(each.stage is Stage.STARTED for each in flight.reports(first)), "the start")
    assert registry(flight, "offset").inactive is Inactive.WAITING
    flight.command("sink", TakeTables())
    assert flight.verdict(first).stage is Stage.COMPLETED
    assert flight.ask("sink", AskStatus(), SinkStatus).value == 1007
    second = flight.send("sink", ActivateTable("offset"))
    flight.until(lambda: any(each.stage is Stage.STARTED for each in flight.reports(second)), "the start")
    flight.command("sink", AbortTable("offset"))
    assert flight.verdict(second).reason == "table offset was aborted"


def test_a_crash_ends_the_wait_for_the_app(flight: SmallFlight) -> None:
    """The activation that the app did not live to take has failed, once."""
    put(flight, "new.tbl", 7, "offset")
    flight.command("sink", LoadTableFile("offset", "new.tbl"))
    flight.command("sink", ValidateTable("offset"))
    request = flight.send("sink", ActivateTable("offset"))
    flight.until(lambda: any(each.stage is Stage.STARTED for each in flight.reports(request)), "the start")
    flight.vehicle.crash("sink")
    assert flight.verdict(request).code is FailureCode.APP_UNAVAILABLE
    assert registry(flight, "offset").checksum == crc32(image(1))


def test_a_critical_table_survives_a_reset_of_the_processor(flight: SmallFlight) -> None:
    """Behind a crash, and when everything begins anew from the store, what was activated is in effect."""
    put(flight, "new.tbl", 5)
    activate(flight, "new.tbl")
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    assert factor(flight) == 5
    flight.vehicle.reset()
    flight.await_start("sink", 3)
    assert [event.checkpoint for event in flight.messages(AppStarted, "sink")] == [False, True, True]
    assert factor(flight) == 5
    entry = registry(flight, "rule")
    assert (entry.file, entry.checksum) == ("new.tbl", crc32(image(5)))


def test_a_power_on_reset_goes_back_to_the_files(flight: SmallFlight) -> None:
    """A commanded processor reset keeps what was activated, a power-on reset does not."""
    put(flight, "new.tbl", 5)
    activate(flight, "new.tbl")
    assert flight.command("executive", ProcessorReset()).stage is Stage.COMPLETED
    flight.await_start("sink", 2)
    assert factor(flight) == 5
    flight.send("executive", PowerOnReset())
    flight.await_start("sink", 3)
    assert factor(flight) == 1


def test_another_app_reads_the_table(flight: SmallFlight) -> None:
    """It follows each activation, and has the content again behind the owner's and its own crash."""

    def seen(expected: int) -> None:
        flight.until(lambda: flight.ask("gate", AskFactor(), FactorSeen).factor == expected, f"factor {expected}")

    seen(1)
    put(flight, "new.tbl", 5)
    activate(flight, "new.tbl")
    seen(5)
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    put(flight, "newer.tbl", 6)
    activate(flight, "newer.tbl")
    seen(6)
    flight.vehicle.crash("gate")
    seen(6)


def test_a_table_is_dumped(flight: SmallFlight) -> None:
    """As telemetry, active and inactive, and into a file that can be loaded."""
    flight.command("sink", LoadTable("rule", 0, image(8)))
    for choice, expected in ((TableBufferChoice.ACTIVE, 1), (TableBufferChoice.INACTIVE, 8)):
        flight.command("sink", DumpTable("rule", choice))
        flight.until(
            lambda choice=choice: any(each.buffer is choice for each in flight.messages(TableContent, "sink")),  # type: ignore[misc]
            "the content",
        )
        packet = [each for each in flight.messages(TableContent, "sink") if each.buffer is choice][-1]
        assert packet.data == image(expected)
        assert (packet.octets, packet.checksum) == (len(packet.data), crc32(packet.data))
    assert flight.command("sink", DumpTableFile("rule", "kept.tbl", packet.buffer)).stage is Stage.COMPLETED
    activate(flight, "kept.tbl")
    assert factor(flight) == 8
