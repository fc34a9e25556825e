"""What the console shows, as plain values: whoever draws it needs nothing else."""

from __future__ import annotations

from enum import StrEnum, unique

import msgspec

from ops_tools.ground.command_record import CommandStage, Verdict
from tlm_cmd.definition.message import Severity


@unique
class ReadingState(StrEnum):
    """How a reading is to be taken."""

    NOMINAL = "nominal"
    GREEN = "green"
    """Inside its declared limits."""
    YELLOW = "yellow"
    RED = "red"
    STALE = "stale"
    """The last value known, too old to be trusted."""
    MISSING = "missing"
    """Nothing was received yet."""


class Reading(msgspec.Struct, frozen=True):
    """One line of a panel.

    Attributes:
        label: what it is.
        text: its value, ready to be read.
        unit: engineering unit.
        state: how it is to be taken.
        trend: values at equal intervals, the newest last; None where nothing is known.
        level: the value as a part of its range, 0 to 1, for a gauge.
    """

    label: str
    text: str
    unit: str = ""
    state: ReadingState = ReadingState.NOMINAL
    trend: tuple[float | None, ...] = ()
    level: float | None = None


class PanelView(msgspec.Struct, frozen=True):
    """One panel; the readings that matter most stand first, the last ones give way when there is no room."""

    title: str
    readings: tuple[Reading, ...]


class CommandLine(msgspec.Struct, frozen=True):
    """One command: ``seconds`` is the time until its verdict, or until now, since it was sent or else issued."""

    number: int
    name: str
    arguments: str
    stage: CommandStage
    verdict: Verdict | None
    reason: str
    percent: int
    seconds: float


class EventLine(msgspec.Struct, frozen=True):
    """One event: ``clock`` is the time of day, UTC, at which it happened."""

    clock: str
    severity: Severity
    name: str
    text: str


class FlightFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What only the runner of a flight knows.

    Attributes:
        met_s: mission elapsed time; without it the console counts on from the newest packet.
        progress: how much of the flight is done, 0 to 1.
        speed: vehicle seconds per second of the host.
        note: one line about the flight, such as scenario and seed.
        warning: what is wrong with the flight's pace; empty when nothing is.
        truth: what really is, by the simulator.
    """

    met_s: float | None = None
    progress: float | None = None
    speed: float | None = None
    note: str = ""
    warning: str = ""
    truth: tuple[Reading, ...] = ()


class ConsoleSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the console shows at one moment.

    Attributes:
        mission: the mission's name.
        met_s: mission elapsed time.
        utc: date and time of the spacecraft, empty before its first packet.
        mode: the spacecraft's mode.
        in_contact: whether frames come down.
        contact: contact in words.
        traffic: frames over the link, in words.
        panels: telemetry, by subsystem, then link and products.
        headline: the few readings of a progress line.
        commands: the newest commands, the newest first.
        commands_open: commands without verdict.
        verdicts: commands by verdict.
        events: the newest events, the newest first.
        errors: the newest ones of them that are errors or worse, which stay in view.
        restarts: apps that were restarted, and how often.
        event_counts: events by severity.
        alarms: values outside their limits, the worst first, as text.
        warning: what must not be overlooked, such as a dictionary mismatch; empty when all is well.
        flight: what only the runner of a flight knows.
    """

    mission: str
    met_s: float | None
    utc: str
    mode: Reading
    in_contact: bool
    contact: str
    traffic: str
    panels: tuple[PanelView, ...]
    headline: tuple[Reading, ...]
    commands: tuple[CommandLine, ...]
    commands_open: int
    verdicts: dict[Verdict, int]
    events: tuple[EventLine, ...]
    errors: tuple[EventLine, ...] = ()
    restarts: tuple[tuple[str, int], ...] = ()
    event_counts: dict[Severity, int]
    alarms: tuple[str, ...]
    warning: str
    flight: FlightFacts
