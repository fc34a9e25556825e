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
LOWEST_KM, HIGHEST_KM = 100.0, 50_000.0
"""Mean altitudes between re-entry and what lies just beyond the geostationary ring [km]."""


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
        if not line.isascii():
            raise ParameterError(path, f"holds {next(each for each in line if not each.isascii())!r}", ("ASCII",))
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
        try:
            self._satellite = Satrec.twoline2rv(parameters.tle_line_1, parameters.tle_line_2, WGS72)
        except ValueError as error:
            raise ParameterError("orbit", f"the element lines cannot be read: {error}") from error
        if not LOWEST_KM <= self.mean_altitude_km <= HIGHEST_KM:
            reason = f"a mean altitude of {self.mean_altitude_km:.0f} km"
            raise ParameterError("orbit", reason, (f"{LOWEST_KM:.0f} to {HIGHEST_KM:.0f} km",))

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
