"""The planners: what each chooses, and that no planner can hurt."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.payload.forecast import NANOSECONDS, Forecast
from apps.payload.jobs import Job
from apps.payload.messages import PlannerPolicy
from apps.payload.planning.always_maximum import AlwaysMaximum
from apps.payload.planning.choices import Board, Plan, remaining_work_s, seconds_left
from apps.payload.planning.earliest_deadline import EarliestDeadline
from apps.payload.planning.greedy import Greedy
from apps.payload.planning.policy import PLANNERS, Planner, ask
from apps.payload.tables import PowerStep, Variant

STEPS = (PowerStep(7, 0.35), PowerStep(15, 0.75), PowerStep(25, 1.0))
FULL, HALF = Variant("full", 1.0, 150.0), Variant("half", 0.9, 15.0)
FORECAST = Forecast(0, 0, 60 * NANOSECONDS, (True,), (50.0,), (10.0,), 10.0)


def job(number: int, *, value: float = 1.0, deadline_s: float = 10_000.0, variant: str = "", done: float = 0.0) -> Job:
    """A waiting job."""
    return Job(number, number, 1, number, value, 0, round(deadline_s * NANOSECONDS), variant=variant, done=done)


def board(*, admitted_w: float = 25.0, spare_wh: float = 100.0) -> Board:
    """A board with three power modes and two variants."""
    return Board(STEPS, (FULL, HALF), 1.5, admitted_w, spare_wh)


def chosen(planner: Planner, *jobs: Job, on: Board | None = None, now_s: float = 0.0) -> Plan | None:
    """What a planner wants."""
    return planner.plan(round(now_s * NANOSECONDS), on or board(), FORECAST, jobs)


@pytest.mark.parametrize("planner", PLANNERS.values())
def test_without_jobs_nothing_is_planned(planner: Planner) -> None:
    """An empty queue gives no plan."""
    assert chosen(planner) is None


def test_work_and_time_of_a_job() -> None:
    """Remaining work counts what the same variant has done; time follows from speed and overhead, energy from power."""
    begun = job(1, variant="full", done=0.5)
    assert remaining_work_s(begun, FULL) == 75.0
    assert remaining_work_s(begun, HALF) == 15.0
    assert board().seconds(begun, FULL, STEPS[1]) == 100.0
    assert Board(STEPS, (FULL,), 1.5, 25.0, 1.0, overhead_s=2.0).seconds(begun, FULL, STEPS[2]) == 77.0
    assert board().energy_wh(begun, FULL, STEPS[2]) == pytest.approx(75.0 * 23.5 / 3600.0)
    assert seconds_left(job(1, deadline_s=7.0), 2 * NANOSECONDS) == 5.0
    assert board().variants_for(begun) == (FULL,)
    assert board().variants_for(job(1, variant="gone", done=0.5)) == (FULL, HALF)


def test_admitted_steps_are_those_of_the_guard() -> None:
    """Power modes up to the hint; when nothing is admitted the weakest one may still be asked for."""
    assert board(admitted_w=15.0).admitted_steps() == STEPS[:2]
    assert board(admitted_w=0.0).admitted_steps() == STEPS[:1]


def test_earliest_deadline_takes_the_first_that_can_be_done() -> None:
    """The earliest deadline among those still possible, by the cheapest variant at the strongest admitted power."""
    late, early, lost = job(1, deadline_s=500.0), job(2, deadline_s=90.0), job(3, deadline_s=14.0)
    assert chosen(EarliestDeadline(), late, early, lost) == Plan(2, "half", 25)
    assert chosen(EarliestDeadline(), lost) is None
    assert chosen(EarliestDeadline(), job(1, deadline_s=20.0), on=board(admitted_w=15.0)) == Plan(1, "half", 15)
    assert chosen(EarliestDeadline(), job(1, deadline_s=20.0), now_s=5.1) is None


def test_always_maximum_is_blind() -> None:
    """The oldest job in the dearest variant at 25 W, whatever the guard would admit and whatever the deadline."""
    assert chosen(AlwaysMaximum(), job(1, deadline_s=1.0), job(2), on=board(admitted_w=0.0)) == Plan(1, "full", 25)
    assert chosen(AlwaysMaximum(), job(1, variant="half", done=0.1)) == Plan(1, "half", 25)


def test_greedy_takes_the_most_value_per_work() -> None:
    """Value over work decides, of equals the earlier deadline, then the lower number."""
    assert chosen(Greedy(), job(1, value=1.0), job(2, value=2.0)) == Plan(2, "full", 25)
    assert chosen(Greedy(), job(1, value=2.0), job(2, value=2.0, deadline_s=9000.0)) == Plan(2, "full", 25)
    assert chosen(Greedy(), job(2), job(1)) == Plan(1, "full", 25)
    assert chosen(Greedy(), job(1, value=2.0), job(2, value=1.0, variant="half", done=0.9)) == Plan(2, "half", 25)
    assert chosen(Greedy(), job(1, value=2.0), job(2, value=1.0, variant="half", done=1.0)) == Plan(2, "half", 25)


def test_greedy_is_generous_only_with_what_the_others_do_not_need() -> None:
    """Time for the others' deadlines and energy for all decide over variant and power mode."""
    first, second = job(1, value=2.0), job(2, deadline_s=200.0)
    assert chosen(Greedy(), first, second) == Plan(1, "full", 25)  # 150 s at 25 W leave 50 s for the second
    assert chosen(Greedy(), first, job(2, deadline_s=100.0)) == Plan(1, "half", 25)
    assert chosen(Greedy(), first, on=board(spare_wh=0.97)) == Plan(1, "full", 15)  # 25 W take 0.98 Wh, 15 W 0.75
    assert chosen(Greedy(), first, on=board(spare_wh=0.7)) == Plan(1, "full", 7)  # 0.65 Wh
    assert chosen(Greedy(), first, on=board(spare_wh=0.6)) == Plan(1, "half", 25)
    assert chosen(Greedy(), first, on=board(spare_wh=0.07)) == Plan(1, "half", 7)
    assert chosen(Greedy(), first, on=board(spare_wh=0.0)) == Plan(1, "half", 25)  # nothing suits: quick and cheap
    assert chosen(Greedy(), job(1, deadline_s=160.0), on=board(admitted_w=15.0)) == Plan(1, "half", 15)
    assert chosen(Greedy(), job(1, deadline_s=14.0)) is None


