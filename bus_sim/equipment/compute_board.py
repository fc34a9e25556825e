"""The edge-AI compute board: boots, works at one of three power modes, throttles when hot, trips when too hot.

Work is an amount of time at full speed; how long it takes depends on the mode and on throttling. The board knows
nothing of what is computed. Throttling and the critical trip are the board's own and act whatever the scheduler wants.
"""

from enum import Enum, unique
from typing import assert_never

import msgspec

from bus_sim.errors import ParameterError
from bus_sim.quantities import Celsius, PositiveFraction, PositiveSeconds, PositiveWatts


@unique
class ComputeState(Enum):
    """What the board is doing."""

    OFF = 0
    BOOTING = 1
    IDLE = 2
    ACTIVE = 3


@unique
class ComputeReply(Enum):
    """Answer to a command."""

    ACCEPTED = 0
    OFF = 1
    BOOTING = 2
    BUSY = 3
    BAD_ARGUMENT = 4


class PowerModeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One power mode: power while working [W], and speed relative to the fastest, 0 to 1."""

    power_w: PositiveWatts
    speed: PositiveFraction


class ComputeBoardParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The board.

    Attributes:
        boot_s: from power to idle.
        boot_w: power while booting.
        idle_w: power while idle.
        modes: power modes by number, slowest first.
        throttle_c: above this temperature it throttles.
        resume_c: below this temperature it stops throttling.
        trip_c: at this temperature it switches itself off until its line is cycled.
        throttled_power: part of the mode's power above idle that is left while throttled.
        throttled_speed: part of the mode's speed that is left while throttled.
    """

    boot_s: PositiveSeconds
    boot_w: PositiveWatts
    idle_w: PositiveWatts
    modes: tuple[PowerModeParameters, ...]
    throttle_c: Celsius
    resume_c: Celsius
    trip_c: Celsius
    throttled_power: PositiveFraction
    throttled_speed: PositiveFraction


class ComputeBoardState(msgspec.Struct):
    """Memory of the board.

    Attributes:
        state: what it is doing.
        powered: the line is closed; the board may be off all the same, after a trip.
        mode: power mode in force, an index into the parameters' modes.
        throttled: it is holding itself back.
        tripped: it switched itself off; cleared when the line opens.
        boot_left_s: until idle.
        work_id: number of the work started last, running or ended, 0 if there was none since power-on.
        work_left_s: what is left of it, in seconds at full speed, 0 when completed.
        work_total_s: its size.
        completed: works completed.
        lost: works lost to a power cut or a trip.
        aborted: works given up by command.
        refused: commands refused.
        throttles: times it began to throttle.
        trips: times it switched itself off.
        boots: times it became idle after power-on.
    """

    state: ComputeState = ComputeState.OFF
    powered: bool = False
    mode: int = 0
    throttled: bool = False
    tripped: bool = False
    boot_left_s: float = 0.0
    work_id: int = 0
    work_left_s: float = 0.0
    work_total_s: float = 0.0
    completed: int = 0
    lost: int = 0
    aborted: int = 0
    refused: int = 0
    throttles: int = 0
    trips: int = 0
    boots: int = 0


