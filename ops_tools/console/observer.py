"""Takes snapshots of a ground segment for the console."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from ops_tools.console.displays import STANDARD_DISPLAY, Display, Form, Panel, Row
from ops_tools.console.link_readings import layer_readings
from ops_tools.console.snapshot import (
    CommandLine,
    ConsoleSnapshot,
    EventLine,
    FlightFacts,
    PanelView,
    Reading,
    ReadingState,
)
from ops_tools.console.wording import duration_text, octets_text, outlook_text, time_left_text, transfer_text, utc_text
from ops_tools.ground.alarms import LimitTransition
from ops_tools.ground.command_record import CommandRecord, CommandStage
from ops_tools.ground.dictionary_guard import DictionaryCheck
from ops_tools.ground.errors import GroundError
from ops_tools.ground.events import LoggedEvent
from ops_tools.ground.limits import LimitState
from ops_tools.ground.station import GroundSegment
from ops_tools.ground.telemetry import FieldValue
from tlm_cmd.definition.message import Severity

COMMANDS_SHOWN = 40
EVENTS_SHOWN = 60
ERRORS_PINNED = 3
"""Errors that stay in view when newer events have come."""
TRANSFERS_SHOWN = 3
RESTARTS_FIELD = "APP_HOUSEKEEPING.restarts"
"""The field of every app that says how often it was restarted."""
TREND_POINTS = 32

_NS_PER_S = 1_000_000_000
_LIMIT_STATES = {
    LimitState.UNLIMITED: ReadingState.NOMINAL,
    LimitState.GREEN: ReadingState.GREEN,
    LimitState.YELLOW: ReadingState.YELLOW,
    LimitState.RED: ReadingState.RED,
}


class Observer:
    """Looks at one ground segment through one display.

    ``epoch_tai_ns`` is the TAI at which mission elapsed time was 0; without it, the console shows none.
    """

    def __init__(
        self, ground: GroundSegment, display: Display = STANDARD_DISPLAY, epoch_tai_ns: int | None = None
    ) -> None:
        self.ground = ground
        self.display = display
        self.epoch_tai_ns = epoch_tai_ns
        self._panels = [
            Panel(panel.title, rows) for panel in display.panels if (rows := tuple(self._known(panel.rows)))
        ]
        self._headline = tuple(self._known(display.headline))
        names = [app.name.upper() for app in ground.dictionary.apps]
        self._apps = [name for name in names if self._has(f"{name}.{RESTARTS_FIELD}")]

    def snapshot(self, flight: FlightFacts | None = None) -> ConsoleSnapshot:
        """Everything the console shows, now."""
        ground = self.ground
        flight = flight or FlightFacts()
        now_ns, guard = ground.now_ns, ground.guard
        tai_ns = self._tai_ns(flight)
        return ConsoleSnapshot(
            mission=ground.dictionary.mission,
            met_s=None if tai_ns is None or self.epoch_tai_ns is None else (tai_ns - self.epoch_tai_ns) / _NS_PER_S,
            utc="" if tai_ns is None else utc_text(tai_ns),
            mode=self._reading(Row("mode", self.display.mode, Form.WORD)),
            traffic=f"frames {ground.link.frames_accepted:,} down, {ground.link.counters.frames_up:,} up",
            in_contact=ground.passes.current is not None,
            contact=self._contact(flight.speed),
            panels=(*(self._panel(panel) for panel in self._panels), self._link_panel()),
            headline=tuple(self._reading(row) for row in self._headline),
            commands=tuple(_command_line(each, now_ns) for each in ground.commands.newest(COMMANDS_SHOWN)[::-1]),
            commands_open=len(ground.commands.open),
            verdicts=dict(ground.commands.counters.verdicts),
            events=tuple(self._event_line(event) for event in self._by_time(EVENTS_SHOWN, Severity.INFO)),
            errors=tuple(self._event_line(event) for event in self._by_time(ERRORS_PINNED, Severity.ERROR)),
            restarts=self._restarts(),
            event_counts=dict(ground.events.counts),
            alarms=tuple(_alarm_text(alarm) for alarm in ground.alarms.active),
            warning=guard.describe() if guard.check is DictionaryCheck.MISMATCH else "",
            flight=flight,
        )

    def _tai_ns(self, flight: FlightFacts) -> int | None:
        """Spacecraft time now, as the runner says, or counted on from the newest packet."""
        if flight.met_s is not None and self.epoch_tai_ns is not None:
            return self.epoch_tai_ns + round(flight.met_s * _NS_PER_S)
        return self.ground.telemetry.spacecraft_time_ns(self.ground.now_ns)

    def _by_time(self, count: int, lowest: Severity) -> list[LoggedEvent]:
        """The events that arrived last, by the time at which they happened, the newest first."""
        return sorted(self.ground.events.newest(count, lowest=lowest), key=self._happened, reverse=True)

    def _happened(self, event: LoggedEvent) -> tuple[int, int]:
        """When an event happened, in spacecraft time; 0 if that is not known."""
        time_ns = event.time_ns
        if time_ns is None and self.epoch_tai_ns is not None:
            time_ns = self.epoch_tai_ns + event.received_ns
        if time_ns is None:
            time_ns = self.ground.telemetry.spacecraft_time_ns(event.received_ns)
        return time_ns or 0, event.number

    def _event_line(self, event: LoggedEvent) -> EventLine:
        return EventLine(utc_text(self._happened(event)[0])[11:], event.severity, event.name, event.text)

    def _restarts(self) -> tuple[tuple[str, int], ...]:
        """Apps that were restarted, and how often, as their housekeeping says."""
        found = []
        for app in self._apps:
            restarts = self.ground.telemetry.field(f"{app}.{RESTARTS_FIELD}", self.ground.now_ns).value
            if restarts:
                found.append((app.lower(), int(restarts)))
        return tuple(found)

    # ---------------------------------------------------------------- telemetry

    def _known(self, rows: Sequence[Row]) -> list[Row]:
        return [row for row in rows if self._has(row.field)]

    def _has(self, field: str) -> bool:
        try:
            self.ground.telemetry.names.field(field)
        except GroundError:
            return False
        return True

    def _panel(self, panel: Panel) -> PanelView:
        return PanelView(panel.title, tuple(self._reading(row) for row in panel.rows))

    def _reading(self, row: Row) -> Reading:
        if not self._has(row.field):
            return Reading(row.label, "", state=ReadingState.MISSING)
        field = self.ground.telemetry.field(row.field, self.ground.now_ns)
        if field.value is None:
            return Reading(row.label, "", state=ReadingState.MISSING)
        unit = field.unit if row.unit is None else row.unit
        if row.form is Form.PERCENT:
            unit = "%"
        return Reading(
            label=row.label,
            text=_text(row, field.value),
            unit="" if unit == "1" else unit,
            state=ReadingState.STALE if field.stale else _LIMIT_STATES[field.limit],
            trend=self._trend(row, field.time_ns or 0) if row.trend else (),
            level=_level(row, field.value),
        )

    def _trend(self, row: Row, time_ns: int) -> tuple[float | None, ...]:
        """The course of a value up to the newest packet of all, or up to its own when all are recorded ones."""
        telemetry = self.ground.telemetry
        until_ns = time_ns if telemetry.newest_time_ns is None else telemetry.newest_time_ns
        return tuple(telemetry.trend(row.field, until_ns, self.display.trend_s * _NS_PER_S, TREND_POINTS))

    # ---------------------------------------------------------------- contact and link

    def _contact(self, speed: float | None) -> str:
        outlook, current = self.ground.outlook(), self.ground.passes.current
        if current is None:
            return outlook_text(outlook, speed)
        station = self._fresh(self.display.station)
        elevation = self._fresh(self.display.elevation)
        name = current.station or (station.value if station is not None else "")
        where = f"{name} " if name else ""
        height = f"{elevation.value:.0f} deg, " if where and elevation is not None else ""
        lasts = duration_text((outlook.now_ns - current.begin_ns) / _NS_PER_S)
        left = "" if outlook.end_ns is None else f", {time_left_text(outlook.end_ns - outlook.now_ns, speed)} left"
        return f"{where}{height}pass {current.number}, {lasts}{left}"

    def _fresh(self, field: str) -> FieldValue | None:
        if not self._has(field):
            return None
        value = self.ground.telemetry.field(field, self.ground.now_ns)
        return None if value.stale else value

    def _link_panel(self) -> PanelView:
        ground = self.ground
        link, decoder, files = ground.link, ground.decoder, ground.files
        refused, undecoded = sum(link.frames_refused.values()), sum(decoder.refused.values())
        clcw = link.clcw
        readings = [
            Reading("down", f"{link.frames_accepted:,}", "frames"),
            Reading("refused", f"{refused:,}", "frames", state=_warn(refused)),
            Reading("up", f"{link.counters.frames_up:,}", "frames"),
            Reading("packets", f"{decoder.decoded:,}"),
            Reading("missing", f"{decoder.missing:,}", state=_warn(decoder.missing)),
            Reading("undecoded", f"{undecoded:,}", state=_warn(undecoded)),
            Reading("files", f"{files.counters.completed:,}"),
            *self._transfers(),
            Reading("received", octets_text(link.counters.octets_down)),
            Reading("receiver", _receiver_text(clcw.lockout, clcw.no_rf_available) if clcw else "unknown"),
            *layer_readings(link.status()),
            Reading("dictionary", ground.guard.check.value),
        ]
        return PanelView("Link", tuple(readings))

    def _transfers(self) -> list[Reading]:
        """The transfers of files that go on, the oldest first."""
        delivery = self.ground.delivery
        going_on = [] if delivery is None else delivery.refresh().open[:TRANSFERS_SHOWN]
        return [
            Reading(f"{each.kind.value} {each.number}", transfer_text(each.progress, each.octets)) for each in going_on
        ]


def _alarm_text(alarm: LimitTransition) -> str:
    app, _packet, field = alarm.field.split(".", 2)
    return f"{app}.{field} {alarm.state.name} at {alarm.value:g}"


def _warn(count: int) -> ReadingState:
    return ReadingState.YELLOW if count else ReadingState.NOMINAL


def _receiver_text(lockout: bool, no_rf: bool) -> str:  # noqa: FBT001 - two flags of the CLCW
    return "lockout" if lockout else "no carrier" if no_rf else "ready"


def _text(row: Row, value: Any) -> str:  # noqa: ANN401 - whatever the field holds
    match row.form:
        case Form.PERCENT:
            return f"{value * 100:.{row.decimals}f}"
        case Form.WORD:
            return _word(value)
        case Form.YES_NO:
            return "yes" if value else "no"
        case Form.BITS:
            return _bits(value, row.bits)
        case Form.LIST:
            return " ".join(f"{item:.{row.decimals}f}" for item in value)
        case Form.NUMBER:
            return f"{value:,.{row.decimals}f}"


def _bits(value: int, count: int) -> str:
    """Numbers of the bits that are set, neighbours as ranges: ``0-3 7``."""
    runs: list[list[int]] = []
    for bit in range(count):
        if value >> bit & 1:
            if runs and runs[-1][-1] == bit - 1:
                runs[-1].append(bit)
            else:
                runs.append([bit])
    return " ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs) or "none"


def _word(value: object) -> str:
    name = value.name if isinstance(value, IntEnum) else str(value)
    return name.replace("_", " ").lower()


def _level(row: Row, value: float) -> float | None:
    if row.gauge is None:
        return None
    low, high = row.gauge
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _command_line(record: CommandRecord, now_ns: int) -> CommandLine:
    begin_ns, end_ns = record.times.get(CommandStage.SENT, record.issued_ns), record.finished_ns()
    return CommandLine(
        number=record.number,
        name=record.name,
        arguments=" ".join(f"{name}={value}" for name, value in record.arguments.items()),
        stage=record.stage,
        verdict=record.verdict,
        reason=record.reason,
        percent=record.percent,
        seconds=((now_ns if end_ns is None else end_ns) - begin_ns) / _NS_PER_S,
    )
