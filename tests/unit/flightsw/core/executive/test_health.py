from __future__ import annotations

import msgspec
import pytest

from flightsw.bus.ledger import Ledger
from flightsw.core.executive.health import unhealthy_app
from flightsw.mission_file import AppEntry
from flightsw.runtime.supervision import AppAccount, AppState, VehicleAccount

SECOND = 1_000_000_000
NOW = 100 * SECOND
APPS = {"power": AppEntry("p", 0x20, critical=True), "camera": AppEntry("c", 0x30)}
WELL = AppAccount("power", AppState.RUNNING, "core", heard_ns=NOW, advanced_ns=NOW)


def judged(power: AppAccount, *, at_ns: int = NOW, camera: AppState = AppState.RUNNING) -> tuple[str, str] | None:
    """The judgement on one critical app and another one."""
    others = msgspec.structs.replace(WELL, app="camera", state=camera, heard_ns=0, advanced_ns=0)
    account = VehicleAccount(2, 1, 0, Ledger(), 0, at_ns=at_ns, each=(others, power))
    return unhealthy_app(account, APPS, NOW, 2 * SECOND, 30 * SECOND)


def test_only_critical_apps_count() -> None:
    """Another one may be as ill as it likes."""
    assert judged(WELL) is None
    assert judged(WELL, camera=AppState.FAILED) is None


@pytest.mark.parametrize("state", [state for state in AppState if state is not AppState.RUNNING])
def test_an_app_that_does_not_run_is_not_well(state: AppState) -> None:
    """Whatever else it is."""
    assert judged(msgspec.structs.replace(WELL, state=state)) == ("power", f"is {state.name}")


def test_an_app_must_be_heard_and_advance() -> None:
    """To the edge: what is just old enough is well, a nanosecond more is not."""
    assert judged(msgspec.structs.replace(WELL, heard_ns=NOW - 2 * SECOND)) is None
    assert judged(msgspec.structs.replace(WELL, heard_ns=NOW - 2 * SECOND - 1)) == (
        "power",
        "sends no heartbeat for 2.0 s",
    )
    assert judged(msgspec.structs.replace(WELL, advanced_ns=NOW - 30 * SECOND)) is None
    assert judged(msgspec.structs.replace(WELL, advanced_ns=NOW - 30 * SECOND - 1)) == (
        "power",
        "has run nothing for 30.0 s",
    )


def test_old_news_is_no_good_news() -> None:
    """When nothing is heard of those who keep the apps, nobody is known to be well."""
    reason = "is not known to be well, nothing is heard of those who keep the apps"
    assert judged(WELL, at_ns=NOW - 2 * SECOND - 1) == ("power", reason)
    empty = VehicleAccount(0, 0, 0, Ledger(), 0, at_ns=NOW)
    assert unhealthy_app(empty, APPS, NOW, SECOND, SECOND) == ("power", reason)
