"""A day with a planner that always asks for the largest model at the highest power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.payload.messages import PayloadStatus, PlannerPolicy, SetPolicy
from ops_tools.sil.runner import Flight
from ops_tools.sil.scenario import load_scenario
from tests.sil.conftest import ONE_ORBIT

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer

DAY_S = 86_400


def test_the_guard_keeps_every_limit_whatever_the_planner_wants() -> None:
    """No limit of battery or temperature is broken in a day, because the guard refuses."""
    flight = Flight(load_scenario(ONE_ORBIT), seed=7, duration_s=DAY_S)
    statuses: list[PayloadStatus] = []
    flight.vehicle.runtime.observers.append(
        lambda _now_ns, _message_id, message: statuses.append(message) if isinstance(message, PayloadStatus) else None
    )
    flight.vehicle.runtime.queue.add(60 * 10**9, 9, "test", lambda: ask_for_the_most(flight))
    result = flight.fly()
    assert result.limits.violations == 0
    assert statuses[-1].policy is PlannerPolicy.ALWAYS_MAXIMUM
    assert statuses[-1].guard_refusals > 0
    assert max(status.board_power_mode for status in statuses) == 25
    assert result.ledger.closed


def ask_for_the_most(flight: Flight) -> None:
    """Choose the planner by command, as another app would."""
    containers: dict[str, AppContainer] = flight.vehicle.runtime.host.containers
    containers["executive"].request("payload", SetPolicy(PlannerPolicy.ALWAYS_MAXIMUM))
    flight.vehicle.runtime.host.bus.dispatch()
