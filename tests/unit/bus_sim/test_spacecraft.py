import math
import os
import subprocess
import sys
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.equipment.camera import CameraReply
from bus_sim.equipment.compute_board import ComputeState
from bus_sim.errors import ParameterError, SnapshotError, StepTooLongError
from bus_sim.parameters import SpacecraftParameters, load_parameters
from bus_sim.spacecraft import STEP_NS, Spacecraft
from bus_sim.truth import Truth

ORBIT_S = 5676
Pointing = Callable[[Spacecraft], None]


def switch_on(spacecraft: Spacecraft, *names: str) -> None:
    """Close lines by name."""
    for name in names:
        assert spacecraft.distribution.switch(spacecraft.distribution.number(name), on=True)


def fly(spacecraft: Spacecraft, seconds: int, point: Pointing, mode: int | None = None) -> list[Truth]:
    """Fly with perfect nadir pointing, with the compute board always at work in a mode, or idle."""
    board, records = spacecraft.compute_board, []
    for second in range(seconds):
        point(spacecraft)
        if mode is not None and board.state.state is ComputeState.IDLE:
            board.set_mode(mode)
            board.start(second + 1, 1e6)
        spacecraft.step()
        if second % 20 == 19:
            records.append(spacecraft.truth())
    return records


def temperatures(spacecraft: Spacecraft, records: list[Truth], name: str) -> list[float]:
    """A node's temperatures through a flight."""
    number = spacecraft.thermal.number(name)
    return [record.node_temperatures_c[number] for record in records]


def exercise(spacecraft: Spacecraft, seconds: int) -> None:
    """Keep every device busy, by commands that depend on time alone."""
    for _ in range(seconds):
        second = spacecraft.now_ns // STEP_NS
        if second == 0:
            switch_on(spacecraft, "camera", "compute", "heaters", "xband")
            spacecraft.camera.set_standby(standby=False)
            spacecraft.heaters.switch(1, on=True)
        spacecraft.body.apply_torque((0.001 * math.sin(second), 0.0, -0.002))
        spacecraft.compute_board.start(second + 1, 5.0)
        spacecraft.camera.expose(1, second + 1)
        spacecraft.sband_transmitter.switch(on=second % 60 < 30)
        spacecraft.sband_transmitter.transmit(bytes(9000 + second))
        spacecraft.xband_transmitter.switch(on=True)
        spacecraft.xband_transmitter.transmit(bytes(3))
        spacecraft.sband_receiver.uplink(second.to_bytes(4, "big"))
        spacecraft.step()


def test_same_seed_same_flight(parameters: SpacecraftParameters) -> None:
    """Two spacecraft in one process, stepped in turn, end in the same bits; another seed does not."""
    first, second, other = (Spacecraft(parameters, seed) for seed in (5, 5, 6))
    for _ in range(40):
        exercise(first, 3)
        exercise(second, 3)
    exercise(other, 120)
    assert first.snapshot() == second.snapshot()
    assert first.truth() == second.truth()
    assert first.truth() != other.truth()


def test_no_order_depends_on_a_hash() -> None:
    """Processes with different hash seeds end in the same bits."""
    program = (
        "import hashlib\n"
        "from bus_sim.parameters import load_parameters\n"
        "from bus_sim.spacecraft import Spacecraft\n"
        "spacecraft = Spacecraft(load_parameters(), 5)\n"
        "for _ in range(30): spacecraft.step()\n"
        "print(hashlib.sha256(spacecraft.snapshot()).hexdigest())\n"
    )
    results = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert results[0] == results[1] != ""


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 70), st.integers(1, 70))
def test_a_restored_spacecraft_continues_identically(before: int, after: int) -> None:
    """Snapshot at any step, restore elsewhere, and the rest of the flight is bit for bit the same."""
    parameters = load_parameters()
    original, copy = Spacecraft(parameters, 9), Spacecraft(parameters, 9)
    exercise(original, before)
    copy.restore(original.snapshot())
    assert copy.truth() == original.truth()
    exercise(original, after)
    exercise(copy, after)
    assert copy.snapshot() == original.snapshot()


