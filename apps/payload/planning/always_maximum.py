"""Always the dearest variant at full power, whatever the battery says: made to show that the guard holds alone."""

from __future__ import annotations

from collections.abc import Sequence

from apps.payload.forecast import Forecast
from apps.payload.jobs import Job
from apps.payload.planning.choices import Board, Plan


class AlwaysMaximum:
    """Takes the oldest job, blind to everything else."""

    def plan(self, now_ns: int, board: Board, forecast: Forecast, jobs: Sequence[Job]) -> Plan | None:
        """The next plan, None without jobs."""
        if not jobs:
            return None
        dearest = max(board.variants_for(jobs[0]), key=lambda variant: variant.work_s)
        return Plan(jobs[0].id, dearest.name, board.steps[-1].power_w)
