"""Decides what is done about failures and resets, and keeps the record of both."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.mission_file import AppEntry
from flightsw.mission_life import ExecutiveEntry
from flightsw.runtime.keeping.policy import FailureCounts, Response, recent_failures, respond_to_all
from flightsw.runtime.keeping.reset_record import (
    MAX_LOGGED_REASON,
    LogClock,
    ResetEntry,
    ResetKind,
    ResetRecord,
    ResetSubtype,
    load_record,
    save_record,
)
from flightsw.services.store import Store

NANOSECONDS = 1_000_000_000


class Decision(msgspec.Struct, frozen=True):
    """What is done about one failure.

    Attributes:
        response: the severest one.
        given_up: apps that are not started again.
        ignored: apps whose failure is left as it is.
    """

    response: Response
    given_up: tuple[str, ...]
    ignored: tuple[str, ...]


class Keeper:
    """The memory and the judgement of the executive.

    Args:
        apps: by name.
        limits: of the executive.
        store: where the record is kept.

    Attributes:
        record: what survives a processor reset.
        unsaved: times that the record could not be stored.
    """

    def __init__(self, apps: Mapping[str, AppEntry], limits: ExecutiveEntry, store: Store) -> None:
        self.unsaved = 0
        self._unsaved_note = False
        self._apps = apps
        self._limits = limits
        self._store = store
        self._counts = FailureCounts()
        self.record = load_record(store)

    # ---------------------------------------------------------------- failures

    def failed(self, apps: tuple[str, ...], cause: str, window_now_ns: int, now_ns: int) -> Decision:
        """An app has failed, or several together of which nobody knows whose fault it was.

        Args:
            apps: the app, or all that may have caused it.
            cause: for people.
            window_now_ns: the time by which restarts are counted.
            now_ns: vehicle time.
        """
        may_reset = not self.record.safe_mode
        responses = respond_to_all(self._apps, apps, self._counts, window_now_ns, may_reset=may_reset)
        decision = Decision(
            max(responses.values(), default=Response.NOTHING),
            tuple(app for app in apps if responses[app] is Response.GIVE_UP),
            tuple(app for app in apps if responses[app] is Response.NOTHING),
        )
        self._note(now_ns, ResetKind.APP, ResetSubtype.EXCEPTION, apps[0] if len(apps) == 1 else "", cause)
        self._unsaved_note = True
        return decision

    def save_notes(self) -> None:
        """Store what was noted of failures: behind what is done about them, for the disk is slow."""
        if self._unsaved_note:
            self._save()

    def forgive(self, app: str) -> None:
        """Forget an app's failures: it was started by command."""
        self._counts.recent_ns.pop(app, None)

    def recent_failures(self, app: str, window_now_ns: int) -> int:
        """Failures of an app within its window."""
        return recent_failures(self._apps[app], app, self._counts, window_now_ns)

    # ---------------------------------------------------------------- resets

    def booted(self, cause: ResetSubtype, reason: str, now_ns: int) -> None:
        """The flight software starts where none was running: after power-on, or when the computer was reset.

        Args:
            cause: what the hardware says of it; POWER_CYCLE when it says nothing.
            reason: for people.
            now_ns: vehicle time.
        """
        if self.record.boots == 0:
            self._begin(now_ns, ResetKind.POWER_ON, cause, "", reason or "power-on")
        elif cause is ResetSubtype.POWER_CYCLE and self.record.running:
            self._begin(now_ns, ResetKind.PROCESSOR, ResetSubtype.EXCEPTION, "", "the flight software had ended")
        else:
            self._begin(now_ns, ResetKind.PROCESSOR, cause, "", reason or "started again")

    def reset(self, subtype: ResetSubtype, app: str, reason: str, now_ns: int) -> None:
        """The processor is reset; failures are counted anew."""
        self._begin(now_ns, ResetKind.PROCESSOR, subtype, app, reason)

    def power_on_reset(self, reason: str, now_ns: int) -> None:
        """Everything was forgotten; the log begins with this."""
        self.record = ResetRecord()
        self._begin(now_ns, ResetKind.POWER_ON, ResetSubtype.COMMAND, "", reason)

    def ended(self) -> None:
        """The flight software was ended in good order."""
        self.record.running = False
        self._save()

    def clear_log(self) -> None:
        """Empty the log."""
        self.record.clear_log()
        self._save()

    def forget_resets(self) -> None:
        """Count processor resets anew, and ask for safe mode no longer."""
        self.record.forget_resets()
        self._save()

    def _begin(self, now_ns: int, kind: ResetKind, subtype: ResetSubtype, app: str, reason: str) -> None:
        record, limits = self.record, self._limits
        self._counts = FailureCounts()
        record.boots += 1
        record.running = True
        unasked = (ResetSubtype.WATCHDOG, ResetSubtype.EXCEPTION, ResetSubtype.ESCALATION)
        if kind is ResetKind.PROCESSOR and subtype in unasked:
            record.count_reset(now_ns, limits.processor_reset_window_s * NANOSECONDS, limits.max_processor_resets)
        self._note(now_ns, kind, subtype, app, reason)
        self._save()

    def _note(self, now_ns: int, kind: ResetKind, subtype: ResetSubtype, app: str, reason: str) -> None:
        short = reason.encode()[:MAX_LOGGED_REASON].decode(errors="ignore")
        self.record.note(ResetEntry(now_ns, LogClock.VEHICLE_MONOTONIC, kind, subtype, app, short))

    def _save(self) -> None:
        """Store the record; when that fails the flight goes on, and the failure is counted."""
        self._unsaved_note = False
        try:
            save_record(self._store, self.record)
        except (FlightSoftwareError, OSError):
            self.unsaved += 1
