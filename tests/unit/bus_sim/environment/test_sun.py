import datetime as dt
import math

import pytest

from bus_sim.environment.epoch import Epoch
from bus_sim.environment.sun import sun_vector
from flightsw.geometry.vectors import angle, norm


@pytest.mark.parametrize(
    ("when", "direction", "distance_au"),
    [
        (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), (0.174340220, -0.903437830, -0.391670237), 0.9833183),
        (dt.datetime(2025, 3, 20, 9, tzinfo=dt.UTC), (1.000000000, -0.000017720, -0.000010182), 0.9958888),
        (dt.datetime(2026, 5, 15, 2, tzinfo=dt.UTC), (0.583948621, 0.744806834, 0.322903683), 1.0107786),
        (dt.datetime(2026, 6, 21, 8, tzinfo=dt.UTC), (0.000314946, 0.917491419, 0.397755449), 1.0161929),
        (dt.datetime(2027, 9, 23, 6, tzinfo=dt.UTC), (-0.999999997, 0.000075443, 0.000009708), 1.0035985),
        (dt.datetime(2029, 12, 31, 18, tzinfo=dt.UTC), (0.179547699, -0.902603195, -0.391241737), 0.9833549),
    ],
)
def test_agrees_with_erfa_in_teme(when: dt.datetime, direction: tuple[float, float, float], distance_au: float) -> None:
    """Within 0.02 deg and 1e-4 of the distance of ERFA 2.0.1 (epv00, light time, pnm80, eqeq94 to TEME)."""
    found, distance = sun_vector(Epoch(when).days_since_j2000(0))
    assert math.degrees(angle(found, direction)) < 0.02
    assert distance == pytest.approx(distance_au, abs=1e-4)


@pytest.mark.parametrize(
    ("when", "longitude_deg"),
    [
        (dt.datetime(2026, 3, 20, 14, 46, tzinfo=dt.UTC), 0.0),
        (dt.datetime(2026, 6, 21, 8, 25, tzinfo=dt.UTC), 90.0),
        (dt.datetime(2026, 9, 23, 0, 5, tzinfo=dt.UTC), 180.0),
        (dt.datetime(2026, 12, 21, 20, 50, tzinfo=dt.UTC), 270.0),
    ],
)
def test_the_seasons_begin_when_the_calendar_says(when: dt.datetime, longitude_deg: float) -> None:
    """At the published equinoxes and solstices of 2026 the ecliptic longitude of date is a right angle's multiple."""
    (x, y, z), _ = sun_vector(Epoch(when).days_since_j2000(0))
    obliquity = math.radians(23.4359)
    along = math.degrees(math.atan2(y * math.cos(obliquity) + z * math.sin(obliquity), x))
    assert (along - longitude_deg + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.02)
    assert norm((x, y, z)) == pytest.approx(1.0)
