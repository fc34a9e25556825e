import json
from pathlib import Path
from typing import Annotated

import pytest

from flightsw.services.event_log import EventLog
from tlm_cmd.definition.fields import F32, UpTo
from tlm_cmd.definition.message import Event, Severity


class Hot(Event, code=32, severity=Severity.ERROR, text="{part} at {celsius:.1f}"):
    """An event."""

    part: Annotated[str, UpTo(8)]
    celsius: Annotated[float, F32]


def lines(path: Path) -> list[dict[str, object]]:
    """What a log holds."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_line(tmp_path: Path) -> None:
    """Name, app, severity, time and text, as JSON, readable at once; folders are made."""
    log = EventLog(tmp_path / "logs" / "core.jsonl")
    log.write("thermal", Hot("Bürste\n", 81.25), 7)
    expected = {
        "event": "Hot",
        "app": "thermal",
        "severity": "ERROR",
        "monotonic_ns": 7,
        "text": "Bürste\n at 81.2",
    }
    assert lines(tmp_path / "logs" / "core.jsonl") == [expected]
    log.close()
    log.write("thermal", Hot("b", 1), 8)
    assert len(lines(tmp_path / "logs" / "core.jsonl")) == 2
    log.close()
    log.close()


def test_a_log_has_a_bound(tmp_path: Path) -> None:
    """A full file is put aside, and the one put aside before is given up."""
    path = tmp_path / "core.jsonl"
    log = EventLog(path, max_octets=200)
    for number in range(20):
        log.write("thermal", Hot("a", number), number)
    log.close()
    kept = lines(tmp_path / "core.jsonl.1") + lines(path)
    numbers = [line["monotonic_ns"] for line in kept]
    assert numbers == list(range(20 - len(numbers), 20))
    assert 200 <= (tmp_path / "core.jsonl.1").stat().st_size < 400
    assert log.lost == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["core.jsonl", "core.jsonl.1"]


@pytest.mark.parametrize("full", [Path("/dev/full"), Path("/proc/nowhere/log")], ids=["full disk", "no such place"])
def test_a_log_that_cannot_be_written_loses_lines_and_counts_them(full: Path) -> None:
    """No error reaches the app that has the event."""
    log = EventLog(full)
    for number in range(3):
        log.write("thermal", Hot("a", number), number)
    assert log.lost == 3
    log.close()


def test_an_event_that_cannot_be_worded_is_counted(tmp_path: Path) -> None:
    """A field of another type than its text needs loses one line."""
    log = EventLog(tmp_path / "core.jsonl")
    log.write("thermal", Hot("a", "cold"), 1)  # type: ignore[arg-type]
    log.write("thermal", Hot("a", None), 1)  # type: ignore[arg-type]
    log.write("thermal", Hot("a", 1), 2)
    assert (log.lost, len(lines(tmp_path / "core.jsonl"))) == (2, 1)
    log.close()
