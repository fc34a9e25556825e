"""The orbit from one second to the next, while no fix comes. Pure."""

from __future__ import annotations

import msgspec

from flightsw.geometry.vectors import Vector, add, cross, dot, norm, scale, subtract

EARTH_MU_KM3_S2 = 398_600.4418
"""Gravitational parameter of the Earth [km^3/s^2] (EGM-96)."""
EARTH_RATE_RAD_S = 7.292115e-5
"""Rotation of the Earth (WGS-84)."""
LOWEST_KM, HIGHEST_KM = 6400.0, 50_000.0
"""Distances from the Earth's centre in which a position can be believed."""


class OrbitState(msgspec.Struct, frozen=True):
    """Inertial (TEME) position [km] and velocity [km/s]."""

    position: Vector
    velocity: Vector

    @property
    def is_credible(self) -> bool:
        """Whether a spacecraft can be there and go on as fast without falling down or away."""
        radius, speed = norm(self.position), norm(self.velocity)
        if not (LOWEST_KM <= radius <= HIGHEST_KM and speed * speed * radius < 2.0 * EARTH_MU_KM3_S2):
            return False
        momentum = norm(cross(self.position, self.velocity))
        return momentum * momentum >= EARTH_MU_KM3_S2 * LOWEST_KM

    def after(self, seconds: float) -> OrbitState:
        """The state a few seconds later, for a spherical Earth.

        A series of third order in time: in low orbit good to 1 m after 10 s. What it leaves out, oblateness above all,
        amounts to 12 m in 30 s and 200 m in two minutes.
        """
        radius = norm(self.position)
        strength = EARTH_MU_KM3_S2 / (radius * radius * radius)
        gravity = scale(self.position, -strength)
        falling = 3.0 * dot(self.position, self.velocity) / (radius * radius)
        change = scale(subtract(self.velocity, scale(self.position, falling)), -strength)
        half, sixth = 0.5 * seconds * seconds, seconds * seconds * seconds / 6.0
        position = add(
            add(self.position, scale(self.velocity, seconds)), add(scale(gravity, half), scale(change, sixth))
        )
        return OrbitState(position, add(self.velocity, add(scale(gravity, seconds), scale(change, half))))
