import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.sil.report.ground_track import (
    Light,
    LightSpan,
    light_spans,
    polylines,
    visibility_circle,
    visibility_radius_deg,
)
from ops_tools.sil.report.model import Series, Station

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-89, 89)


def _track(sunlit: list[float | None]) -> Series:
    return Series(time_s=[10 * index for index in range(len(sunlit))], columns={"sunlit": sunlit})


def test_light_changes_where_it_is_first_seen() -> None:
    """Sun, penumbra and umbra become joined intervals."""
    assert light_spans(_track([1, 1, 0.4, 0, 0, 0.9])) == [
        LightSpan(Light.SUNLIT, 0, 20),
        LightSpan(Light.PENUMBRA, 20, 30),
        LightSpan(Light.UMBRA, 30, 50),
        LightSpan(Light.PENUMBRA, 50, 50),
    ]


@given(st.lists(st.none() | st.floats(0, 1), min_size=1))
def test_light_spans_join(sunlit: list[float | None]) -> None:
    """The spans cover the whole track, end to end."""
    spans = light_spans(_track(sunlit))
    assert (spans[0].start_s, spans[-1].end_s) == (0, 10 * (len(sunlit) - 1))
    assert all(a.end_s == b.start_s and a.light != b.light for a, b in pairwise(spans))


@given(st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=2, max_size=30))
def test_no_line_runs_across_the_map(points: list[tuple[float, float]]) -> None:
    """No step of a drawn line is longer than half the map, and no line leaves it."""
    for line in polylines(points):
        assert all(-180 <= longitude <= 180 for longitude, _ in line)
        assert all(abs(a[0] - b[0]) <= 180 for a, b in pairwise(line))


def test_the_date_line_is_crossed_at_one_latitude() -> None:
    """The track leaves at one edge where it enters at the other."""
    before, after = polylines([(170.0, 0.0), (-170.0, 10.0)])
    assert before[-1] == pytest.approx((180.0, 5.0))
    assert after[0] == pytest.approx((-180.0, 5.0))


def test_visibility_radius_of_a_known_orbit() -> None:
    """At zero elevation the radius is acos(R / (R + h)); a mask makes it smaller."""
    horizon = math.degrees(math.acos(6371 / 6891))
    assert visibility_radius_deg(520, 0) == pytest.approx(horizon)
    assert visibility_radius_deg(520, 5) == pytest.approx(17.92, abs=0.05)
    assert visibility_radius_deg(0, 0) == 0


@given(LATITUDES, LONGITUDES)
def test_every_corner_of_the_circle_is_at_its_radius(latitude: float, longitude: float) -> None:
    """The outline keeps its angle from the station, wherever that is; corners at the map's edge aside."""
    station = Station(name="x", latitude_deg=latitude, longitude_deg=longitude)
    radius = visibility_radius_deg(520, 5)
    holds_pole = abs(latitude) + radius >= 90
    outline = visibility_circle(station, 520)
    corners = outline[2:-2] if holds_pole else outline
    here = math.radians(latitude)
    for lon, lat in corners:
        there = math.radians(lat)
        cosine = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(
            math.radians(lon - longitude)
        )
        assert math.degrees(math.acos(max(-1.0, min(1.0, cosine)))) == pytest.approx(radius, abs=1e-3)
    if holds_pole:
        assert {outline[0][1], outline[-1][1]} == {math.copysign(90.0, latitude)}
