import math
from collections.abc import Callable
from importlib.resources import files

import pytest
from sgp4.api import Satrec
from sgp4.conveniences import sat_epoch_datetime

from bus_sim.environment.epoch import NS_PER_DAY, Epoch
from bus_sim.environment.orbit import Orbit, OrbitParameters, tle_checksum
from bus_sim.errors import OrbitError, ParameterError
from bus_sim.parameters import SpacecraftParameters

NS_PER_MINUTE = 60 * 10**9


def verification_orbits() -> list[tuple[str, str]]:
    """Element lines of the published verification set that fly below 225 minutes of period."""
    lines = [line[:69] for line in (files("sgp4") / "SGP4-VER.TLE").read_text().splitlines() if line[0] in "12"]
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    return [pair for pair in pairs if float(pair[1][52:63]) > 6.4 and pair[0][:7] != "1 33333"]


def verification_states() -> dict[int, list[tuple[float, ...]]]:
    """Published minutes, positions [km] and velocities [km/s], by catalogue number."""
    states: dict[int, list[tuple[float, ...]]] = {}
    for line in (files("sgp4") / "tcppver.out").read_text().splitlines():
        words = line.split()
        if words[-1] == "xx":
            rows = states.setdefault(int(words[0]), [])
        else:
            rows.append(tuple(float(word) for word in words[:7]))
    return states


@pytest.mark.parametrize("lines", verification_orbits(), ids=lambda lines: str(lines[0][2:7]))
def test_agrees_with_the_published_verification_cases(lines: tuple[str, str]) -> None:
    """Positions agree with AIAA 2006-6753 to 1 m, at times given in nanoseconds."""
    start = sat_epoch_datetime(Satrec.twoline2rv(*lines))
    orbit = Orbit(OrbitParameters(*lines), Epoch(start))
    checked = 0
    for minutes, *expected in verification_states()[int(lines[0][2:7])]:
        try:
            position, velocity = orbit.at(round(minutes * NS_PER_MINUTE))
        except OrbitError:
            continue
        assert position == pytest.approx(expected[:3], abs=1e-3)
        assert velocity == pytest.approx(expected[3:], abs=1e-6)
        checked += 1
    assert checked > 0


def test_a_decayed_orbit_is_an_error() -> None:
    """SGP4's refusal is raised with its code and the time."""
    lines = next(pair for pair in verification_orbits() if pair[0][2:7] == "28872")
    orbit = Orbit(OrbitParameters(*lines), Epoch(sat_epoch_datetime(Satrec.twoline2rv(*lines))))
    with pytest.raises(OrbitError, match="SGP4 error 6") as caught:
        orbit.at(NS_PER_DAY)
    assert (caught.value.code, caught.value.now_ns) == (6, NS_PER_DAY)


def test_the_mission_flies_at_500_km(parameters: SpacecraftParameters) -> None:
    """The mean altitude is that of the mission."""
    orbit = Orbit(parameters.orbit, Epoch(parameters.start_utc))
    assert orbit.mean_altitude_km == pytest.approx(500.0, abs=10.0)


def test_the_mission_is_sun_synchronous_at_half_past_ten(parameters: SpacecraftParameters) -> None:
    """It crosses the equator southward at 10:30 local mean time, on the first and on the thirtieth day."""
    epoch = Epoch(parameters.start_utc)
    orbit = Orbit(parameters.orbit, epoch)
    for day in (0, 30):
        now_ns = day * NS_PER_DAY
        while not (orbit.at(now_ns)[0][2] > 0.0 >= orbit.at(now_ns + 10**10)[0][2]):
            now_ns += 10**10
        x, y, _ = orbit.at(now_ns)[0]
        ascension_h = math.degrees(math.atan2(y, x)) / 15.0
        mean_sun_h = (18.697375 + 24.065709824279 * epoch.days_since_j2000(now_ns)) % 24.0
        clock = epoch.utc(now_ns)
        greenwich_h = clock.hour + clock.minute / 60.0 + clock.second / 3600.0
        local_h = (ascension_h - mean_sun_h + greenwich_h) % 24.0
        assert local_h == pytest.approx(10.5, abs=0.1)


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("tle_line_1", lambda line: line[:-1], "68 characters long"),
        ("tle_line_1", lambda line: "2" + line[1:], "starts with '2'"),
        ("tle_line_2", lambda line: line[:-1] + str((int(line[-1]) + 1) % 10), "checksum is"),
    ],
)
def test_damaged_elements_are_refused(
    parameters: SpacecraftParameters, field: str, change: Callable[[str], str], message: str
) -> None:
    """Length, line number and checksum are checked, and the line is named."""
    lines = {"tle_line_1": parameters.orbit.tle_line_1, "tle_line_2": parameters.orbit.tle_line_2}
    lines[field] = change(lines[field])
    with pytest.raises(ParameterError, match=message) as caught:
        Orbit(OrbitParameters(**lines), Epoch(parameters.start_utc))
    assert caught.value.path == f"orbit.{field}"


def test_checksum_counts_digits_and_minus_signs() -> None:
    """The checksum of a real line of the International Space Station is right."""
    line = "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927"
    assert tle_checksum(line) == int(line[-1])
