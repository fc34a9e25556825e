"""The event log: what the spacecraft reports, and what the ground itself has noticed."""

from __future__ import annotations

from collections import deque
from enum import StrEnum, unique

import msgspec

from ops_tools.ground.decoder import Sample
from ops_tools.ground.onboard_log import OnboardEntry, event_text
from tlm_cmd.definition.message import Event, Severity, ShortEvent

DEFAULT_LOG_DEPTH = 4096
"""Events that are kept; the oldest is forgotten first."""
GROUND = "ground"
"""The app that the ground's own events name as their origin."""


@unique
class GroundEvent(StrEnum):
    """What the ground reports of itself; the values are the events' names."""

    ACQUISITION = "GROUND.ACQUISITION_OF_SIGNAL"
    LOSS = "GROUND.LOSS_OF_SIGNAL"
    NEXT_CONTACT = "GROUND.NEXT_CONTACT"
    DICTIONARY_MISMATCH = "GROUND.DICTIONARY_MISMATCH"
    DICTIONARY_MATCH = "GROUND.DICTIONARY_MATCH"
    LIMIT = "GROUND.LIMIT_TRANSITION"
    FILE_COMPLETE = "GROUND.FILE_COMPLETE"
    FILE_CORRUPT = "GROUND.FILE_CORRUPT"
    FILE_FAILED = "GROUND.FILE_FAILED"
    FILE_SENT = "GROUND.FILE_SENT"
    FILE_MEMORY = "GROUND.FILE_MEMORY_DAMAGED"
    FILE_MEMORY_NOT_SAVED = "GROUND.FILE_MEMORY_NOT_SAVED"
    FILE_MEMORY_SAVED = "GROUND.FILE_MEMORY_SAVED_AGAIN"
    LINK_FAILED = "GROUND.LINK_FAILED"
    NOT_AUTHENTICATED = "GROUND.COMMANDS_NOT_AUTHENTICATED"
    SEQUENCE_CONTROL = "GROUND.SEQUENCE_CONTROL"


class LoggedEvent(msgspec.Struct, frozen=True):
    """One line of the log.

    Attributes:
        number: counts up from 1 over the whole log; a reader asks for what is newer.
        name: ``THERMAL.HEATER_SWITCHED``.
        app: the app that sent it, or ``ground``.
        severity: how much it matters.
        text: what a person reads.
        time_ns: TAI: spacecraft time, or for the ground's own events its own clock; None for these if it has none.
        received_ns: ground time.
        recorded: whether it was recorded on board and played back.
        short: whether it came without its fields, for which the text has gaps.
        from_log: whether it was read out of the log on board, so that it may be there a second time.
    """

    number: int
    name: str
    app: str
    severity: Severity
    text: str
    time_ns: int | None
    received_ns: int
    recorded: bool = False
    short: bool = False
    from_log: bool = False


class EventLog:
    """Keeps the newest events.

    Args:
        depth: events that are kept.
        epoch_tai_ns: TAI at ground time 0, by which the ground's own events are dated; None leaves them without date.

    Attributes:
        counts: events logged, by severity.
    """

    def __init__(self, depth: int = DEFAULT_LOG_DEPTH, epoch_tai_ns: int | None = None) -> None:
        self._epoch_tai_ns = epoch_tai_ns
        self.counts: dict[Severity, int] = dict.fromkeys(Severity, 0)
        self._events: deque[LoggedEvent] = deque(maxlen=depth)
        self._number = 0

    @property
    def logged(self) -> int:
        """Events logged so far; also the number of the newest one."""
        return self._number

    @property
    def forgotten(self) -> int:
        """Events that the log no longer holds."""
        return self._number - len(self._events)

    def add(self, sample: Sample) -> None:
        """Log an event of the spacecraft."""
        message = sample.message
        if isinstance(message, Event | ShortEvent):
            self._log(
                LoggedEvent(
                    number=self._number + 1,
                    name=sample.name,
                    app=sample.app,
                    severity=message.severity,
                    text=event_text(message),
                    time_ns=sample.time_ns,
                    received_ns=sample.received_ns,
                    recorded=sample.recorded,
                    short=isinstance(message, ShortEvent),
                )
            )

    def add_from_log(self, entry: OnboardEntry, received_ns: int) -> None:
        """Log an event that was read out of the log on board."""
        self._log(
            LoggedEvent(
                number=self._number + 1,
                name=entry.name,
                app=entry.app,
                severity=entry.severity,
                text=entry.text,
                time_ns=entry.time_ns,
                received_ns=received_ns,
                short=entry.short,
                from_log=True,
            )
        )

    def note(self, event: GroundEvent, severity: Severity, text: str, now_ns: int) -> None:
        """Log an event of the ground itself."""
        time_ns = None if self._epoch_tai_ns is None else self._epoch_tai_ns + now_ns
        self._log(LoggedEvent(self._number + 1, event.value, GROUND, severity, text, time_ns, now_ns))

    def newest(
        self, count: int = DEFAULT_LOG_DEPTH, *, lowest: Severity = Severity.DEBUG, since: int = 0
    ) -> list[LoggedEvent]:
        """The newest events of at least a severity and with a number above ``since``, the oldest first."""
        found: list[LoggedEvent] = []
        for event in reversed(self._events):
            if event.number <= since or len(found) == count:
                break
            if event.severity >= lowest:
                found.append(event)
        return found[::-1]

    def _log(self, event: LoggedEvent) -> None:
        self._number = event.number
        self.counts[event.severity] += 1
        self._events.append(event)
