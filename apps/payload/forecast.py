"""What the next orbit will bring: sun, array power, the platform's load, heat. Pure; corrected by what is measured."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec

from apps.payload.orbit import Ellipse, OrbitState
from apps.payload.tables import ForecastRules
from flightsw.geometry.earth import in_shadow

MAX_STEPS = 1024
"""Longest forecast; a low orbit takes about 95 steps of a minute."""

NANOSECONDS = 1_000_000_000


class Sample(msgspec.Struct, frozen=True):
    """What is measured now.

    Attributes:
        sunlit: outside the Earth's shadow.
        array_w: drawn from the solar array.
        platform_w: what the spacecraft takes from array and battery, losses included, less the payload's share.
        sink_c: temperature of what cools the board.
        state_of_charge: of the battery, 0 to 1.
    """

    sunlit: bool
    array_w: float
    platform_w: float
    sink_c: float
    state_of_charge: float


class Averages(msgspec.Struct):
    """Exponential averages of what was measured.

    Attributes:
        array_w: drawn from the array in sunlight while the battery took all of it.
        sunlit_load_w: of the platform without the payload, in sunlight.
        eclipse_load_w: the same in eclipse.
        sink_c: temperature of what cools the board.
    """

    array_w: float
    sunlit_load_w: float
    eclipse_load_w: float
    sink_c: float

    @classmethod
    def expected(cls, rules: ForecastRules) -> Averages:
        """What is expected before anything is measured."""
        return cls(rules.array_w, rules.sunlit_load_w, rules.eclipse_load_w, rules.sink_c)

    def learn(self, sample: Sample, seconds: float, rules: ForecastRules) -> None:
        """Move towards a sample that held for ``seconds``; what is not finite is left out, powers below 0 are 0.

        A battery that is nearly full takes less than the array could give: then its power tells nothing.
        """
        weight = -math.expm1(-seconds / rules.average_s)
        if sample.sunlit:
            if sample.state_of_charge < rules.trust_below:
                self.array_w = _towards(self.array_w, sample.array_w, weight, least=0.0)
            self.sunlit_load_w = _towards(self.sunlit_load_w, sample.platform_w, weight, least=0.0)
        else:
            self.eclipse_load_w = _towards(self.eclipse_load_w, sample.platform_w, weight, least=0.0)
        self.sink_c = _towards(self.sink_c, sample.sink_c, weight)


class Forecast(msgspec.Struct, frozen=True):
    """The next orbit in steps of equal length.

    Attributes:
        start_ns: begin of the first step.
        orbit_ns: time of the orbit it stands on.
        step_ns: length of a step.
        sunlit: per step, whether all of it is in sunlight.
        array_w: per step, expected from the array.
        load_w: per step, what the platform is expected to take, without the payload.
        sink_c: expected temperature of what cools the board.
    """

    start_ns: int
    orbit_ns: int
    step_ns: int
    sunlit: tuple[bool, ...]
    array_w: tuple[float, ...]
    load_w: tuple[float, ...]
    sink_c: float


def look_ahead(now_ns: int, orbit: OrbitState, averages: Averages, rules: ForecastRules) -> Forecast | None:
    """The forecast of one orbit from now on; None when the orbit cannot be one.

    A step counts as sunlit only when it begins and ends outside the Earth's cylindrical shadow, so every eclipse is
    expected up to two steps too long.
    """
    try:
        ellipse = Ellipse(orbit)
    except ValueError:
        return None
    steps = min(math.ceil(ellipse.period_s / rules.step_s), MAX_STEPS)
    since_s = (now_ns - orbit.at_ns) / NANOSECONDS
    dark = [in_shadow(ellipse.position_after(since_s + index * rules.step_s), orbit.sun) for index in range(steps + 1)]
    sunlit = tuple(not (begin or end) for begin, end in pairwise(dark))
    return Forecast(
        start_ns=now_ns,
        orbit_ns=orbit.at_ns,
        step_ns=rules.step_s * NANOSECONDS,
        sunlit=sunlit,
        array_w=tuple(averages.array_w if lit else 0.0 for lit in sunlit),
        load_w=tuple(averages.sunlit_load_w if lit else averages.eclipse_load_w for lit in sunlit),
        sink_c=averages.sink_c,
    )


def _towards(average: float, measured: float, weight: float, least: float = -math.inf) -> float:
    return average + weight * (max(measured, least) - average) if math.isfinite(measured) else average
