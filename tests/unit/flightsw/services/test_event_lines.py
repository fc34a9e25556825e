import errno
import json
import os
from pathlib import Path
from typing import Annotated, Any

import pytest
import structlog

from flightsw.services.correlation import Correlation
from flightsw.services.event_lines import EventLines
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.time_quality import ClockState, TimeQuality
from tlm_cmd.definition.fields import F32, U8, UpTo
from tlm_cmd.definition.message import Event, Record, Severity
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

TIME = SpacecraftTime()


class Hot(Event, code=32, severity=Severity.ERROR, text="{part} at {celsius:.1f}"):
    """An event."""

    part: Annotated[str, UpTo(8)]
    celsius: Annotated[float, F32]


class Item(Record):
    """Something in an event."""

    number: Annotated[int, U8]


class Awkward(Event, code=33, severity=Severity.INFO, text="{event} {app}"):
    """An event whose fields are called as the line's own, and hold what JSON does not have."""

    event: Annotated[int, U8]
    app: Annotated[bytes, UpTo(8)]
    items: Annotated[tuple[Item, ...], UpTo(3)]
    app_severity: Severity = Severity.DEBUG


def lines(path: Path) -> list[dict[str, object]]:
    """What a file holds."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_line(tmp_path: Path) -> None:
    """Name, app, code, severity, time and its clock, text and fields, as JSON, readable at once; folders are made."""
    path = tmp_path / "logs" / "core.jsonl"
    log = EventLines(path)
    assert log.write("thermal", Hot("Bürste\n", 81.25), TIME, 7)
    expected = {
        "event": "Hot",
        "app": "thermal",
        "code": 32,
        "severity": "ERROR",
        "clock": "MET",
        "time_ns": 7,
        "monotonic_ns": 7,
        "text": "Bürste\n at 81.2",
        "parameters": {"part": "Bürste\n", "celsius": 81.25},
    }
    assert lines(path) == [expected]
    log.close()
    assert log.write("thermal", Hot("b", 1), TIME, 8)
    assert len(lines(path)) == 2
    log.close()
    log.close()


def test_the_clock_is_tai_as_soon_as_it_is_known(tmp_path: Path) -> None:
    """A time says which clock it is of."""
    log, time = EventLines(tmp_path / "core.jsonl"), SpacecraftTime()
    time.follow(Correlation().with_tai(0, 2 * 10**18), LEAP_SECONDS, TimeQuality(ClockState.VALID))
    log.write("thermal", Hot("b", 1), time, 5)
    line = lines(tmp_path / "core.jsonl")[0]
    assert (line["clock"], line["time_ns"], line["monotonic_ns"]) == ("TAI", 2 * 10**18 + 5, 5)
    log.close()


def test_fields_of_any_name_and_value_can_be_written(tmp_path: Path) -> None:
    """Fields called event or app, what is not finite, octets, enumerations and records: each line is JSON."""
    path = tmp_path / "core.jsonl"
    log = EventLines(path)
    for celsius in (float("nan"), float("inf")):
        assert log.write("thermal", Hot("a", celsius), TIME, 1)
    assert log.write("thermal", Awkward(1, b"\xff", (Item(2),)), TIME, 1)
    nan, infinite, awkward = (line["parameters"] for line in lines(path))
    assert (nan, infinite) == ({"part": "a", "celsius": "nan"}, {"part": "a", "celsius": "inf"})
    assert awkward == {"event": 1, "app": "ff", "items": [{"number": 2}], "app_severity": "DEBUG"}
    assert log.lost == 0
    log.close()


def test_a_file_has_a_bound(tmp_path: Path) -> None:
    """A full file is put aside, and the one put aside before is given up."""
    path = tmp_path / "core.jsonl"
    log = EventLines(path, max_octets=600)
    for number in range(20):
        log.write("thermal", Hot("a", number), TIME, number)
    log.close()
    kept = lines(tmp_path / "core.jsonl.1") + lines(path)
    numbers = [line["monotonic_ns"] for line in kept]
    assert numbers == list(range(20 - len(numbers), 20))
    assert 600 <= (tmp_path / "core.jsonl.1").stat().st_size < 850
    assert log.lost == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["core.jsonl", "core.jsonl.1"]


@pytest.mark.parametrize("full", [Path("/dev/full"), Path("/proc/nowhere/log")], ids=["full disk", "read-only"])
def test_a_file_that_cannot_be_written_loses_lines_and_counts_them(full: Path) -> None:
    """No error reaches the app that has the event."""
    log = EventLines(full)
    assert [log.write("thermal", Hot("a", number), TIME, number) for number in range(3)] == [False] * 3
    assert log.lost == 3
    log.close()


def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that fits in part is taken back, and when there is room again the next one is whole."""
    path, write = tmp_path / "core.jsonl", os.write
    log = EventLines(path)
    log.write("thermal", Hot("a", 1), TIME, 1)
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:9]))
    assert not log.write("thermal", Hot("b", 2), TIME, 2)
    monkeypatch.setattr(os, "write", write)
    assert log.write("thermal", Hot("c", 3), TIME, 3)
    assert [line["monotonic_ns"] for line in lines(path)] == [1, 3]
    assert log.lost == 1
    log.close()


def test_an_event_that_cannot_be_worded_is_counted(tmp_path: Path) -> None:
    """A field of another type than its text needs loses one line."""
    log = EventLines(tmp_path / "core.jsonl")
    log.write("thermal", Hot("a", "cold"), TIME, 1)  # type: ignore[arg-type]
    log.write("thermal", Hot("a", None), TIME, 1)  # type: ignore[arg-type]
    log.write("thermal", Hot("a", 1), TIME, 2)
    assert (log.lost, len(lines(tmp_path / "core.jsonl"))) == (2, 1)
    log.close()


@pytest.mark.parametrize("error", [RuntimeError("broken"), OSError(errno.ENOSPC, "full"), KeyError("event")])
def test_a_processor_that_raises_costs_a_line(tmp_path: Path, error: Exception) -> None:
    """Whatever a processor raises is counted, and the next line is written."""
    faulty = [True]

    def process(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:  # noqa: ANN401 - structlog's
        if faulty[0]:
            raise error
        return line

    log = EventLines(tmp_path / "core.jsonl", processors=[process])
    assert not log.write("thermal", Hot("a", 1), TIME, 1)
    faulty[0] = False
    assert log.write("thermal", Hot("a", 1), TIME, 2)
    assert (log.lost, len(lines(tmp_path / "core.jsonl"))) == (1, 1)
    log.close()
