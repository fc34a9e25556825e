from pathlib import Path
from typing import Annotated

import pytest

from flightsw.messages.events import MAX_PARAMETER_OCTETS, EventClock, LogAction, LogEntry
from flightsw.services.correlation import Correlation
from flightsw.services.event_log import EventLog, EventLogError, read_event_log
from flightsw.services.retained_memory import FileRegion, FolderRetainedMemory, VirtualRegion, VirtualRetainedMemory
from flightsw.services.retained_ring import RingMode
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.time_quality import ClockState, TimeQuality
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import U8, UpTo
from tlm_cmd.definition.message import Event, Severity
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

TIME = SpacecraftTime()


class Noted(Event, code=40, severity=Severity.INFO, text="{number}"):
    """An event."""

    number: Annotated[int, U8]


class Long(Event, code=41, severity=Severity.CRITICAL, text="{words}"):
    """An event that may be longer than an entry."""

    words: Annotated[str, UpTo(250)]


def numbers(memory: VirtualRetainedMemory | FolderRetainedMemory, app: str = "thermal") -> list[int]:
    """The events in a log, by their field."""
    return [codec_of(Noted).decode(entry.parameters).number for _, entry in read_event_log(memory, app).entries]


def test_an_entry_says_everything() -> None:
    """Time with its clock, code, severity and parameters."""
    memory, time = VirtualRetainedMemory(), SpacecraftTime()
    log = EventLog(memory, "thermal")
    assert log.add(Noted(7), time, 5)
    time.follow(Correlation().with_tai(0, 2 * 10**18), LEAP_SECONDS, TimeQuality(ClockState.VALID))
    assert log.add(Long("hot"), time, 6)
    assert read_event_log(memory, "thermal").entries == (
        (1, LogEntry(EventClock.MET, 5, 40, Severity.INFO, True, b"\x07")),
        (2, LogEntry(EventClock.TAI, 2 * 10**18 + 6, 41, Severity.CRITICAL, True, b"\x03hot")),
    )
    assert read_event_log(memory, "thermal", since=1).entries[0][0] == 2
    assert log.held == 2


def test_logs_of_two_apps_are_apart() -> None:
    """A flood of one app pushes no entry of another out of its log."""
    memory = VirtualRetainedMemory()
    first, second = EventLog(memory, "first", 4), EventLog(memory, "second", 4)
    second.add(Noted(99), TIME, 0)
    for number in range(100):
        first.add(Noted(number), TIME, number)
    assert numbers(memory, "first") == [96, 97, 98, 99]
    assert numbers(memory, "second") == [99]


@pytest.mark.parametrize("kind", ["virtual", "folder"])
def test_the_log_outlives_its_app(kind: str, tmp_path: Path) -> None:
    """What the last incarnation reported is there, and the next one writes on behind it; a power-on forgets it."""
    memory = VirtualRetainedMemory() if kind == "virtual" else FolderRetainedMemory(tmp_path / "retained")
    EventLog(memory, "thermal").add(Noted(1), TIME, 0)
    log = EventLog(memory, "thermal")
    log.add(Noted(2), TIME, 0)
    assert numbers(memory) == [1, 2]
    memory.clear()
    assert numbers(memory) == []
    assert EventLog(memory, "thermal").add(Noted(3), TIME, 0)
    assert numbers(memory) == [3]


def test_an_event_longer_than_an_entry_is_kept_without_its_fields() -> None:
    """The longest fits whole; one octet more, and the entry says that its parameters are missing."""
    memory = VirtualRetainedMemory()
    log = EventLog(memory, "thermal")
    log.add(Long("x" * (MAX_PARAMETER_OCTETS - 1)), TIME, 0)
    log.add(Long("x" * MAX_PARAMETER_OCTETS), TIME, 0)
    first, second = (entry for _, entry in read_event_log(memory, "thermal").entries)
    assert (first.whole, len(first.parameters)) == (True, MAX_PARAMETER_OCTETS)
    assert (second.whole, second.parameters, second.code) == (False, b"", 41)


def test_the_log_is_controlled() -> None:
    """It is cleared, discards or overwrites as told; the mission says how it begins."""
    memory = VirtualRetainedMemory()
    log = EventLog(memory, "thermal", 2, RingMode.DISCARD)
    assert log.mode is RingMode.DISCARD
    assert [log.add(Noted(number), TIME, 0) for number in range(3)] == [True, True, False]
    log.control(LogAction.OVERWRITE)
    assert log.add(Noted(3), TIME, 0)
    assert numbers(memory) == [1, 3]
    log.control(LogAction.CLEAR)
    assert (numbers(memory), log.held) == ([], 0)
    log.control(LogAction.DISCARD)
    assert EventLog(memory, "thermal", 2).add(Noted(4), TIME, 0)
    assert log.mode is RingMode.DISCARD


def test_a_file_system_that_takes_nothing_reaches_no_app() -> None:
    """Each event is refused, none raises; a command to the log says why it cannot be done."""
    memory = FolderRetainedMemory(Path("/proc/nowhere"))
    log = EventLog(memory, "thermal")
    assert [log.add(Noted(number), TIME, 0) for number in range(3)] == [False] * 3
    with pytest.raises(EventLogError, match=r"event log of thermal: .*No such file"):
        log.control(LogAction.CLEAR)
    assert (log.held, log.mode) == (0, RingMode.OVERWRITE)


def test_a_full_disk_costs_entries_until_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was logged before stays, and what comes afterwards is logged."""

    def refuse(_region: FileRegion, _offset: int, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    memory = FolderRetainedMemory(tmp_path)
    log = EventLog(memory, "thermal")
    log.add(Noted(1), TIME, 0)
    write = FileRegion.write
    monkeypatch.setattr(FileRegion, "write", refuse)
    assert not log.add(Noted(2), TIME, 0)
    monkeypatch.setattr(FileRegion, "write", write)
    assert log.add(Noted(3), TIME, 0)
    assert numbers(memory) == [1, 3]


def test_a_damaged_entry_is_found_and_the_rest_read(tmp_path: Path) -> None:
    """A flipped bit costs one entry, half a file those in the other half; each is counted."""
    memory = FolderRetainedMemory(tmp_path)
    log = EventLog(memory, "thermal")
    for number in range(10):
        log.add(Noted(number), TIME, 0)
    path = tmp_path / "events.thermal"
    data = bytearray(path.read_bytes())
    data[32 + 3 * 256 + 16] ^= 0x10
    path.write_bytes(data)
    content = read_event_log(memory, "thermal")
    assert (numbers(memory), content.damaged) == ([0, 1, 3, 4, 5, 6, 7, 8, 9], 1)
    path.write_bytes(data[: 32 + 5 * 256 + 8])
    content = read_event_log(memory, "thermal")
    assert (numbers(memory), content.damaged) == ([0, 1, 3], 2)


def test_a_record_that_is_no_entry_is_damage() -> None:
    """A whole record with nonsense in it is counted, and costs no other."""
    memory = VirtualRetainedMemory()
    log = EventLog(memory, "thermal")
    log.add(Noted(1), TIME, 0)
    ring = log._ring
    assert ring is not None
    ring.append(b"nonsense")
    log.add(Noted(2), TIME, 0)
    assert (numbers(memory), read_event_log(memory, "thermal").damaged) == ([1, 2], 1)


def test_a_log_that_was_never_written_is_empty() -> None:
    """Reading makes nothing."""
    memory = VirtualRetainedMemory()
    assert read_event_log(memory, "nobody").entries == ()
    assert VirtualRegion().read(0, 1) == b"\0"
