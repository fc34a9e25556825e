"""The control slot: the guard judges, the planner proposes, the modes follow, and the board's line with them."""

from __future__ import annotations

from typing import assert_never

from apps.payload.board_keeper import BoardKeeper
from apps.payload.compute_modes import POWERED, ComputeModes, Conditions
from apps.payload.forecast import NANOSECONDS
from apps.payload.jobs import JobQueue
from apps.payload.messages import ComputeMode, GuardReason
from apps.payload.outlook import Outlook
from apps.payload.proposer import Proposer
from apps.payload.runner import JobRunner
from apps.payload.senses import line_is_on
from apps.payload.state import NEVER_NS, PayloadState
from apps.payload.surroundings import PayloadTables, Voice
from apps.payload.worker_messages import WorkRequest, WorkResult, WorkStatus
from flightsw.devices.compute_board import BoardState
from flightsw.services.modes import Changed, Faulted, Hook

MAX_CHANGES = 4
"""Mode changes in one control slot."""
VERIFICATION_ATTEMPTS = 3
"""Workers in a row that may be lost over the verification of the model before the payload waits for the ground."""


class Controller:
    """Decides once per second; its memory is the app's state.

    Attributes:
        modes: the machine of the compute modes.
        now_ns: time of the present slot.
    """

    def __init__(
        self,
        state: PayloadState,
        tables: PayloadTables,
        keeper: BoardKeeper,
        runner: JobRunner,
        voice: Voice,
        on_transition: Hook,
    ) -> None:
        self._state = state
        self._tables = tables
        self._keeper = keeper
        self._runner = runner
        self._voice = voice
        self._queue = JobQueue(state.queue)
        self.outlook = Outlook(state, tables)
        self._proposer = Proposer(state, tables, self.outlook, voice)
        self.modes = ComputeModes(state.modes, on_transition)
        self.now_ns = 0

    def restart(self, now_ns: int) -> None:
        """Begin with the board off; a job that ran is queued again."""
        self.now_ns = now_ns
        state = self._state
        if state.run is not None:
            self._runner.retry("restart of the app")
        state.verification, state.verified, state.power_cycle = 0, False, False
        if "restart" in self.modes.possible_triggers():
            self.modes.trigger("restart", now_ns)

    def control(self, now_ns: int, seconds: float) -> None:
        """One slot, ``seconds`` after the one before."""
        self.now_ns = now_ns
        if self.modes.powered and line_is_on(self._state.heard, self._tables.board):
            self._keeper.listen(now_ns)
        self.outlook.renew(now_ns, seconds)
        self._runner.count_energy(seconds, self.outlook.measured.board_c)
        self._runner.expire(now_ns)
        self._judge()
        self._runner.watch(now_ns)
        self.follow(now_ns)
        self._keep_line()

    # ---------------------------------------------------------------- guard and planner

    def _judge(self) -> None:
        """Let the guard judge what is going on, or what could begin."""
        state, outlook, run = self._state, self.outlook, self._state.run
        if run is not None and run.working:
            step, state.guard = outlook.strongest(run.power_w, starting=False)
            if step is None or (step.power_w < run.power_w and not self._runner.slow_down(step.power_w)):
                state.cut_offs += 1
                self._runner.suspend()
                self._voice.cut_off(state.guard)
            return
        step, state.guard = outlook.strongest(starting=True)
        if run is not None and run.began_ns is None:
            self._launch(run.power_w)
        elif state.enabled and self._queue.waiting and self.modes.mode is not ComputeMode.FAULT:
            if step is None:
                state.guard_refusals += 1
            elif self.modes.mode is ComputeMode.IDLE and run is None:
                plan = self._proposer.propose(step.power_w)
                if plan is not None:  # less power than the strongest admitted is admitted too
                    self._runner.take(plan, min(plan.power_w, step.power_w), self.now_ns)

    def _launch(self, wanted_w: int) -> None:
        """Begin the loading job, unless the guard has thought better of it."""
        step, reason = self.outlook.strongest(wanted_w, starting=False)
        if step is None:
            self._state.guard = reason
            self._state.guard_refusals += 1
            self._runner.suspend()
        else:
            self._runner.launch(step.power_w, self.now_ns)

    # ---------------------------------------------------------------- modes

    def follow(self, now_ns: int) -> None:
        """Make the mode changes that are due, at most MAX_CHANGES."""
        self.now_ns = now_ns
        for _ in range(MAX_CHANGES):
            conditions = self._conditions()
            trigger = self.modes.due(conditions)
            if trigger is None:
                return
            outcome = self.modes.trigger(trigger, now_ns, conditions)
            if isinstance(outcome, Faulted):
                self._state.fault = outcome.error
            if isinstance(outcome, Changed | Faulted):
                self._entered(ComputeMode(outcome.destination), ComputeMode(outcome.source), trigger)

    def _conditions(self) -> Conditions:
        state, outlook, mode = self._state, self.outlook, self.modes.mode
        run, heard = state.run, state.heard
        in_mode_s = self.modes.in_mode_ns(self.now_ns) / NANOSECONDS
        table = self._tables.board
        resting = mode in (ComputeMode.OFF, ComputeMode.SAFE)
        off = mode is ComputeMode.OFF and state.enabled and line_is_on(heard, table) is False
        may_boot = off and outlook.admits_boot()
        return Conditions(
            enabled=state.enabled,
            faulted=bool(state.fault),
            # Where work is admitted, rest is too.
            forbidden=state.guard is not GuardReason.ADMITTED and outlook.forbids_rest(starting=resting),
            may_boot=may_boot,
            too_hot=state.guard is GuardReason.BOARD_TEMPERATURE and outlook.too_hot(),
            cool=mode is ComputeMode.COOLING and outlook.cool(),
            work_waits=may_boot and self._proposer.has_work(),
            board=self._board_state(),
            throttled=heard.board is not None and heard.board.throttled,
            model_ready=state.verified,
            overdue=state.power_cycle or (in_mode_s > table.boot_limit_s and not self._has_booted()),
            unneeded=in_mode_s >= table.rest_s,
            run_planned=run is not None and run.began_ns is None,
            run_started=run is not None and run.began_ns is not None,
        )

    def _has_booted(self) -> bool:
        """Whether the board is up, the model verified or still being loaded; the worker has a time limit of its own."""
        up = self._board_state() in (BoardState.IDLE, BoardState.ACTIVE)
        return up and (self._state.verified or self._state.verification != 0)

    def _board_state(self) -> BoardState | None:
        """What the board says it is; None when it is silent, or to be switched off."""
        heard, silence_ns = self._state.heard, self._tables.board.silence_s * NANOSECONDS
        if heard.board is None or self._state.power_cycle or self.now_ns - heard.board_ns > silence_ns:
            return None
        if self.modes.mode is ComputeMode.BOOTING and heard.board_ns <= self.modes.state.entered_at_ns:
            return None  # from before it was switched on
        return heard.board.state

    def _entered(self, mode: ComputeMode, before: ComputeMode, trigger: str) -> None:
        """Do what a new mode demands."""
        match mode:
            case ComputeMode.BOOTING:
                self._switch(on=True)
                self.verify_model()
            case ComputeMode.OFF | ComputeMode.SAFE | ComputeMode.FAULT:
                if before in POWERED:
                    self._leave_board(lost=trigger == "lose_board")
                if trigger in ("lose_board", "give_up_boot"):
                    self._count_failure(self._failure(trigger))
            case (
                ComputeMode.IDLE
                | ComputeMode.WARMING
                | ComputeMode.RUNNING
                | ComputeMode.THROTTLED
                | ComputeMode.COOLING
            ):
                return
            case _:
                assert_never(mode)

    def _leave_board(self, *, lost: bool) -> None:
        """Put the active job back and switch the board off."""
        state = self._state
        if state.run is not None:
            if lost:
                self._runner.retry("the board was lost")
            else:
                self._runner.suspend()
        state.verified, state.power_cycle = False, False
        self._switch(on=False)

    def _failure(self, trigger: str) -> str:
        told = self._state.heard.board
        if told is not None and told.tripped:
            return "was too hot and has tripped"
        return "is lost" if trigger == "lose_board" else "does not boot"

    def _count_failure(self, reason: str) -> None:
        state = self._state
        state.board_failures += 1
        self._voice.board_failed(reason, state.board_failures)
        if state.board_failures >= self._tables.board.failures_allowed:
            state.fault = f"compute board failed {state.board_failures} times in a row"

    # ---------------------------------------------------------------- the model

    def verify_model(self) -> None:
        """Let the worker load and verify the model."""
        state = self._state
        state.numbers += 1
        state.verification, state.verified = state.numbers, False
        self._voice.start_work(WorkRequest(state.numbers), self._tables.board.model_load_s)

    def take_verification(self, result: WorkResult) -> None:
        """The worker's word on the model."""
        self._state.verification = self._state.lost_verifications = 0
        self._state.verified = result.status is WorkStatus.MODEL_VERIFIED
        if not self._state.verified:
            self.declare_unusable(result.reason)

    def lose_verification(self, reason: str) -> None:
        """The worker ended without a word on the model, which says nothing about the model: another one is asked."""
        state = self._state
        state.lost_verifications += 1
        if state.lost_verifications < VERIFICATION_ATTEMPTS:
            self.verify_model()
        else:
            lost, state.lost_verifications = state.lost_verifications, 0
            self.declare_unusable(f"not verified, {lost} workers were lost: {reason}")

    def declare_unusable(self, reason: str) -> None:
        """There is no model to work with, until the fault is cleared."""
        self._state.verification, self._state.verified = 0, False
        self._state.fault = reason or "model unusable"
        self._voice.model_unusable(self._state.fault)

    # ---------------------------------------------------------------- the power line

    def _keep_line(self) -> None:
        """Command the line again when it is not as it should be."""
        on = line_is_on(self._state.heard, self._tables.board)
        waited_s = (self.now_ns - self._state.switched_ns) / NANOSECONDS
        waited = self._state.switched_ns == NEVER_NS or waited_s >= self._tables.board.switch_retry_s
        if on is not None and on is not self.modes.powered and waited:
            self._switch(on=self.modes.powered)

    def _switch(self, *, on: bool) -> None:
        self._state.switched_ns = self.now_ns
        self._voice.switch_line(self._tables.board.power_line, on)
