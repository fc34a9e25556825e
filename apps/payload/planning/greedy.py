"""The most value per work first; by the best variant and power for which time and energy suffice for all that waits."""

from __future__ import annotations

from collections.abc import Sequence

from apps.payload.forecast import Forecast
from apps.payload.jobs import Job
from apps.payload.planning.choices import Board, Plan, remaining_work_s, seconds_left
from apps.payload.tables import PowerStep, Variant


class Greedy:
    """Takes the job that earns most per second of work among those that can still be done in time.

    The variant is the most accurate one, and the power mode then the strongest one, with which every other waiting job
    can still be done by its deadline in its cheapest variant, and with which the energy spared by the forecast is
    enough for all of them. When there is none: the cheapest variant, as fast as the guard admits.
    """

    def plan(self, now_ns: int, board: Board, forecast: Forecast, jobs: Sequence[Job]) -> Plan | None:
        """The next plan, None when no job can be done in time."""
        steps = board.admitted_steps()
        fastest = steps[-1]
        feasible = [job for job in jobs if _fits(board, job, board.cheapest_for(job), fastest, now_ns)]
        if not feasible:
            return None
        job = max(feasible, key=lambda job: (_value_per_work(board, job), -job.deadline_ns, -job.id))
        others = sorted((other for other in feasible if other is not job), key=lambda other: other.deadline_ns)
        for variant in sorted(board.variants_for(job), key=lambda variant: -variant.accuracy):
            for step in reversed(steps):
                if _all_served(board, job, variant, step, others, fastest, now_ns):
                    return Plan(job.id, variant.name, step.power_w)
        return Plan(job.id, board.cheapest_for(job).name, fastest.power_w)


def _fits(board: Board, job: Job, variant: Variant, step: PowerStep, now_ns: int) -> bool:
    return board.seconds(job, variant, step) <= seconds_left(job, now_ns)


def _value_per_work(board: Board, job: Job) -> float:
    """What a job earns per second of work in its cheapest variant; a job that is all but done comes first."""
    variant = board.cheapest_for(job)
    work_s = remaining_work_s(job, variant)
    return job.value * variant.accuracy / work_s if work_s > 0.0 else float("inf")


def _all_served(
    board: Board, job: Job, variant: Variant, step: PowerStep, others: Sequence[Job], fastest: PowerStep, now_ns: int
) -> bool:
    """Whether a job so done leaves time and energy for the others, which follow by deadline at the fastest pace."""
    if not _fits(board, job, variant, step, now_ns):
        return False
    seconds = board.seconds(job, variant, step)
    energy_wh = board.energy_wh(job, variant, step)
    for other in others:
        cheapest = board.cheapest_for(other)
        seconds += board.seconds(other, cheapest, fastest)
        energy_wh += board.energy_wh(other, cheapest, fastest)
        if seconds > seconds_left(other, now_ns):
            return False
    return energy_wh <= board.spare_wh
