from __future__ import annotations

import math

import pytest

from apps.attitude.sun import sun_direction
from flightsw.geometry.vectors import Vector, angle, norm
from flightsw.services.spacecraft_time import parse_utc
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS


@pytest.mark.parametrize(
    ("utc", "direction"),
    [
        ("2024-01-01T00:00:00Z", (0.174340220, -0.903437830, -0.391670237)),
        ("2025-03-20T09:00:00Z", (1.000000000, -0.000017720, -0.000010182)),
        ("2026-05-15T02:00:00Z", (0.583948621, 0.744806834, 0.322903683)),
        ("2026-06-21T08:00:00Z", (0.000314946, 0.917491419, 0.397755449)),
        ("2027-09-23T06:00:00Z", (-0.999999997, 0.000075443, 0.000009708)),
        ("2029-12-31T18:00:00Z", (0.179547699, -0.902603195, -0.391241737)),
    ],
)
def test_agrees_with_erfa_in_teme(utc: str, direction: Vector) -> None:
    """Within 0.02 deg of ERFA 2.0.1 (epv00, light time, pnm80, eqeq94 to TEME)."""
    found = sun_direction(LEAP_SECONDS.utc_to_tai(parse_utc(utc)))
    assert norm(found) == pytest.approx(1.0)
    assert math.degrees(angle(found, direction)) < 0.02
