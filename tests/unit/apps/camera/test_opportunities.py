from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import msgspec
import pytest

from apps.camera.opportunities import (
    Opportunity,
    Orbit,
    Target,
    Targets,
    check_targets,
    earth_angle,
    in_reach,
    may_come_in_reach,
    next_chance,
    off_nadir_deg,
    opportunity,
)
from apps.camera.track import Track
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment, EnvironmentSample
from bus_sim.parameters import load_parameters
from flightsw.geometry.earth import Geodetic, from_geodetic, rotate_z
from flightsw.geometry.vectors import angle, norm, scale, subtract
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table

RULES = Targets(
    max_off_nadir=30.0,
    min_sun_elevation=15.0,
    max_pointing_error=0.5,
    lead_s=100,
    least_lead_s=30,
    give_up_s=12,
    repeat_s=3000,
    horizon_s=900,
    targets=(),
)


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The reference mission's orbit, with all its perturbations."""
    parameters = load_parameters()
    return Environment(Epoch(parameters.start_utc), parameters.orbit, ())


def orbit_of(sample: EnvironmentSample) -> Orbit:
    """What the app knows at one moment."""
    return Orbit(sample.position_km, sample.velocity_km_s, sample.gmst_rad, sample.sun_direction)


def chance(target: Target, orbit: Orbit) -> Opportunity:
    """The nearest pass over a target."""
    return opportunity(target, Track.of(orbit.position, orbit.velocity), orbit)


def beside(sample: EnvironmentSample, north_deg: float, east_deg: float) -> Target:
    """A place beside the point below the spacecraft."""
    longitude = math.degrees(sample.longitude_rad) + east_deg
    return Target(
        1, "Place", math.degrees(sample.latitude_rad) + north_deg, (longitude + 180.0) % 360.0 - 180.0, value=1.0
    )


def distance_and_angle(target: Target, sample: EnvironmentSample) -> tuple[float, float]:
    """True distance to a place [km], and angle between it and nadir [deg]."""
    place = from_geodetic(Geodetic(math.radians(target.latitude), math.radians(target.longitude), 0.0))
    line = subtract(rotate_z(place, sample.gmst_rad), sample.position_km)
    return norm(line), math.degrees(angle(line, scale(sample.position_km, -1.0)))


def closest(environment: Environment, target: Target, from_s: float, to_s: float) -> tuple[float, float]:
    """When the spacecraft is really nearest to a place within a span, and the angle from nadir then, by search."""
    while to_s - from_s > 0.005:
        third = (to_s - from_s) / 3.0
        early, late = (environment.at(round(each * NS_PER_S)) for each in (from_s + third, to_s - third))
        if distance_and_angle(target, early)[0] < distance_and_angle(target, late)[0]:
            to_s -= third
        else:
            from_s += third
    return from_s, distance_and_angle(target, environment.at(round(from_s * NS_PER_S)))[1]


@pytest.mark.parametrize(("lead_s", "most_s", "most_deg"), [(30, 0.1, 0.02), (100, 0.1, 0.02), (900, 1.0, 0.35)])
def test_against_a_search_over_the_real_orbit(
    environment: Environment, lead_s: int, most_s: float, most_deg: float
) -> None:
    """Time and angle of the closest approach agree with a search over the propagated orbit, all around the Earth."""
    stream = random.Random(lead_s)
    for _ in range(25):
        now_s = stream.randrange(0, 80_000)
        target = beside(environment.at((now_s + lead_s) * NS_PER_S), stream.uniform(-2, 2), stream.uniform(-2, 2))
        found = chance(target, orbit_of(environment.at(now_s * NS_PER_S)))
        when_s, off_nadir = closest(environment, target, now_s + lead_s - 90, now_s + lead_s + 90)
        assert found.seconds == pytest.approx(when_s - now_s, abs=most_s)
        assert found.off_nadir_deg == pytest.approx(off_nadir, abs=most_deg)


def test_after_the_closest_approach(environment: Environment) -> None:
    """A place just passed has a negative time, and the time runs down second by second."""
    target = beside(environment.at(1800 * NS_PER_S), 0.5, 1.0)
    times = [chance(target, orbit_of(environment.at(now_s * NS_PER_S))).seconds for now_s in range(1770, 1840, 10)]
    assert times[0] > 0.0 > times[-1]
    for before, after in itertools.pairwise(times):
        assert before - after == pytest.approx(10.0, abs=0.05)


def test_the_angle_now(environment: Environment) -> None:
    """The angle from nadir at this moment is the true one."""
    sample = environment.at(1800 * NS_PER_S)
    for north, east in ((0.0, 0.0), (1.0, -2.0), (-3.0, 1.0)):
        target = beside(sample, north, east)
        assert off_nadir_deg(target, orbit_of(sample)) == pytest.approx(distance_and_angle(target, sample)[1], abs=0.01)


