"""What a planner is, what it may choose from, and what happens when one fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from apps.payload.errors import PayloadError
from apps.payload.forecast import Forecast
from apps.payload.jobs import Job
from apps.payload.messages import PlannerPolicy
from apps.payload.planning.always_maximum import AlwaysMaximum
from apps.payload.planning.choices import Board, Plan
from apps.payload.planning.earliest_deadline import EarliestDeadline
from apps.payload.planning.greedy import Greedy


class UnusablePlanError(PayloadError):
    """A planner named a job, a variant or a power mode that there is not."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(f"the plan's {field} {value!r} is not to be had")
        self.field, self.value = field, value


class Planner(Protocol):
    """Chooses the next job, its variant and the power mode."""

    def plan(self, now_ns: int, board: Board, forecast: Forecast, jobs: Sequence[Job]) -> Plan | None:
        """The next plan, None when nothing is worth doing now.

        Args:
            now_ns: vehicle time.
            board: what there is to choose from.
            forecast: the next orbit.
            jobs: those that wait, in the order of arrival.
        """
        ...


class Planned(msgspec.Struct, frozen=True):
    """What came of asking.

    Attributes:
        plan: usable, or None when nothing is to be done.
        failure: why the chosen planner was replaced by earliest deadline, empty when it was not.
    """

    plan: Plan | None
    failure: str = ""


PLANNERS: dict[PlannerPolicy, Planner] = {
    PlannerPolicy.GREEDY: Greedy(),
    PlannerPolicy.EARLIEST_DEADLINE: EarliestDeadline(),
    PlannerPolicy.ALWAYS_MAXIMUM: AlwaysMaximum(),
}
"""Planners are without memory, so all vehicles share them."""

FALLBACK = EarliestDeadline()


def ask(planner: Planner, now_ns: int, board: Board, forecast: Forecast, jobs: Sequence[Job]) -> Planned:
    """A planner's plan, or that of earliest deadline when the planner raises or wants what there is not."""
    try:
        plan = planner.plan(now_ns, board, forecast, jobs)
        _check(plan, board, jobs)
    except Exception as error:  # noqa: BLE001 - a fault domain: whatever is wrong with a planner stays there
        failure = f"{type(error).__name__}: {error}"
        return Planned(FALLBACK.plan(now_ns, board, forecast, jobs), failure)
    return Planned(plan)


def _check(plan: Plan | None, board: Board, jobs: Sequence[Job]) -> None:
    """Raise UnusablePlanError unless all that the plan names exists."""
    if plan is None:
        return
    job = next((job for job in jobs if job.id == plan.job), None)
    if job is None:
        raise UnusablePlanError("job", plan.job)
    if plan.variant not in [variant.name for variant in board.variants_for(job)]:
        raise UnusablePlanError("variant", plan.variant)
    if plan.power_w not in [step.power_w for step in board.steps]:
        raise UnusablePlanError("power", plan.power_w)