def test_a_snapshot_of_something_else_is_refused(parameters: SpacecraftParameters, spacecraft: Spacecraft) -> None:
    """Another seed, other parameters, another version or damage leave the spacecraft as it was."""
    other = msgspec.structs.replace(parameters, name="other")
    before = spacecraft.snapshot()
    version = before.replace(b"\xa7version\x04", b"\xa7version\x05", 1)
    assert version != before
    for document, message in (
        (Spacecraft(parameters, 2).snapshot(), "another seed"),
        (Spacecraft(other, 1).snapshot(), "other parameters"),
        (version, "version 5"),
        (before[: len(before) // 2], "damaged"),
        (b"", "damaged"),
    ):
        with pytest.raises(SnapshotError, match=message):
            spacecraft.restore(document)
    assert spacecraft.snapshot() == before


def test_a_snapshot_is_small(spacecraft: Spacecraft) -> None:
    """Without images the whole memory is below 50 kB."""
    exercise(spacecraft, 30)
    assert len(spacecraft.snapshot()) < 50_000


def test_everything_is_consistent_from_the_start(spacecraft: Spacecraft) -> None:
    """Before the first step there are samples, a place and a voltage; the search for GPS has begun."""
    truth = spacecraft.truth()
    assert truth.time_ns == 0
    assert truth.illumination == 0.0
    assert truth.station is None
    assert spacecraft.sensors.state.rate_valid
    assert spacecraft.gps.state.searching_s == 40.0
    assert 30.0 < truth.battery_voltage_v < 34.0


@pytest.mark.untraced
def test_the_platform_is_energy_positive(
    parameters: SpacecraftParameters, point_to_nadir: Pointing, spacecraft: Spacecraft
) -> None:
    """Without work for the board an orbit ends no emptier than it began, and every node stays comfortable."""
    switch_on(spacecraft, "camera", "compute", "heaters")
    spacecraft.battery.state.soc = 0.85
    records = fly(spacecraft, ORBIT_S, point_to_nadir)
    assert records[-1].battery_soc > 0.86
    assert min(record.battery_soc for record in records) > 0.80
    loads = [record.load_power_w for record in records]
    assert sum(loads) / len(loads) == pytest.approx(13.0, abs=1.0)
    available = [record.array_available_w for record in records]
    assert 60.0 < max(available) < 72.0
    assert 25.0 < sum(available) / len(available) < 32.0
    for name in spacecraft.thermal.names:
        low, high = (-80.0, 90.0) if name.startswith("wing") else (0.0, 40.0)
        assert low < min(temperatures(spacecraft, records, name)), name
        assert high > max(temperatures(spacecraft, records, name)), name
    assert len(parameters.panels) == 5


@pytest.mark.untraced
def test_full_power_all_the_time_breaks_floor_and_throttle(point_to_nadir: Pointing, spacecraft: Spacecraft) -> None:
    """25 W without a pause makes the board throttle in the first orbit and the battery fall below 70 % in eclipse."""
    switch_on(spacecraft, "camera", "compute", "heaters")
    records = fly(spacecraft, 6300, point_to_nadir, mode=2)
    assert spacecraft.compute_board.state.throttles > 0
    assert spacecraft.compute_board.state.trips == 0
    assert 85.0 <= max(temperatures(spacecraft, records, "compute_board")) + 0.1 < 90.0
    below = [record for record in records if record.battery_soc < 0.70]
    assert below
    assert below[0].illumination == 0.0


@pytest.mark.untraced
def test_energy_account_closes_over_an_orbit(point_to_nadir: Pointing, spacecraft: Spacecraft) -> None:
    """In = out + losses + stored to 1e-9 of the throughput, with everything switched on and off."""
    switch_on(spacecraft, "compute", "heaters")
    before_j = spacecraft.battery.stored_j()
    fly(spacecraft, 3000, point_to_nadir, mode=1)
    account = spacecraft.power.state
    stored_j = spacecraft.battery.stored_j() - before_j
    balance_j = account.generated_j - account.delivered_j - account.lost_j - account.battery_heat_j - stored_j
    assert abs(balance_j) < 1e-9 * (account.generated_j + account.delivered_j)


def test_heat_follows_power(parameters: SpacecraftParameters, spacecraft: Spacecraft) -> None:
    """A heater warms its own node, a transmitting radio warms its node less what it radiates."""
    quiet = Spacecraft(parameters, 1)
    switch_on(spacecraft, "heaters", "xband")
    spacecraft.heaters.switch(spacecraft.heaters.number("camera"), on=True)
    spacecraft.xband_transmitter.switch(on=True)
    for _ in range(2):
        spacecraft.step()
        quiet.step()
    for name, watts in (("camera", 3.0), ("xband", 12.0)):
        number = spacecraft.thermal.number(name)
        warmer_k = spacecraft.thermal.temperature_c(number) - quiet.thermal.temperature_c(number)
        joules = warmer_k * parameters.thermal.nodes[number].heat_capacity_j_k
        assert joules == pytest.approx(2.0 * watts, rel=0.02)


def test_a_camera_image_reaches_the_mass_memory(spacecraft: Spacecraft) -> None:
    """Commanded between steps, exposed for three, stored."""
    switch_on(spacecraft, "camera")
    spacecraft.camera.set_standby(standby=False)
    assert spacecraft.camera.expose(4, 77) is CameraReply.ACCEPTED
    for _ in range(3):
        spacecraft.step()
    assert spacecraft.mass_memory.size(77) is not None


def test_opening_a_line_stops_its_device_at_once(spacecraft: Spacecraft) -> None:
    """Before the next step the board is off, its work lost, and its draw gone."""
    switch_on(spacecraft, "compute")
    for _ in range(20):
        spacecraft.step()
    spacecraft.compute_board.start(1, 100.0)
    spacecraft.step()
    assert spacecraft.truth().compute_power_w == 7.0
    spacecraft.distribution.switch(spacecraft.distribution.number("compute"), on=False)
    assert spacecraft.truth().compute_state is ComputeState.OFF
    spacecraft.step()
    assert spacecraft.truth().compute_power_w == 0.0
    assert spacecraft.compute_board.state.lost == 1


def test_frames_reach_the_ground_only_in_view(spacecraft: Spacecraft) -> None:
    """Over America nobody hears; over Beijing the frame arrives there, and the ground's answer on board."""
    spacecraft.sband_transmitter.switch(on=True)
    spacecraft.sband_transmitter.transmit(b"lost")
    spacecraft.sband_receiver.uplink(b"lost too")
    spacecraft.step()
    assert spacecraft.sband_transmitter.take_ground_frames() == []
    spacecraft.now_ns = 1600 * STEP_NS
    spacecraft.step()
    spacecraft.sband_transmitter.transmit(b"heard")
    spacecraft.sband_receiver.uplink(b"command")
    spacecraft.step()
    (frame,) = spacecraft.sband_transmitter.take_ground_frames()
    assert frame.octets == b"heard"
    assert frame.time_ns == spacecraft.now_ns
    assert spacecraft.environment.stations[frame.station].name == spacecraft.truth().station == "Beijing"
    assert spacecraft.sband_receiver.take(9) == (b"command",)


def test_truth_tells_pointing(point_to_nadir: Pointing, spacecraft: Spacecraft) -> None:
    """Pointed to nadir the error is nothing, the Sun is in the upper hemisphere by day, and rates are the orbit's."""
    spacecraft.now_ns = 1800 * STEP_NS
    spacecraft.step()
    point_to_nadir(spacecraft)
    truth = spacecraft.truth()
    assert truth.nadir_error_deg == pytest.approx(0.0, abs=1e-5)
    assert truth.sun_body[2] < 0.0
    assert truth.sun_body[1] < 0.0
    assert truth.elevation_deg > 60.0
    assert math.hypot(*truth.sun_body) == pytest.approx(1.0)


def test_contradictions_are_refused(parameters: SpacecraftParameters) -> None:
    """A missing line, a unit or panel in a place that does not exist, and too fast a network are refused at once."""
    distribution, thermal = parameters.distribution, parameters.thermal
    fewer = msgspec.structs.replace(distribution, lines=distribution.lines[:-1], tiers=())
    with pytest.raises(ParameterError, match="no line is named 'xband'"):
        Spacecraft(msgspec.structs.replace(parameters, distribution=fewer), 1)
    lost = msgspec.structs.replace(distribution, node="oven")
    with pytest.raises(ParameterError, match="no node is named 'oven'"):
        Spacecraft(msgspec.structs.replace(parameters, distribution=lost), 1)
    panel = msgspec.structs.replace(parameters.panels[0], surface="oven")
    with pytest.raises(ParameterError, match="no surface is named 'oven'"):
        Spacecraft(msgspec.structs.replace(parameters, panels=(panel,)), 1)
    light = msgspec.structs.replace(thermal.nodes[0], heat_capacity_j_k=1.0)
    fast = msgspec.structs.replace(thermal, nodes=(light, *thermal.nodes[1:]))
    with pytest.raises(StepTooLongError, match="structure"):
        Spacecraft(msgspec.structs.replace(parameters, thermal=fast), 1)
