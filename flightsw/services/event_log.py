"""The event log of one app: its newest events in retained memory, so that a processor reset leaves them to be read."""

from __future__ import annotations

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.messages.events import MAX_PARAMETER_OCTETS, EventClock, LogAction, LogEntry
from flightsw.services.retained_memory import RetainedMemory
from flightsw.services.retained_ring import MAX_SLOTS, RetainedRing, RingMode, read_ring
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.time_quality import ClockState
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Event
from tlm_cmd.errors import ProtocolError

DEFAULT_ENTRIES = 64
SLOT_OCTETS = 256

_entry_codec = codec_of(LogEntry)


class EventLogError(FlightSoftwareError):
    """The log cannot be changed; it stays as it is."""


class LogContent(msgspec.Struct, frozen=True):
    """What a log holds.

    Attributes:
        entries: number and content of each, the oldest first.
        damaged: entries that could not be read.
    """

    entries: tuple[tuple[int, LogEntry], ...]
    damaged: int


class EventLog:
    """The log as its app writes it; no trouble with the memory reaches the app, each is counted as a lost entry.

    Args:
        memory: what survives a processor reset.
        app: the app's name.
        entries: most entries, 1 to 4096; a log of another size that lies there is given up.
        mode: that of a new log; one that lies there keeps its own.
    """

    def __init__(
        self,
        memory: RetainedMemory,
        app: str,
        entries: int = DEFAULT_ENTRIES,
        mode: RingMode = RingMode.OVERWRITE,
    ) -> None:
        self._memory, self._app, self._entries, self._mode = memory, app, entries, mode
        self._ring: RetainedRing | None = None

    def add(self, event: Event, time: SpacecraftTime, now_ns: int) -> bool:
        """Keep an event; False when it could not be, or was discarded because the log is full."""
        try:
            parameters = codec_of(type(event)).encode(event)
            whole = len(parameters) <= MAX_PARAMETER_OCTETS
            clock, time_ns = stamp(time, now_ns)
            entry = LogEntry(clock, time_ns, event.code, event.severity, whole, parameters if whole else b"")
            return self._opened().append(_entry_codec.encode(entry))
        except (OSError, ProtocolError):
            return False

    def control(self, action: LogAction) -> None:
        """Clear the log, or change what a full one does.

        Raises:
            EventLogError: the memory does not take it.
        """
        try:
            ring = self._opened()
            if action is LogAction.CLEAR:
                ring.clear()
            else:
                ring.set_mode(RingMode.OVERWRITE if action is LogAction.OVERWRITE else RingMode.DISCARD)
        except OSError as error:
            raise EventLogError(f"event log of {self._app}: {error}") from error

    @property
    def mode(self) -> RingMode:
        """What a full log does."""
        return self._mode if self._ring is None else self._ring.mode

    @property
    def held(self) -> int:
        """Entries that it holds; 0 while its memory cannot be read."""
        return 0 if self._ring is None else self._ring.held

    def _opened(self) -> RetainedRing:
        if self._ring is None:
            self._ring = RetainedRing(self._memory.region(region_of(self._app)), self._entries, SLOT_OCTETS, self._mode)
        return self._ring


def read_event_log(memory: RetainedMemory, app: str, since: int = 0) -> LogContent:
    """The log of an app, which may live in another process.

    Args:
        memory: what survives a processor reset.
        app: the app's name.
        since: only entries with a higher number.

    Raises:
        OSError: the memory cannot be read.
    """
    ring = read_ring(memory.region(region_of(app)), DEFAULT_ENTRIES, SLOT_OCTETS, since)
    entries, damaged = [], ring.damaged
    for number, data in ring.records:
        try:
            entries.append((number, _entry_codec.decode(data)))
        except ProtocolError:
            damaged += 1
    return LogContent(tuple(entries), damaged)


def region_of(app: str) -> str:
    """Where the log of an app lies in retained memory."""
    return f"events.{app}"


def stamp(time: SpacecraftTime, now_ns: int) -> tuple[EventClock, int]:
    """The best clock that can be trusted now, and its time in nanoseconds: TAI unless it is INVALID."""
    if time.quality.state is not ClockState.INVALID:
        return EventClock.TAI, max(time.tai_ns(now_ns), 0)
    return EventClock.MET, max(time.met_ns(now_ns), 0)


__all__ = ["DEFAULT_ENTRIES", "MAX_SLOTS", "EventLog", "EventLogError", "LogContent", "read_event_log", "stamp"]
