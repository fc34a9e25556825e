"""The modes of the compute payload: a table of entry conditions, and nothing that acts.

Every transition but the restart of the app follows from the conditions of the moment, so the app asks once per control
slot what is due. The order of the table is that of importance: faults before protection, protection before what the
ground or the work wants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from apps.payload.messages import ComputeMode
from flightsw.devices.compute_board import BoardState
from flightsw.services.modes import ModeMachine, Transition

OFF, BOOTING, IDLE, WARMING, RUNNING, THROTTLED, COOLING, FAULT, SAFE = ComputeMode

POWERED = (BOOTING, IDLE, WARMING, RUNNING, THROTTLED, COOLING)
"""Modes in which the board's line is on."""

_UP = (IDLE, WARMING, RUNNING, THROTTLED, COOLING)
_WORKING = (WARMING, RUNNING, THROTTLED)


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What decides about the mode, as of one moment.

    Attributes:
        enabled: the ground lets the payload work.
        faulted: model or board are unusable until the fault is cleared.
        forbidden: spacecraft mode, load shedding, battery or bus voltage leave nothing even for a board at rest.
        may_boot: the line is off, and the guard admits a boot and the weakest power mode behind it.
        too_hot: the guard refuses even the weakest power mode for its heat.
        cool: the guard would admit it with the start margin.
        work_waits: a job is queued that can be done in time.
        board: what the board says it is, None when it has been silent for too long.
        throttled: the board has slowed down.
        model_ready: the worker has verified the model since the board was switched on.
        overdue: the board takes too long to boot, or a boot cannot succeed any more.
        unneeded: no work for long, whether none was queued or none admitted.
        run_planned: a job was admitted and is loading.
        run_started: the board works on a job, or has finished and its result is awaited.
    """

    enabled: bool
    faulted: bool
    forbidden: bool
    may_boot: bool
    too_hot: bool
    cool: bool
    work_waits: bool
    board: BoardState | None
    throttled: bool
    model_ready: bool
    overdue: bool
    unneeded: bool
    run_planned: bool
    run_started: bool


class ComputeModes(ModeMachine[ComputeMode]):
    """OFF, BOOTING, IDLE, WARMING, RUNNING, THROTTLED, COOLING, FAULT, SAFE, and the ways between them."""

    modes = ComputeMode
    initial, safe, fault = OFF, SAFE, FAULT
    transitions = (
        Transition("fail", (*POWERED, OFF, SAFE), FAULT, "is_faulted", "neither model nor board is at fault"),
        Transition("clear", FAULT, OFF, "is_cleared", "the fault has not been cleared"),
        Transition("protect", (*POWERED, OFF), SAFE, "is_forbidden", "nothing forbids the payload"),
        Transition("recover", SAFE, OFF, "is_allowed", "the payload is still forbidden"),
        Transition("disable", POWERED, OFF, "is_disabled", "the payload is enabled"),
        Transition("lose_board", _UP, OFF, "is_lost", "the board answers"),
        Transition("give_up_boot", BOOTING, OFF, "is_overdue", "the board may still boot"),
        Transition("power_on", OFF, BOOTING, "may_power_on", "no work, or no power for it"),
        Transition("boot", BOOTING, IDLE, "is_up", "board or model are not ready"),
        Transition("overheat", (IDLE, *_WORKING), COOLING, "is_too_hot", "the board is not too hot"),
        Transition("cool_down", COOLING, IDLE, "is_cool", "the board is still hot"),
        Transition("start", WARMING, RUNNING, "has_started", "the board does not work yet"),
        Transition("throttle", RUNNING, THROTTLED, "is_throttled", "the board works at full speed"),
        Transition("recover_speed", THROTTLED, RUNNING, "is_fast", "the board is still throttled, or has no work"),
        Transition("finish", _WORKING, IDLE, "has_no_run", "a job is in hand"),
        Transition("warm_up", IDLE, WARMING, "has_plan", "no job was admitted"),
        Transition("rest", (IDLE, COOLING), OFF, "is_unneeded", "the board has worked a moment ago"),
        Transition("restart", POWERED, OFF),
    )

    @property
    def powered(self) -> bool:
        """Whether the board's line is to be on."""
        return self.mode in POWERED

    def due(self, conditions: Conditions) -> str | None:
        """The trigger of the first transition from the present mode whose guard agrees, None when none does."""
        for trigger, agrees in _FROM[self.mode]:
            if agrees(self, conditions):
                return trigger
        return None

    # ---------------------------------------------------------------- guards

    def is_faulted(self, now: Conditions) -> bool:
        """Model or board are unusable."""
        return now.faulted

    def is_cleared(self, now: Conditions) -> bool:
        """The ground has cleared the fault."""
        return not now.faulted

    def is_forbidden(self, now: Conditions) -> bool:
        """The spacecraft has no power for the payload, or protects itself; a disabled payload is off anyway."""
        return now.forbidden and (now.enabled or self.mode is not OFF)

    def is_allowed(self, now: Conditions) -> bool:
        """Nothing forbids the payload any more, or the ground has switched it off."""
        return not now.forbidden or not now.enabled

    def is_disabled(self, now: Conditions) -> bool:
        """The ground has switched the payload off."""
        return not now.enabled

    def is_lost(self, now: Conditions) -> bool:
        """The board is off although it should be on, boots again by itself, or is silent."""
        return now.board in (None, BoardState.OFF, BoardState.BOOTING)

    def is_overdue(self, now: Conditions) -> bool:
        """The board will not come up."""
        return now.overdue

    def may_power_on(self, now: Conditions) -> bool:
        """There is work, and power for it."""
        return now.enabled and now.work_waits and now.may_boot

    def is_up(self, now: Conditions) -> bool:
        """Board and model are ready."""
        return now.board in (BoardState.IDLE, BoardState.ACTIVE) and now.model_ready

    def is_too_hot(self, now: Conditions) -> bool:
        """No power mode is weak enough."""
        return now.too_hot and not now.run_started

    def is_cool(self, now: Conditions) -> bool:
        """Work may begin again."""
        return now.cool

    def has_started(self, now: Conditions) -> bool:
        """The board works."""
        return now.run_started

    def is_throttled(self, now: Conditions) -> bool:
        """The board has slowed down."""
        return now.run_started and now.throttled

    def is_fast(self, now: Conditions) -> bool:
        """The board works at full speed again."""
        return now.run_started and not now.throttled

    def has_no_run(self, now: Conditions) -> bool:
        """No job is loading or running."""
        return not (now.run_planned or now.run_started)

    def has_plan(self, now: Conditions) -> bool:
        """A job was admitted."""
        return now.run_planned

    def is_unneeded(self, now: Conditions) -> bool:
        """The board can be switched off."""
        return now.unneeded


_Guard = Callable[[ComputeModes, Conditions], bool]


def _by_mode() -> dict[ComputeMode, tuple[tuple[str, _Guard], ...]]:
    def guard_of(transition: Transition) -> Any:  # noqa: ANN401 - looked up by name
        return getattr(ComputeModes, str(transition.guard))

    return {
        mode: tuple(
            (transition.trigger, guard_of(transition))
            for transition in ComputeModes.transitions
            if mode in transition.sources and transition.guard is not None
        )
        for mode in ComputeMode
    }


_FROM = _by_mode()
