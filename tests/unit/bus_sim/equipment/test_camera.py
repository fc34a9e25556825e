from collections.abc import Callable

import msgspec
import pytest

from bus_sim.equipment.aiming import Aim, aim
from bus_sim.equipment.camera import Camera, CameraParameters, CameraReply, CameraState, Shot, describe_shot
from bus_sim.equipment.mass_memory import MassMemory, MassMemoryParameters
from bus_sim.spacecraft import Spacecraft
from flightsw.geometry.quaternion import from_rotation_vector, multiply

PARAMETERS = CameraParameters((0.0, 0.0, 1.0), exposure_s=3.0, standby_w=1.5, ready_w=2.5, exposing_w=6.0)
AIM = Aim(5, True, 40.0, 116.0, 500.0, 55.0, 0.06)


@pytest.fixture
def memory() -> MassMemory:
    """A memory that holds two images."""
    memory = MassMemory(MassMemoryParameters(capacity_octets=20, most_files=10, power_w=0.5))
    memory.set_power(on=True)
    return memory


@pytest.fixture
def camera(memory: MassMemory) -> Camera:
    """A camera that makes images of ten octets, ready."""
    camera = Camera(PARAMETERS, memory, lambda: AIM, lambda shot: b"%10d" % shot.image_id)
    camera.set_power(on=True)
    camera.set_standby(standby=False)
    return camera


def test_every_state_has_its_draw(memory: MassMemory) -> None:
    """Off 0 W, standby 1.5 W, ready 2.5 W, exposing 6 W."""
    camera = Camera(PARAMETERS, memory, lambda: AIM, describe_shot)
    assert (camera.state.state, camera.demand_w()) == (CameraState.OFF, 0.0)
    camera.set_power(on=True)
    assert (camera.state.state, camera.demand_w()) == (CameraState.STANDBY, 1.5)
    assert camera.set_standby(standby=False) is CameraReply.ACCEPTED
    camera.set_power(on=True)
    assert (camera.state.state, camera.demand_w()) == (CameraState.READY, 2.5)
    camera.expose(1, 1)
    assert (camera.state.state, camera.demand_w()) == (CameraState.EXPOSING, 6.0)


def test_an_exposure_becomes_a_file_after_3_s(camera: Camera, memory: MassMemory) -> None:
    """Nothing is stored before the end, and the file is what the image source made."""
    assert camera.expose(target_id=4, image_id=9) is CameraReply.ACCEPTED
    for _ in range(2):
        camera.progress(1.0)
    assert memory.size(9) is None
    camera.progress(1.0)
    assert memory.read(9) == b"         9"
    state = camera.state
    assert (state.state, state.taken, state.last_image_id) == (CameraState.READY, 1, 9)
    camera.progress(1.0)
    assert state.taken == 1


def test_the_image_source_learns_target_geometry_and_running_number(memory: MassMemory) -> None:
    """All an image depends on is in the shot."""
    shots: list[Shot] = []

    def source(shot: Shot) -> bytes:
        shots.append(shot)
        return b""

    camera = Camera(PARAMETERS, memory, lambda: AIM, source)
    camera.set_power(on=True)
    camera.set_standby(standby=False)
    for image_id in (11, 12):
        camera.expose(3, image_id)
        camera.progress(3.0)
    assert shots == [Shot(11, 3, 0, AIM), Shot(12, 3, 1, AIM)]


def test_commands_that_cannot_be_followed_are_refused(camera: Camera) -> None:
    """Standby, busy and impossible numbers are told apart and counted; off answers that it is off."""
    assert camera.expose(1, 0) is CameraReply.BAD_ARGUMENT
    camera.expose(1, 5)
    assert camera.expose(1, 6) is CameraReply.BUSY
    assert camera.set_standby(standby=True) is CameraReply.BUSY
    camera.progress(3.0)
    camera.set_standby(standby=True)
    assert camera.expose(1, 7) is CameraReply.STANDBY
    camera.set_power(on=False)
    assert camera.expose(1, 7) is CameraReply.OFF
    assert camera.set_standby(standby=False) is CameraReply.OFF
    assert camera.state.refused == 6


def test_the_same_image_again_is_taken_once(camera: Camera) -> None:
    """A command repeated during or after the exposure is accepted and does nothing."""
    camera.expose(1, 5)
    assert camera.expose(1, 5) is CameraReply.ACCEPTED
    camera.progress(3.0)
    assert camera.expose(1, 5) is CameraReply.ACCEPTED
    assert (camera.state.state, camera.state.taken, camera.state.exposures) == (CameraState.READY, 1, 1)


def test_a_power_cut_loses_the_exposure(camera: Camera, memory: MassMemory) -> None:
    """Nothing is stored, the loss is counted, and the camera comes back in standby."""
    camera.expose(1, 5)
    camera.set_power(on=False)
    camera.set_power(on=True)
    camera.progress(3.0)
    assert (camera.state.state, camera.state.lost_power, camera.state.taken) == (CameraState.STANDBY, 1, 0)
    assert memory.directory() == ()
    camera.set_power(on=False)
    assert camera.state.lost_power == 1


def test_a_full_memory_loses_the_image(camera: Camera) -> None:
    """The third image does not fit and is counted."""
    for image_id in (1, 2, 3):
        camera.expose(1, image_id)
        camera.progress(3.0)
    assert (camera.state.taken, camera.state.lost_storage, camera.state.last_image_id) == (2, 1, 2)


def test_a_shot_describes_itself() -> None:
    """The simplest image is the shot as msgpack."""
    shot = Shot(9, 4, 0, AIM)
    assert msgspec.msgpack.decode(describe_shot(shot), type=Shot) == shot


def test_aiming_down_meets_the_point_below(
    spacecraft: Spacecraft, point_to_nadir: Callable[[Spacecraft], None]
) -> None:
    """Pointing to the Earth's centre the ground point is within 0.2 deg of the sub-satellite point, 500 km away."""
    for _ in range(1700):
        spacecraft.step()
    point_to_nadir(spacecraft)
    truth, body = spacecraft.truth(), spacecraft.body.state
    found = aim(spacecraft.surroundings, body.quaternion, body.rate_rad_s, (0.0, 0.0, 1.0))
    assert found.sees_earth
    assert found.latitude_deg == pytest.approx(truth.latitude_deg, abs=0.2)
    assert found.longitude_deg == pytest.approx(truth.longitude_deg, abs=0.2)
    assert found.range_km == pytest.approx(truth.altitude_km, abs=1.0)
    assert 30.0 < found.sun_elevation_deg < 75.0
    assert found.rate_deg_s == pytest.approx(360.0 / (94.6 * 60.0), rel=0.01)
    tilted = multiply(body.quaternion, from_rotation_vector((0.3, 0.0, 0.0)))
    beside = aim(spacecraft.surroundings, tilted, body.rate_rad_s, (0.0, 0.0, 1.0))
    assert beside.range_km > found.range_km * 1.04


def test_aiming_into_space_reports_what_lies_below(
    spacecraft: Spacecraft, point_to_nadir: Callable[[Spacecraft], None]
) -> None:
    """A boresight past the limb sees no Earth; position and Sun are those below the spacecraft."""
    point_to_nadir(spacecraft)
    body, truth = spacecraft.body.state, spacecraft.truth()
    found = aim(spacecraft.surroundings, body.quaternion, body.rate_rad_s, (0.0, 0.0, -1.0))
    assert not found.sees_earth
    assert found.latitude_deg == pytest.approx(truth.latitude_deg)
    assert found.range_km == pytest.approx(truth.altitude_km)
