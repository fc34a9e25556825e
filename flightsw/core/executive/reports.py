"""Packets of the executive, made from what the keeper of the apps knows. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from flightsw.core.executive.messages import (
    MAX_REPORTED_ENTRIES,
    MAX_REPORTED_NEEDS,
    MAX_REPORTED_WORKERS,
    AppReport,
    ExecutiveStatus,
    FailurePolicy,
    ResetLogEntry,
    ResetLogReport,
    WorkerReport,
)
from flightsw.messages.bus import DropCount
from flightsw.mission_file import AppEntry
from flightsw.runtime.keeping.reset_record import ResetRecord
from flightsw.runtime.supervision import AppAccount, VehicleAccount
from tlm_cmd.definition.message import Quality
from tlm_cmd.packets.verification import shorten

NANOSECONDS = 1_000_000_000
MAX_U8, MAX_U16, MAX_U32 = 2**8 - 1, 2**16 - 1, 2**32 - 1


def status(account: VehicleAccount, record: ResetRecord, *, watchdog_stroked: bool) -> ExecutiveStatus:
    """The account of apps and bus."""
    ledger = account.ledger
    return ExecutiveStatus(
        apps=account.apps,
        processes=account.processes,
        restarts=account.restarts,
        sent=ledger.sent,
        offered=ledger.offered,
        delivered=ledger.delivered,
        queued=ledger.queued,
        dropped=tuple(DropCount(reason.value, count) for reason, count in ledger.dropped.items()),
        unrouted=ledger.unrouted,
        ledger_closed=ledger.closed,
        slots_skipped=account.slots_skipped,
        slots_overrun=account.slots_overrun,
        boot_state=account.boot_state,
        boots=record.boots,
        processor_resets=min(len(record.resets_ns), MAX_U8),
        safe_mode=record.safe_mode,
        watchdog_stroked=watchdog_stroked,
    )


def app_report(account: AppAccount, apps: Mapping[str, AppEntry], now_ns: int) -> AppReport:
    """Everything about one app."""
    figures, entry = account.figures, apps[account.app]
    return AppReport(
        app=account.app,
        state=account.state,
        process=account.process,
        pid=account.pid,
        critical=entry.critical,
        restarts=min(figures.restarts, MAX_U16),
        failures=min(account.failures, MAX_U16),
        handlers=figures.handlers,
        activities=figures.activities,
        cycles=figures.cycles,
        heard_s=_seconds_since(account.heard_ns, now_ns),
        advanced_s=_seconds_since(account.advanced_ns, now_ns),
        queued=figures.queued,
        high_water=figures.high_water,
        depth=tuple(entry.inboxes.depth(quality) for quality in Quality),
        on_failure=FailurePolicy.of(entry.on_failure),
        max_restarts=entry.max_restarts,
        restart_window=entry.restart_window_s,
        needs=entry.needs[:MAX_REPORTED_NEEDS],
        workers=tuple(
            WorkerReport(worker.work, worker.pid, min(worker.waiting, MAX_U16), min(worker.restarts, MAX_U16))
            for worker in figures.workers[:MAX_REPORTED_WORKERS]
        ),
    )


def reset_log_reports(record: ResetRecord) -> list[ResetLogReport]:
    """The exception and reset log in packets; one without entries when it is empty."""
    entries = tuple(
        ResetLogEntry(max(0, entry.at_ns), entry.clock, entry.kind, entry.subtype, entry.app, shorten(entry.reason))
        for entry in record.log
    )
    return [
        ResetLogReport(
            len(entries), first, min(record.overwritten, MAX_U32), entries[first : first + MAX_REPORTED_ENTRIES]
        )
        for first in range(0, max(1, len(entries)), MAX_REPORTED_ENTRIES)
    ]


def _seconds_since(then_ns: int, now_ns: int) -> int:
    return min(max(0, now_ns - then_ns) // NANOSECONDS, MAX_U32)