class ComputeBoard:
    """The board as its commands and its power line see it."""

    def __init__(self, parameters: ComputeBoardParameters) -> None:
        if not parameters.modes:
            raise ParameterError("compute_board.modes", "is empty")
        if not parameters.resume_c < parameters.throttle_c < parameters.trip_c:
            raise ParameterError("compute_board", "resume_c < throttle_c < trip_c does not hold")
        self.parameters = parameters
        self.state = ComputeBoardState()

    def set_mode(self, mode: int) -> ComputeReply:
        """Choose the power mode for this and the next works; takes effect at once."""
        reply = self._not_up()
        if reply is None and not 0 <= mode < len(self.parameters.modes):
            reply = ComputeReply.BAD_ARGUMENT
        if reply is not None:
            return self._refuse(reply)
        self.state.mode = mode
        return ComputeReply.ACCEPTED

    def start(self, work_id: int, work_s: float) -> ComputeReply:
        """Begin a work of ``work_s`` seconds at full speed, numbered above 0; what runs already is accepted."""
        state = self.state
        reply = self._not_up()
        if reply is None and state.state is ComputeState.ACTIVE:
            if work_id == state.work_id:
                return ComputeReply.ACCEPTED
            reply = ComputeReply.BUSY
        if reply is None and not (work_id > 0 and 0.0 <= work_s < float("inf")):
            reply = ComputeReply.BAD_ARGUMENT
        if reply is not None:
            return self._refuse(reply)
        state.state = ComputeState.ACTIVE
        state.work_id = work_id
        state.work_left_s = state.work_total_s = work_s
        return ComputeReply.ACCEPTED

    def abort(self, work_id: int) -> ComputeReply:
        """Give up the work of this number if it runs; what does not run needs no end."""
        state = self.state
        reply = self._not_up()
        if reply is not None:
            return self._refuse(reply)
        if state.state is ComputeState.ACTIVE and state.work_id == work_id:
            state.aborted += 1
            state.state = ComputeState.IDLE
        return ComputeReply.ACCEPTED

    def _not_up(self) -> ComputeReply | None:
        match self.state.state:
            case ComputeState.OFF:
                return ComputeReply.OFF
            case ComputeState.BOOTING:
                return ComputeReply.BOOTING
            case ComputeState.IDLE | ComputeState.ACTIVE:
                return None
            case _:
                assert_never(self.state.state)

    def _refuse(self, reply: ComputeReply) -> ComputeReply:
        self.state.refused += 1
        return reply

    def _fall_silent(self) -> None:
        state = self.state
        if state.state is ComputeState.ACTIVE:
            state.lost += 1
        state.work_id = 0
        state.work_left_s = state.work_total_s = 0.0
        state.state = ComputeState.OFF
        state.throttled = False
        state.boot_left_s = 0.0

    def speed(self) -> float:
        """Work done per second now, 1 at full speed, 0 when not active."""
        if self.state.state is not ComputeState.ACTIVE:
            return 0.0
        speed = self.parameters.modes[self.state.mode].speed
        return speed * self.parameters.throttled_speed if self.state.throttled else speed

    def demand_w(self) -> float:
        """Power drawn in the present state [W]."""
        parameters, state = self.parameters, self.state
        match state.state:
            case ComputeState.OFF:
                return 0.0
            case ComputeState.BOOTING:
                return parameters.boot_w
            case ComputeState.IDLE:
                return parameters.idle_w
            case ComputeState.ACTIVE:
                above_idle = parameters.modes[state.mode].power_w - parameters.idle_w
                return parameters.idle_w + (above_idle * parameters.throttled_power if state.throttled else above_idle)
            case _:
                assert_never(state.state)

    def set_power(self, *, on: bool) -> None:
        """The line closed: boot. The line opened: off at once, work lost, a trip forgotten."""
        state = self.state
        state.powered = on
        if not on:
            self._fall_silent()
            state.tripped = False
        elif state.state is ComputeState.OFF and not state.tripped:
            state.state = ComputeState.BOOTING
            state.boot_left_s = self.parameters.boot_s

    def progress(self, temperature_c: float, step_s: float) -> None:
        """Let ``step_s`` pass at a temperature of the board [degC]."""
        parameters, state = self.parameters, self.state
        if state.state is ComputeState.OFF:
            return
        if temperature_c >= parameters.trip_c:
            state.trips += 1
            self._fall_silent()
            state.tripped = True
            return
        if state.state is ComputeState.BOOTING:
            state.boot_left_s -= step_s
            if state.boot_left_s <= 0.0:
                state.boot_left_s = 0.0
                state.boots += 1
                state.mode = 0
                state.state = ComputeState.IDLE
        elif state.state is ComputeState.ACTIVE:
            state.work_left_s -= step_s * self.speed()
            if state.work_left_s <= 0.0:
                state.work_left_s = 0.0
                state.completed += 1
                state.state = ComputeState.IDLE
        if temperature_c > parameters.throttle_c:
            if not state.throttled:
                state.throttles += 1
                state.throttled = True
        elif temperature_c < parameters.resume_c:
            state.throttled = False
