from typing import Annotated

import pytest

from flightsw.core.event_services.messages import LogLine, LogPage
from flightsw.messages.events import EventClock, LogEntry
from ops_tools.ground.decoder import Sample
from ops_tools.ground.onboard_log import LOG_FIELDS, LOG_PACKET, OnboardEntry, onboard_entries
from ops_tools.ground.station import GroundSegment
from tests.unit.ops_tools.conftest import LoopbackSpacecraft
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import U8
from tlm_cmd.definition.message import Event, Severity
from tlm_cmd.link.parameters import LinkParameters


class Hot(Event, code=40, severity=Severity.ERROR, text="part {part} is hot"):
    """An event."""

    part: Annotated[int, U8]


DICTIONARY = Dictionary(
    "logged", [AppInterface("thermal", 0x20, events=(Hot,)), AppInterface("event_services", 0xC0, telemetry=(LogPage,))]
)


def entry(
    *, code: int = 40, whole: bool = True, parameters: bytes = b"\x07", clock: EventClock = EventClock.TAI
) -> LogEntry:
    """An entry of the log."""
    return LogEntry(clock, 5_000_000_000, code, Severity.ERROR, whole, parameters)


@pytest.mark.parametrize(
    ("app", "logged", "shown"),
    [
        ("thermal", entry(), ("THERMAL.HOT", "part 7 is hot", 5_000_000_000, False)),
        ("thermal", entry(whole=False, parameters=b""), ("THERMAL.HOT", "part … is hot", 5_000_000_000, True)),
        ("thermal", entry(parameters=b"\x07\x08"), ("THERMAL.HOT", "part … is hot", 5_000_000_000, True)),
        ("thermal", entry(clock=EventClock.MET), ("THERMAL.HOT", "part 7 is hot (MET 5.000 s)", None, False)),
        ("thermal", entry(code=99), ("THERMAL.EVENT_99", "07", 5_000_000_000, True)),
        ("nobody", entry(), ("NOBODY.EVENT_40", "07", 5_000_000_000, True)),
    ],
)
def test_entries_read_as_events(app: str, logged: LogEntry, shown: tuple[str, str, int | None, bool]) -> None:
    """With their fields if they came and can be read; a time of another clock is named; nothing is left out."""
    (found,) = onboard_entries(DICTIONARY, LogPage(app, (LogLine(1, logged),)))
    name, text, time_ns, short = shown
    assert found == OnboardEntry(name, app, Severity.ERROR, text, time_ns, short)


def test_the_packet_is_that_of_event_services() -> None:
    """Name and fields that the ground looks for are those that flight sends."""
    assert DICTIONARY.packet(LOG_PACKET).record is LogPage
    assert set(LOG_FIELDS) <= set(LogPage.__struct_fields__)


def test_a_dump_comes_into_the_event_log() -> None:
    """In the order of the packet, with spacecraft time, marked as read out of the log."""
    parameters = LinkParameters(spacecraft_id=0x2A, tm_frame_octets=256)
    ground = GroundSegment(DICTIONARY, parameters, LoopbackSpacecraft(DICTIONARY, parameters))
    page = LogPage("thermal", (LogLine(1, entry()), LogLine(2, entry(parameters=b"\x09"))))
    ground._file(Sample(LOG_PACKET, "event_services", 0xC1, 0, 9, 10, 0, False, page))
    assert [(event.text, event.time_ns, event.received_ns, event.from_log) for event in ground.events.newest()] == [
        ("part 7 is hot", 5_000_000_000, 10, True),
        ("part 9 is hot", 5_000_000_000, 10, True),
    ]
