"""Power distribution: named lines behind latching current limiters, and the last resort against an empty battery.

A line draws what its devices' own state makes them draw. A limiter holds the current at its limit and, when the
demand has been above the limit for its trip time, opens and latches off: only a command (retrigger) closes it again.
A *retriggerable* limiter, used for what must never stay off, closes again by itself (names as in ECSS-E-ST-20-20C:
LCL, RLCL). Under-voltage tiers open groups of lines when the bus voltage stays below a threshold; the flight software
should have shed these loads long before.
"""

from typing import Protocol

import msgspec

from bus_sim.errors import ParameterError, UnknownNameError
from bus_sim.quantities import Amperes, BusVolts, Name, PositiveFraction, Seconds, Watts


class Load(Protocol):
    """A device fed by a line."""

    def demand_w(self) -> float:
        """Power it would draw now, from its own state [W], 0 when unpowered."""
        ...

    def set_power(self, *, on: bool) -> None:
        """Its line closed or opened; called at once, also when nothing changed."""
        ...


class LineParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line.

    Attributes:
        name: how commands and reports know it.
        node: thermal node its devices heat.
        limit_a: current limit at the bus side.
        trip_time_s: time above the limit until it opens.
        retriggerable: closes again by itself within a step, whatever opened it; a command to open is a power cycle.
        initially_on: closed at scenario start.
    """

    name: Name
    node: Name
    limit_a: Amperes
    trip_time_s: Seconds = 0.01
    retriggerable: bool = False
    initially_on: bool = False


class TierParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One under-voltage tier.

    Attributes:
        below_v: bus voltage under which its lines open.
        recovered_v: voltage at which the tier is armed again and its retriggerable lines may close.
        hold_s: how long the voltage must stay below.
        lines: names of the lines it opens.
    """

    below_v: BusVolts
    recovered_v: BusVolts
    hold_s: Seconds
    lines: tuple[Name, ...]


class DistributionParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The distribution unit.

    Attributes:
        node: thermal node that its own losses heat.
        efficiency: of the converters between bus and devices, 0 to 1.
        quiescent_w: what the unit draws itself.
        mppt_efficiency: of the trackers between panels and bus, 0 to 1.
        restart_v: bus voltage at which retriggerable lines may close after a brown-out.
        lines: all lines; their order is their number.
        tiers: under-voltage tiers.
    """

    node: Name
    efficiency: PositiveFraction
    quiescent_w: Watts
    mppt_efficiency: PositiveFraction
    restart_v: BusVolts
    lines: tuple[LineParameters, ...]
    tiers: tuple[TierParameters, ...]


class LineState(msgspec.Struct):
    """Memory of one line.

    Attributes:
        closed: switch position.
        latched_off: opened by its limiter; a switch-on is refused until it is retriggered.
        overload_s: time above the limit without a break.
        power_w: delivered to the devices in the last step.
        current_a: drawn from the bus in the last step.
        trips: openings by the limiter since the start.
        retriggers: releases of the limiter by command, and closings by itself.
        refused: commands to switch on while latched off.
    """

    closed: bool
    latched_off: bool = False
    overload_s: float = 0.0
    power_w: float = 0.0
    current_a: float = 0.0
    trips: int = 0
    retriggers: int = 0
    refused: int = 0


class TierState(msgspec.Struct):
    """Memory of one under-voltage tier.

    Attributes:
        active: its lines were opened and the voltage has not recovered.
        below_s: time below the threshold without a break.
        activations: times it opened its lines.
    """

    active: bool = False
    below_s: float = 0.0
    activations: int = 0


class DistributionState(msgspec.Struct):
    """Memory of the distribution unit.

    Attributes:
        lines: in the order of the parameters.
        tiers: in the order of the parameters.
        dark: everything was opened by a brown-out and the voltage has not come back.
        brownouts: times the battery could not carry the load.
    """

    lines: list[LineState]
    tiers: list[TierState]
    dark: bool = False
    brownouts: int = 0


class Distribution:
    """The lines, their limiters and the under-voltage tiers."""

    def __init__(self, parameters: DistributionParameters) -> None:
        self.parameters = parameters
        self.line_names = tuple(line.name for line in parameters.lines)
        self._numbers = {name: number for number, name in enumerate(self.line_names)}
        if len(self._numbers) != len(self.line_names):
            raise ParameterError("distribution.lines", f"a name occurs twice in {self.line_names}")
        self._tier_lines = tuple(self._tier_numbers(n, tier) for n, tier in enumerate(parameters.tiers))
        self._retriggerable = tuple(n for n, line in enumerate(parameters.lines) if line.retriggerable)
        self._line_numbers = range(len(parameters.lines))
        self._limits_a = tuple(line.limit_a for line in parameters.lines)
        self._loads: list[list[Load]] = [[] for _ in parameters.lines]
        self.state = DistributionState(
            lines=[LineState(closed=line.initially_on) for line in parameters.lines],
            tiers=[TierState() for _ in parameters.tiers],
        )

    def _tier_numbers(self, tier_number: int, tier: TierParameters) -> tuple[int, ...]:
        for name in tier.lines:
            if name not in self._numbers:
                path = f"distribution.tiers[{tier_number}].lines"
                raise ParameterError(path, f"no line is named {name!r}", self.line_names)
        return tuple(self._numbers[name] for name in tier.lines)

    def number(self, name: str) -> int:
        """Number of the line ``name``.

        Raises:
            UnknownNameError: there is no such line.
        """
        try:
            return self._numbers[name]
        except KeyError:
            raise UnknownNameError("line", name, self.line_names) from None

    def connect(self, name: str, load: Load) -> None:
        """Feed ``load`` from the line ``name``, and tell it whether it has power now."""
        number = self.number(name)
        self._loads[number].append(load)
        load.set_power(on=self.state.lines[number].closed)

    def switch(self, number: int, *, on: bool) -> bool:
        """Close or open a line by command; False if it is latched off and stays so."""
        line = self.state.lines[number]
        if on and line.latched_off:
            line.refused += 1
            return False
        self._set(number, closed=on)
        return True

    def retrigger(self, number: int) -> None:
        """Release a latched limiter and close its line, by command."""
        line = self.state.lines[number]
        if line.latched_off:
            line.latched_off = False
            line.retriggers += 1
        self._set(number, closed=True)

    def _set(self, number: int, *, closed: bool) -> None:
        line = self.state.lines[number]
        line.closed = closed
        line.overload_s = 0.0
        for load in self._loads[number]:
            load.set_power(on=closed)

    def draw(self, bus_voltage_v: float, step_s: float) -> float:
        """Ask every device what it draws, apply the limiters, and return the power delivered to the devices [W].

        A line above its limit delivers only up to the limit, and only until its trip time has passed.
        """
        total = 0.0
        efficiency = self.parameters.efficiency
        w_per_a = bus_voltage_v * efficiency
        for line, loads, limit_a, number in zip(
            self.state.lines, self._loads, self._limits_a, self._line_numbers, strict=True
        ):
            if not line.closed:
                line.power_w = line.current_a = 0.0
                continue
            demand = 0.0
            for load in loads:
                demand += load.demand_w()
            if demand > limit_a * w_per_a:
                demand = self._overload(number, limit_a * w_per_a, step_s)
            elif line.overload_s:
                line.overload_s = 0.0
            line.power_w = demand
            line.current_a = demand / w_per_a
            total += demand
        return total

    def _overload(self, number: int, allowed_w: float, step_s: float) -> float:
        """Power delivered in this step [W] by a line above its limit; trips it if its time is up."""
        line, limits = self.state.lines[number], self.parameters.lines[number]
        left_s = limits.trip_time_s - line.overload_s
        if left_s > step_s:
            line.overload_s += step_s
            return allowed_w
        self._set(number, closed=False)
        line.trips += 1
        line.latched_off = True
        return allowed_w * (left_s / step_s)

    def interrupt(self) -> None:
        """Open every line: the battery cannot carry the load of this step, and nothing of it was delivered."""
        self.state.brownouts += 1
        self.state.dark = True
        for number, line in enumerate(self.state.lines):
            line.power_w = line.current_a = 0.0
            if line.closed:
                self._set(number, closed=False)

    def guard(self, bus_voltage_v: float, step_s: float) -> None:
        """Act on the voltage found at the end of a step: tiers open their lines, retriggerable lines come back."""
        state = self.state
        for number, tier in enumerate(state.tiers):
            limits = self.parameters.tiers[number]
            if tier.active:
                tier.active = bus_voltage_v < limits.recovered_v
            elif bus_voltage_v >= limits.below_v:
                tier.below_s = 0.0
            else:
                tier.below_s += step_s
                if tier.below_s > limits.hold_s:
                    tier.active = True
                    tier.below_s = 0.0
                    tier.activations += 1
                    for line_number in self._tier_lines[number]:
                        self._set(line_number, closed=False)
        if state.dark:
            state.dark = bus_voltage_v < self.parameters.restart_v
        else:
            self._bring_back()

    def _bring_back(self) -> None:
        for number in self._retriggerable:
            line = self.state.lines[number]
            if not line.closed and not self._held_open(number):
                line.retriggers += 1
                line.latched_off = False
                self._set(number, closed=True)

    def _held_open(self, number: int) -> bool:
        for tier, numbers in zip(self.state.tiers, self._tier_lines, strict=True):
            if tier.active and number in numbers:
                return True
        return False
