"""What follows when an app fails. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, unique
from typing import assert_never

import msgspec

from flightsw.mission_file import AppEntry
from flightsw.mission_life import OnFailure, WhenExhausted

NANOSECONDS = 1_000_000_000


@unique
class Response(IntEnum):
    """What is done about a failure, the mildest first."""

    NOTHING = 0
    RESTART_APP = 1
    RESTART_GROUP = 2
    GIVE_UP = 3
    PROCESSOR_RESET = 4


class FailureCounts(msgspec.Struct):
    """Recent failures.

    Attributes:
        recent_ns: when each app failed within its window, oldest first; bounded by its ``max_restarts``.
    """

    recent_ns: dict[str, list[int]] = {}


def respond(entry: AppEntry, app: str, counts: FailureCounts, now_ns: int, *, may_reset: bool) -> Response:
    """Count a failure of an app, and say what follows.

    Args:
        entry: the app's policy.
        app: its name.
        counts: failures so far; this one is added.
        now_ns: the time by which the window is measured.
        may_reset: whether a processor reset is still allowed; when not, a policy that wants one becomes a restart of
            the app, and an app that has used up its restarts is given up.
    """
    window_ns = entry.restart_window_s * NANOSECONDS
    recent = [at for at in counts.recent_ns.get(app, ()) if now_ns - at < window_ns]
    counts.recent_ns[app] = [*recent[-entry.max_restarts :], now_ns] if entry.max_restarts else [now_ns]
    exhausted = len(recent) >= entry.max_restarts
    match entry.on_failure:
        case OnFailure.IGNORE:
            return Response.NOTHING
        case OnFailure.PROCESSOR_RESET if may_reset:
            return Response.PROCESSOR_RESET
        case _ if exhausted:
            return Response.PROCESSOR_RESET if may_reset and escalates(entry) else Response.GIVE_UP
        case OnFailure.RESTART_APP | OnFailure.PROCESSOR_RESET:
            return Response.RESTART_APP
        case OnFailure.RESTART_GROUP:
            return Response.RESTART_GROUP
        case _:
            assert_never(entry.on_failure)


def respond_to_all(
    entries: Mapping[str, AppEntry], apps: tuple[str, ...], counts: FailureCounts, now_ns: int, *, may_reset: bool
) -> dict[str, Response]:
    """Count a failure of several apps at once, of which nobody knows whose fault it was."""
    return {app: respond(entries[app], app, counts, now_ns, may_reset=may_reset) for app in apps}


def escalates(entry: AppEntry) -> bool:
    """Whether the processor is reset when this app has used up its restarts."""
    match entry.when_exhausted:
        case WhenExhausted.BY_CRITICALITY:
            return entry.critical
        case WhenExhausted.PROCESSOR_RESET:
            return True
        case WhenExhausted.GIVE_UP:
            return False
        case _:
            assert_never(entry.when_exhausted)


def recent_failures(entry: AppEntry, app: str, counts: FailureCounts, now_ns: int) -> int:
    """Failures of an app within its window."""
    window_ns = entry.restart_window_s * NANOSECONDS
    return sum(now_ns - at < window_ns for at in counts.recent_ns.get(app, ()))