@settings(deadline=None)
@given(
    jobs=st.lists(
        st.tuples(st.floats(0, 100), st.floats(-10, 2000), st.sampled_from(("", "full", "half")), st.floats(0, 1)),
        max_size=12,
    ),
    admitted_w=st.sampled_from((0.0, 7.0, 15.0, 25.0)),
    spare_wh=st.floats(0, 10),
    policy=st.sampled_from((PlannerPolicy.GREEDY, PlannerPolicy.EARLIEST_DEADLINE)),
)
def test_sensible_planners_keep_deadlines_and_hints(
    jobs: list[tuple[float, float, str, float]], admitted_w: float, spare_wh: float, policy: PlannerPolicy
) -> None:
    """A plan is usable, no stronger than admitted, in time, and there is one whenever any job can be done."""
    waiting = [
        job(number, value=value, deadline_s=deadline_s, variant=variant, done=done if variant else 0.0)
        for number, (value, deadline_s, variant, done) in enumerate(jobs, start=1)
    ]
    on = board(admitted_w=admitted_w, spare_wh=spare_wh)
    planned = ask(PLANNERS[policy], 0, on, FORECAST, waiting)
    assert planned.failure == ""
    fastest = on.admitted_steps()[-1]
    possible = [each for each in waiting if on.seconds(each, on.cheapest_for(each), fastest) <= seconds_left(each, 0)]
    assert (planned.plan is None) == (not possible)
    if planned.plan is not None:
        taken = waiting[planned.plan.job - 1]
        variant = next(variant for variant in on.variants_for(taken) if variant.name == planned.plan.variant)
        step = next(step for step in on.admitted_steps() if step.power_w == planned.plan.power_w)
        assert on.seconds(taken, variant, step) <= seconds_left(taken, 0)


class Broken:
    """A planner that raises, or wants what there is not."""

    def __init__(self, plan: Plan | None = None) -> None:
        self._plan = plan

    def plan(self, now_ns: int, board: Board, forecast: Forecast, jobs: Sequence[Job]) -> Plan | None:
        """Fail, one way or another."""
        if self._plan is None:
            raise ZeroDivisionError(now_ns, board, forecast, jobs)
        return self._plan


@pytest.mark.parametrize(
    ("planner", "failure"),
    [
        (Broken(), "ZeroDivisionError"),
        (Broken(Plan(9, "half", 25)), "UnusablePlanError: the plan's job 9 is not to be had"),
        (Broken(Plan(1, "quarter", 25)), "UnusablePlanError: the plan's variant 'quarter'"),
        (Broken(Plan(1, "half", 26)), "UnusablePlanError: the plan's power 26"),
    ],
)
def test_a_broken_planner_is_replaced(planner: Planner, failure: str) -> None:
    """Earliest deadline takes the place of a planner that raises or asks for what there is not, and it is told why."""
    planned = ask(planner, 0, board(), FORECAST, [job(1)])
    assert planned.plan == Plan(1, "half", 25)
    assert planned.failure.startswith(failure)


def test_every_policy_has_its_planner() -> None:
    """No policy that the ground can choose is without a planner."""
    assert set(PLANNERS) == set(PlannerPolicy)
