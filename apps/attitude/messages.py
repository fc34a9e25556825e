"""Interface of the attitude app: where the spacecraft is and where it points."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import F32, F64, I32, I64, U16, U32, Length, Limits, Linear, Range, Unit
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry

Vector = tuple[Annotated[float, F32], ...]

POINTING_ERROR = "of the aimed axis, boresight or in SUN wings; 180 when the aim is not known, 0 without one"


@unique
class PointingMode(IntEnum):
    """What the spacecraft points at."""

    IDLE = 0
    DETUMBLE = 1
    SUN = 2
    NADIR = 3
    TARGET = 4


class SetPointing(Command, code=2):
    """Point the spacecraft, until the mode manager points it with the next change of mode."""

    mode: PointingMode
    latitude: Annotated[float, F32, Range(-90, 90), Unit("deg"), "of the place, for TARGET only"] = 0.0
    longitude: Annotated[float, F32, Range(-180, 180), Unit("deg"), "of the place, for TARGET only"] = 0.0


class AttitudeStatus(Telemetry, period_s=1):
    """Attitude as estimated, and how well it follows its target."""

    mode: PointingMode
    valid: Annotated[bool, "attitude was given by the star tracker in this second"]
    quaternion: Annotated[Vector, Length(4), "scalar first, body to inertial (TEME)"]
    rate: Annotated[Vector, Length(3), Unit("rad/s"), "of the body, in body axes"]
    rate_norm: Annotated[float, U16, Linear(0.001), Unit("deg/s"), Limits(yellow=(0, 3), red=(0, 10))]
    pointing_error: Annotated[float, U16, Linear(0.01), Unit("deg"), POINTING_ERROR]
    torque: Annotated[Vector, Length(3), Unit("N m"), "commanded, in body axes"]
    errors: Annotated[int, U32, "transactions with the attitude unit that failed"]
    rate_valid: Annotated[bool, "rates were measured in this second, by gyro or star tracker"] = True


class Navigation(Telemetry, period_s=1):
    """Orbit as known on board."""

    valid: Annotated[bool, "from a GPS fix of the last two minutes"]
    time_tai_ns: Annotated[int, I64, Unit("ns"), "TAI since 1958-01-01 of this state"]
    position: Annotated[tuple[Annotated[float, F64], ...], Length(3), Unit("km"), "inertial (TEME)"]
    velocity: Annotated[tuple[Annotated[float, F64], ...], Length(3), Unit("km/s"), "inertial (TEME)"]
    latitude: Annotated[float, I32, Linear(1e-6), Unit("deg"), "geodetic"]
    longitude: Annotated[float, I32, Linear(1e-6), Unit("deg"), "east positive"]
    altitude: Annotated[float, U32, Linear(0.001), Unit("km"), "above WGS-84"]
    sun: Annotated[Vector, Length(3), "unit vector to the Sun, inertial (TEME)"]
    sunlit: Annotated[bool, "outside the Earth's shadow"]


class PointingChanged(Event, code=32, text="pointing {mode}"):
    """The pointing target changed."""

    mode: PointingMode


class RatesDamped(Event, code=33, text="rates damped below {limit:.2f} deg/s"):
    """Detumbling is done."""

    limit: Annotated[float, F32, Unit("deg/s")]


class AttitudeLost(Event, code=34, severity=Severity.ERROR, text="no attitude for {seconds} s"):
    """The star tracker has given no attitude for a while; the spacecraft turns slowly until it does."""

    seconds: Annotated[int, U16, Unit("s")]


class PositionLost(Event, code=35, severity=Severity.ERROR, text="no position fix for {seconds} s"):
    """The GPS receiver has given no fix for a while."""

    seconds: Annotated[int, U16, Unit("s")]


class AttitudeFound(Event, code=36, text="attitude known again"):
    """The star tracker gives the attitude again."""


class PositionFound(Event, code=37, text="position known again"):
    """The GPS receiver has a fix again."""