def test_the_sun_at_the_target(environment: Environment) -> None:
    """A place below the Sun has it in the zenith, and one on the other side below the horizon."""
    sample = environment.at(1800 * NS_PER_S)
    sun = sample.sun_direction
    below = Target(
        1,
        "Noon",
        math.degrees(math.asin(sun[2])),
        math.degrees(math.remainder(math.atan2(sun[1], sun[0]) - sample.gmst_rad, math.tau)),
        1.0,
    )
    opposite = Target(2, "Midnight", -below.latitude, (below.longitude + 360.0) % 360.0 - 180.0, 1.0)
    # The Earth turns until the spacecraft comes by, at most a quarter of a turn of the spacecraft: six degrees.
    assert chance(below, orbit_of(sample)).sun_elevation_deg > 80.0
    assert chance(opposite, orbit_of(sample)).sun_elevation_deg < -70.0


def test_reach() -> None:
    """A pass counts up to the largest angle and from the lowest Sun on, both included."""
    best = Opportunity(1, 60.0, 30.0, 15.0)
    assert in_reach(best, RULES)
    assert not in_reach(msgspec.structs.replace(best, off_nadir_deg=30.01), RULES)
    assert not in_reach(msgspec.structs.replace(best, sun_elevation_deg=14.99), RULES)


def test_the_first_sieve_loses_nothing(environment: Environment) -> None:
    """Every target that a close look finds in reach within the horizon passes the cheap bound, all around the Earth."""
    stream = random.Random(5)
    passed = in_view = 0
    for _ in range(400):
        now_s = stream.randrange(0, 80_000)
        orbit = orbit_of(environment.at(now_s * NS_PER_S))
        track = Track.of(orbit.position, orbit.velocity)
        later = environment.at((now_s + stream.randrange(0, 900)) * NS_PER_S)
        target = beside(later, stream.uniform(-4, 4), stream.uniform(-6, 6))
        found = opportunity(target, track, orbit)
        may = may_come_in_reach(target, track, orbit.earth_angle_rad, RULES)
        in_view += found.off_nadir_deg <= RULES.max_off_nadir and 0.0 <= found.seconds <= RULES.horizon_s
        assert may or found.off_nadir_deg > RULES.max_off_nadir or not 0.0 <= found.seconds <= RULES.horizon_s
        anywhere = Target(2, "Anywhere", math.degrees(math.asin(stream.uniform(-1, 1))), stream.uniform(-180, 180), 1.0)
        passed += may_come_in_reach(anywhere, track, orbit.earth_angle_rad, RULES)
    assert in_view > 100
    assert passed < 60


def test_the_next_chance(environment: Environment) -> None:
    """Of several targets in reach the one that is passed first is next; too near, too far or in the dark is none."""
    sample = environment.at(1800 * NS_PER_S)
    orbit = orbit_of(sample)
    near, soon, later = (
        msgspec.structs.replace(beside(environment.at((1800 + lead) * NS_PER_S), 0.0, 0.1), number=lead)
        for lead in (20, 60, 200)
    )
    far = msgspec.structs.replace(beside(environment.at(2800 * NS_PER_S), 0.0, 0.0), number=999)
    aside = beside(environment.at(1860 * NS_PER_S), 0.0, 1.0)
    assert next_chance(RULES, (), orbit) is None
    found = next_chance(RULES, (later, far, near, soon), orbit)
    assert found is not None
    assert (found.target, round(found.seconds)) == (60, 60)
    assert next_chance(RULES, (near, far), orbit) is None
    assert next_chance(msgspec.structs.replace(RULES, min_sun_elevation=80.0), (soon,), orbit) is None
    assert next_chance(msgspec.structs.replace(RULES, max_off_nadir=1.0), (aside,), orbit) is None
    dark = orbit_of(environment.at(100 * NS_PER_S))
    assert next_chance(RULES, (beside(environment.at(160 * NS_PER_S), 0.0, 0.0),), dark) is None


def test_the_earth_angle(environment: Environment) -> None:
    """The Earth's rotation follows from a place and the same position in inertial axes."""
    for now_s in range(0, 6000, 300):
        sample = environment.at(now_s * NS_PER_S)
        place = Geodetic(sample.latitude_rad, sample.longitude_rad, sample.altitude_km)
        found = earth_angle(sample.position_km, place)
        assert math.remainder(found - sample.gmst_rad, math.tau) == pytest.approx(0.0, abs=1e-9)


def test_tables_that_are_refused(mission: Mission) -> None:
    """The mission's table is allowed; contradicting times and double targets are not."""
    table = read_table(Targets, Path(mission.table_folder("camera")) / "targets.toml")
    assert check_targets(table) is None
    assert "least_lead_s" in str(check_targets(msgspec.structs.replace(RULES, least_lead_s=100)))
    assert "240" in str(check_targets(msgspec.structs.replace(RULES, lead_s=200)))
    place = Target(7, "Place", 0.0, 0.0, 1.0)
    assert "target 7" in str(check_targets(msgspec.structs.replace(RULES, targets=(place, place))))
    with_place = msgspec.structs.replace(RULES, targets=(place,))
    assert (with_place.target(7), with_place.target(8)) == (place, None)
