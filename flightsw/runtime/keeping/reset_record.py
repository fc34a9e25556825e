"""The exception and reset log, and what else the executive must know after a reset: one document, kept in the store."""

from __future__ import annotations

from enum import IntEnum, unique

import msgspec

from flightsw.services.store import Store

MAX_LOG_ENTRIES = 32
"""Entries of the exception and reset log; the oldest is overwritten, and counted. cFE has 20."""
MAX_LOGGED_REASON = 120
RECORD_ENTRY = "executive.resets"


@unique
class ResetKind(IntEnum):
    """What an entry of the log tells of."""

    POWER_ON = 0
    PROCESSOR = 1
    APP = 2


@unique
class ResetSubtype(IntEnum):
    """What has caused it."""

    POWER_CYCLE = 0
    COMMAND = 1
    WATCHDOG = 2
    EXCEPTION = 3
    ESCALATION = 4


@unique
class LogClock(IntEnum):
    """The clock that an entry's time was read from."""

    VEHICLE_MONOTONIC = 0


class ResetEntry(msgspec.Struct, frozen=True):
    """One entry of the log.

    Attributes:
        at_ns: when.
        clock: of ``at_ns``.
        kind: what was reset.
        subtype: what has caused it.
        app: that caused it or was restarted, empty when none is known.
        reason: for people.
    """

    at_ns: int
    clock: LogClock
    kind: ResetKind
    subtype: ResetSubtype
    app: str
    reason: str


class ResetRecord(msgspec.Struct):
    """What survives a processor reset.

    Attributes:
        boots: starts of the flight software since power-on, the first one included.
        resets_ns: vehicle times of processor resets that nobody commanded, within the window.
        safe_mode: there were too many of them; the vehicle is to be in safe mode.
        running: the flight software has started and not been ended in good order.
        log: the newest entries, oldest first.
        overwritten: entries that the log had no room for any more.
    """

    boots: int = 0
    resets_ns: list[int] = []
    safe_mode: bool = False
    running: bool = False
    log: list[ResetEntry] = []
    overwritten: int = 0

    def note(self, entry: ResetEntry) -> None:
        """Add to the log."""
        self.log.append(entry)
        excess = max(0, len(self.log) - MAX_LOG_ENTRIES)
        del self.log[:excess]
        self.overwritten += excess

    def count_reset(self, now_ns: int, window_ns: int, most: int) -> None:
        """Take a processor reset into account that nobody commanded.

        A time behind ``now_ns`` is one of before a loss of the clock, and counts.
        """
        self.resets_ns = [at for at in self.resets_ns if now_ns - at < window_ns][-most:] if most else []
        self.resets_ns.append(now_ns)
        self.safe_mode = self.safe_mode or len(self.resets_ns) > most

    def forget_resets(self) -> None:
        """Begin to count anew; safe mode is no longer asked for."""
        self.resets_ns, self.safe_mode = [], False

    def clear_log(self) -> None:
        """Empty the log."""
        self.log, self.overwritten = [], 0


def load_record(store: Store) -> ResetRecord:
    """The record as it was stored; an empty one when there is none or it cannot be read."""
    data = store.load(RECORD_ENTRY)
    if data is None:
        return ResetRecord()
    try:
        return msgspec.msgpack.decode(data, type=ResetRecord)
    except msgspec.MsgspecError:
        return ResetRecord()


def save_record(store: Store, record: ResetRecord) -> None:
    """Store the record.

    Raises:
        StoreError, PortError: the store cannot take it.
    """
    store.save(RECORD_ENTRY, msgspec.msgpack.encode(record))
