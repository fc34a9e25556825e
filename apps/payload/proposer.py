"""Asks the chosen planner, and keeps the account of the times it could not be used."""

from __future__ import annotations

from apps.payload.jobs import JobQueue
from apps.payload.outlook import Outlook
from apps.payload.planning.choices import Board, Plan
from apps.payload.planning.policy import PLANNERS, ask
from apps.payload.state import PayloadState
from apps.payload.surroundings import PayloadTables, Voice

OVERHEAD_S = 2
"""From plan to work and from work to result, in control slots of a second."""


class Proposer:
    """What the planner wants to do with what the guard would admit."""

    def __init__(self, state: PayloadState, tables: PayloadTables, outlook: Outlook, voice: Voice) -> None:
        self._state = state
        self._tables = tables
        self._outlook = outlook
        self._voice = voice

    def propose(self, admitted_w: float, overhead_s: float = OVERHEAD_S) -> Plan | None:
        """The planner's plan, or earliest deadline's when that is of no use; None when nothing is worth doing.

        Args:
            admitted_w: the strongest power mode that the guard admits now.
            overhead_s: time that passes before and behind the work.
        """
        state, board, outlook = self._state, self._tables.board, self._outlook
        assert state.forecast is not None  # noqa: S101 - without one the guard admits nothing
        choice = Board(board.steps, board.variants, board.idle_w, admitted_w, outlook.spare_wh(), overhead_s)
        waiting = JobQueue(state.queue).waiting
        planned = ask(PLANNERS[state.policy], outlook.now_ns, choice, state.forecast, waiting)
        if planned.failure:
            state.planner_failures += 1
            if not state.planner_fault:
                self._voice.planner_replaced(planned.failure)
        state.planner_fault = planned.failure
        return planned.plan

    def has_work(self) -> bool:
        """Whether a job waits that can still be done in time after a boot, with power for it."""
        if not JobQueue(self._state.queue).waiting:
            return False
        step, _ = self._outlook.strongest(starting=True)
        return step is not None and self.propose(step.power_w, self._tables.board.boot_limit_s) is not None
