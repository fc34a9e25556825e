"""The orbit: SGP4 from a two-line element set.

Source: Vallado, Crawford, Hujsak, Kelso, "Revisiting Spacetrack Report #3" (AIAA 2006-6753), as implemented by the
``sgp4`` package. Positions are in TEME (true equator, mean equinox of date), the frame SGP4 works in.
"""

import msgspec
from sgp4.api import SGP4_ERRORS, WGS72, Satrec

from bus_sim.environment.epoch import Epoch
from bus_sim.errors import OrbitError, ParameterError
from flightsw.geometry.earth import EARTH_RADIUS_KM
from flightsw.geometry.vectors import Vector

_LINE_LENGTH = 69


class OrbitParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two-line element set, 69 characters each, with valid checksums."""

    tle_line_1: str
    tle_line_2: str


def tle_checksum(line: str) -> int:
    """Checksum of a TLE line: its digits added, a minus sign counting one, modulo ten, over 68 columns."""
    total = 0
    for character in line[: _LINE_LENGTH - 1]:
        if character.isdigit():
            total += int(character)
        elif character == "-":
            total += 1
    return total % 10


def check_tle(parameters: OrbitParameters) -> None:
    """Refuse element lines that are damaged or swapped.

    Raises:
        ParameterError: names the line and what is wrong with it.
    """
    for number, line in (("1", parameters.tle_line_1), ("2", parameters.tle_line_2)):
        path = f"orbit.tle_line_{number}"
        if len(line) != _LINE_LENGTH:
            raise ParameterError(path, f"{len(line)} characters long", (f"{_LINE_LENGTH} characters",))
        if line[0] != number:
            raise ParameterError(path, f"starts with {line[0]!r}", (number,))
        expected = str(tle_checksum(line))
        if line[-1] != expected:
            raise ParameterError(path, f"checksum is {line[-1]}", (expected,))


class Orbit:
    """Position and velocity of the spacecraft at any time of the scenario; has no memory."""

    def __init__(self, parameters: OrbitParameters, epoch: Epoch) -> None:
        check_tle(parameters)
        self._epoch = epoch
        self._satellite = Satrec.twoline2rv(parameters.tle_line_1, parameters.tle_line_2, WGS72)

    @property
    def mean_altitude_km(self) -> float:
        """Semi-major axis less the Earth's equatorial radius [km]."""
        return float(self._satellite.a - 1.0) * EARTH_RADIUS_KM

    def at(self, now_ns: int) -> tuple[Vector, Vector]:
        """Position [km] and velocity [km/s] in TEME at ``now_ns`` since scenario start.

        Raises:
            OrbitError: the elements cannot be propagated to this time.
        """
        whole, fraction = self._epoch.julian_date(now_ns)
        code, position, velocity = self._satellite.sgp4(whole, fraction)
        if code:
            raise OrbitError(code, SGP4_ERRORS[code], now_ns)
        return position, velocity
