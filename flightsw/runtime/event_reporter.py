"""What becomes of the events of one app: filtered, sent on the bus, kept in its log on board, shown to people."""

from __future__ import annotations

from typing import Protocol

from flightsw.errors import FlightSoftwareError
from flightsw.messages.events import (
    ANSWERS,
    COUNTS_PER_EVENT,
    EventCount,
    EventCounts,
    EventSettings,
    EventsSuppressed,
    FilterSetting,
)
from flightsw.mission_events import EventEntry
from flightsw.runtime.checkpoints import ContainerState
from flightsw.runtime.surroundings import Surroundings
from flightsw.services.event_log import EventLog
from flightsw.services.events import MAX_COUNT, Decision, EventFilter
from tlm_cmd.definition.dictionary import TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.message import Event, Severity


class Reporter(Protocol):
    """The app on whose behalf is reported."""

    name: str
    state: ContainerState
    surroundings: Surroundings


class EventReporter:
    """Reports the events of one app.

    Attributes:
        filter: decides which are sent.
        log: keeps those that are sent.
    """

    def __init__(self, reporter: Reporter, entry: EventEntry) -> None:
        surroundings = reporter.surroundings
        self.filter = EventFilter(reporter.state.filter, entry.squelch)
        self.log = EventLog(surroundings.retained, reporter.name, entry.log_entries, entry.log_mode)
        self._reporter = reporter
        self._message_id = TELEMETRY_MESSAGE_ID | surroundings.dictionary.apid_of(reporter.name)
        self._declared: dict[type[Event], None] = {}

    def report(self, event: Event) -> None:
        """Send an event of the app, unless it is held back; in front of it goes how many were squelched.

        Raises:
            FlightSoftwareError: the app declares no such event.
        """
        self._check(event)
        if self.filter.decide(event.code, event.severity, self._now_ns()) is Decision.PASS:
            self.report_suppressed()
            self._emit(event)

    def answer(self, event: Event) -> None:
        """Send an event that somebody has asked for; nothing holds it back."""
        self._check(event)
        self.filter.count_sent(event.code)
        self._emit(event)

    def report_suppressed(self) -> None:
        """Say how many events were squelched, if any were since this was last said."""
        suppressed = self.filter.take_suppressed()
        if suppressed:
            self.answer(EventsSuppressed(suppressed))

    def describe(self) -> None:
        """Report settings and counters."""
        events, squelch = self.filter.state, self.filter.squelch
        counts = [EventCount(code, each.sent, each.held_back) for code, each in sorted(events.codes.items())]
        filters = tuple(FilterSetting(code, each.mask, each.count) for code, each in sorted(events.filters.items()))
        self.answer(
            EventSettings(
                enabled=events.enabled,
                disabled=tuple(each for each in Severity if events.disabled_severities >> each & 1),
                burst=squelch.burst,
                events_per_second=squelch.events_per_second,
                log_mode=self.log.mode,
                log_entries=self.log.held,
                filters=filters,
                switched_off=tuple(events.disabled_codes),
            )
        )
        for first in range(0, len(counts), COUNTS_PER_EVENT):
            self.answer(EventCounts(tuple(counts[first : first + COUNTS_PER_EVENT])))

    def _check(self, event: Event) -> None:
        if type(event) not in self._declared:
            name = self._reporter.name
            if name not in self._reporter.surroundings.dictionary.apps_declaring(type(event)):
                raise FlightSoftwareError(f"{name} declares no event {type(event).__name__}")
            self._declared[type(event)] = None

    def _emit(self, event: Event) -> None:
        surroundings, state = self._reporter.surroundings, self._reporter.state
        state.refused_sends += len(surroundings.bus.send(self._message_id, event))
        # answers say how things stand, not that something happened: they would only push out what did
        if not isinstance(event, ANSWERS) and not self.log.add(event, surroundings.time, self._now_ns()):
            state.events_unlogged = min(state.events_unlogged + 1, MAX_COUNT)
        if not surroundings.log(self._reporter.name, event):
            state.event_lines_lost = min(state.event_lines_lost + 1, MAX_COUNT)

    def _now_ns(self) -> int:
        return self._reporter.surroundings.now_ns()
