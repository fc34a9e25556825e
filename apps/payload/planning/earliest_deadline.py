"""Earliest deadline first, by the cheapest variant, as fast as the guard admits: plain, and everybody's fallback."""

from __future__ import annotations

from collections.abc import Sequence

from apps.payload.forecast import Forecast
from apps.payload.jobs import Job
from apps.payload.planning.choices import Board, Plan, seconds_left


class EarliestDeadline:
    """Takes the job whose deadline comes first among those that can still be done in time."""

    def plan(self, now_ns: int, board: Board, forecast: Forecast, jobs: Sequence[Job]) -> Plan | None:
        """The next plan, None when no job can be done in time."""
        step = board.admitted_steps()[-1]
        for job in sorted(jobs, key=lambda job: (job.deadline_ns, job.id)):
            variant = board.cheapest_for(job)
            if board.seconds(job, variant, step) <= seconds_left(job, now_ns):
                return Plan(job.id, variant.name, step.power_w)
        return None
