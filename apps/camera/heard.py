"""What the camera app has heard of the spacecraft, and whether it is still news. Pure."""

from __future__ import annotations

import math

import msgspec

from apps.attitude.messages import AttitudeStatus, Navigation, PointingMode
from apps.camera.opportunities import Orbit, earth_angle
from apps.mode_manager.messages import SpacecraftMode
from flightsw.geometry.earth import Geodetic

STALE_NS = 3_000_000_000
"""News older than this is no news."""


class Heard(msgspec.Struct):
    """The newest of each, and when it came.

    Attributes:
        mode: of the spacecraft.
        attitude: packet of the attitude app.
        navigation: the orbit.
    """

    mode: SpacecraftMode | None = None
    mode_ns: int = 0
    attitude: AttitudeStatus | None = None
    attitude_ns: int = 0
    navigation: Navigation | None = None
    navigation_ns: int = 0

    def mode_now(self, now_ns: int) -> SpacecraftMode | None:
        """The spacecraft's mode, None when it is not known."""
        return self.mode if _is_news(self.mode_ns, now_ns) else None

    def aim_problem(self, now_ns: int, max_pointing_error_deg: float) -> str:
        """Why the camera does not look at the target, empty when it does."""
        if self.attitude is None or not _is_news(self.attitude_ns, now_ns):
            return "attitude not known"
        if self.attitude.mode is not PointingMode.TARGET:
            return "not turned to the target"
        if not self.attitude.pointing_error <= max_pointing_error_deg:
            return f"pointing error {self.attitude.pointing_error:.1f} deg"
        return ""

    def aims_elsewhere(self, now_ns: int) -> bool:
        """Whether the attitude app points at something else than a target."""
        known = self.attitude is not None and _is_news(self.attitude_ns, now_ns)
        return known and self.attitude is not None and self.attitude.mode is not PointingMode.TARGET

    def orbit(self, now_ns: int) -> Orbit | None:
        """Where the spacecraft is, None when that is not known."""
        navigation = self.navigation
        if navigation is None or not (navigation.valid and _is_news(self.navigation_ns, now_ns)):
            return None
        px, py, pz = navigation.position
        vx, vy, vz = navigation.velocity
        sx, sy, sz = navigation.sun
        place = Geodetic(math.radians(navigation.latitude), math.radians(navigation.longitude), navigation.altitude)
        return Orbit((px, py, pz), (vx, vy, vz), earth_angle((px, py, pz), place), (sx, sy, sz))


def _is_news(came_ns: int, now_ns: int) -> bool:
    return 0 <= now_ns - came_ns <= STALE_NS
