"""Whether every critical app is healthy: running, heard of lately, and going on with its work. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from flightsw.mission_file import AppEntry
from flightsw.runtime.supervision import AppState, VehicleAccount

NANOSECONDS = 1_000_000_000


def unhealthy_app(
    account: VehicleAccount,
    apps: Mapping[str, AppEntry],
    now_ns: int,
    heard_within_ns: int,
    advanced_within_ns: int,
) -> tuple[str, str] | None:
    """The first critical app that is not healthy, and what is wrong with it; None when all are.

    Args:
        account: the newest figures; figures that are themselves too old say nothing good of any app.
        apps: of the mission.
        now_ns: vehicle time.
        heard_within_ns: how old the heartbeat of an app's process may be, in vehicle time.
        advanced_within_ns: how long an app may run nothing, in vehicle time.
    """
    critical = [app for app, entry in apps.items() if entry.critical]
    if critical and (not account.each or now_ns - account.at_ns > heard_within_ns):
        return critical[0], "is not known to be well, nothing is heard of those who keep the apps"
    for each in account.each:
        if each.app not in critical:
            continue
        if each.state is not AppState.RUNNING:
            return each.app, f"is {each.state.name}"
        if now_ns - each.heard_ns > heard_within_ns:
            return each.app, f"sends no heartbeat for {(now_ns - each.heard_ns) / NANOSECONDS:.1f} s"
        if now_ns - each.advanced_ns > advanced_within_ns:
            return each.app, f"has run nothing for {(now_ns - each.advanced_ns) / NANOSECONDS:.1f} s"
    return None
