from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from apps.attitude.messages import AttitudeStatus, Navigation, PointingMode, SetPointing
from apps.camera.messages import (
    ApproachBegan,
    CameraActivity,
    CameraStatus,
    EnableTarget,
    ImageMissed,
    ImageStored,
    ImageTaken,
    SetTargetValue,
    TargetEnabled,
)
from apps.camera.shutter import FIRST_FILE
from apps.mode_manager.messages import ModeStatus, ReleaseImaging, RequestImaging, SpacecraftMode
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment
from bus_sim.parameters import load_parameters
from flightsw.devices.camera import Camera, CameraState
from flightsw.devices.camera import CameraStatus as DeviceStatus
from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.mass_memory import MassMemory
from flightsw.messages.tables import ActivateTable, LoadTable, ValidateTable
from flightsw.testing import Bench
from tlm_cmd.packets.verification import FailureCode, Stage

PASS_S = 1900
"""When the spacecraft passes the first target, in daylight."""
START_S = PASS_S - 130
NOMINAL, IMAGING = SpacecraftMode.NOMINAL, SpacecraftMode.IMAGING
TABLE = """
max_off_nadir = 30.0
min_sun_elevation = {lowest_sun}
max_pointing_error = 0.5
lead_s = 100
least_lead_s = 30
give_up_s = 12
repeat_s = 3000
horizon_s = 900
targets = [
    {{ number = 1, name = "Alpha", latitude = {0[0]}, longitude = {0[1]}, value = 5.0 }},
    {{ number = 2, name = "Beta", latitude = {1[0]}, longitude = {1[1]}, value = 4.0 }},
]
"""


class CameraUnit:
    """A camera with its mass memory, which does what the test says.

    Attributes:
        state: of the camera.
        files: image files and their sizes.
        last_file: as the camera tells it.
        exposures: targets exposed, with the number asked for.
        silent: neither camera nor memory answers.
        deaf: replies to exposures are lost, though it takes the image.
        forgetful: exposures come to nothing.
        busy: exposures are refused.
        slow: an exposure never ends.
    """

    def __init__(self) -> None:
        self.state = CameraState.STANDBY
        self.files: dict[int, int] = {}
        self.last_file = 0
        self.exposures: list[tuple[int, int]] = []
        self.silent = self.deaf = self.forgetful = self.busy = self.slow = False
        self._shot = 0
        self._left_s = 0

    def status(self) -> DeviceStatus:
        """As the driver has it."""
        self._answer()
        return DeviceStatus(self.state, self.last_file, len(self.files), 0)

    def standby(self, standby: bool) -> None:  # noqa: FBT001 - as the driver has it
        """As the driver has it."""
        self._answer()
        if self.state is CameraState.EXPOSING:
            raise RefusedError("camera", 2, Status.BUSY)
        self.state = CameraState.STANDBY if standby else CameraState.READY

    def expose(self, target: int, file: int) -> bool:
        """As the driver has it."""
        self._answer()
        if self.busy or self.state is CameraState.STANDBY:
            return False
        if self.state is CameraState.READY and file != self.last_file:
            self.exposures.append((target, file))
            self.state, self._shot, self._left_s = CameraState.EXPOSING, file, 3
        if self.deaf:
            raise NoReplyError("camera", 3)
        return True

    def size(self, file: int) -> int:
        """As the mass memory's driver has it."""
        self._answer()
        if file not in self.files:
            raise RefusedError("mass_memory", 3, Status.NOT_FOUND)
        return self.files[file]

    def second(self) -> None:
        """Let a second pass."""
        if self.state is CameraState.EXPOSING and not self.slow:
            self._left_s -= 1
            if self._left_s <= 0:
                self.state = CameraState.READY
                if not self.forgetful:
                    self.files[self._shot] = 1000 + self._shot % 1000
                    self.last_file = self._shot

    def _answer(self) -> None:
        if self.silent:
            raise NoReplyError("camera", 1)


class Flight:
    """The app on its bench, on an orbit that passes its targets, with apps that do as it asks.

    Attributes:
        grants: the mode manager grants the imaging mode.
        obeys: the attitude app turns to the target.
        error_deg: pointing error when it has turned.
        knows: which packets come each second.
    """

    def __init__(self, bench: Bench, unit: CameraUnit, environment: Environment, start_s: int = START_S) -> None:
        self.bench, self.unit, self.environment = bench, unit, environment
        self.now_s = start_s
        self.mode, self.pointing = NOMINAL, PointingMode.SUN
        self.grants = self.obeys = True
        self.error_deg = 0.1
        self.knows = {"mode", "attitude", "navigation"}
        self.fix_valid = True
        self._done = 0

    def fly(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self._tell()
            self.bench.advance(1)
            self._obey()
            self.unit.second()
            self.now_s += 1

    def fly_to(self, now_s: int) -> None:
        """Let time pass up to a moment."""
        self.fly(now_s - self.now_s)

    def _tell(self) -> None:
        there = self.environment.at(self.now_s * NS_PER_S)
        if "mode" in self.knows:
            self.bench.deliver(ModeStatus(self.mode, False, "", 0.0, 1, 1))
        if "attitude" in self.knows:
            error = self.error_deg if self.pointing is PointingMode.TARGET else 0.0
            self.bench.deliver(
                AttitudeStatus(self.pointing, True, (1.0, 0.0, 0.0, 0.0), (0.0,) * 3, 0.0, error, (0.0,) * 3, 0)
            )
        if "navigation" in self.knows:
            self.bench.deliver(
                Navigation(
                    valid=self.fix_valid,
                    time_tai_ns=0,
                    position=there.position_km,
                    velocity=there.velocity_km_s,
                    latitude=math.degrees(there.latitude_rad),
                    longitude=math.degrees(there.longitude_rad),
                    altitude=there.altitude_km,
                    sun=there.sun_direction,
                    sunlit=True,
                )
            )

    def _obey(self) -> None:
        for command in self.bench.commands[self._done :]:
            if isinstance(command, RequestImaging) and self.grants:
                self.mode = IMAGING
            elif isinstance(command, ReleaseImaging):
                self.mode, self.pointing = NOMINAL, PointingMode.SUN
            elif isinstance(command, SetPointing) and self.obeys:
                self.pointing = command.mode
        self._done = len(self.bench.commands)

    def asked(self, kind: type[RequestImaging | ReleaseImaging | SetPointing]) -> int:
        """How often the app has sent a command of one class."""
        return sum(isinstance(command, kind) for command in self.bench.commands)

    def missed(self) -> list[str]:
        """Why targets were missed."""
        return [event.reason for event in self.bench.sent(ImageMissed)]


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The reference mission's orbit."""
    parameters = load_parameters()
    return Environment(Epoch(parameters.start_utc), parameters.orbit, ())


@pytest.fixture
def unit() -> CameraUnit:
    """A camera in standby."""
    return CameraUnit()


@pytest.fixture
def launch(
    bench_of: Callable[..., Bench], unit: CameraUnit, environment: Environment, tmp_path: Path
) -> Callable[..., Flight]:
    """Begin a flight that passes right over two targets, 150 s apart."""

    def begin(
        memory_of: Flight | None = None, start_s: int = START_S, aside_deg: float = 0.0, lowest_sun: float = 15.0
    ) -> Flight:
        below = [environment.at(at_s * NS_PER_S) for at_s in (PASS_S, PASS_S + 150)]
        places = [(math.degrees(each.latitude_rad), math.degrees(each.longitude_rad) + aside_deg) for each in below]
        (tmp_path / "targets.toml").write_text(TABLE.format(*places, lowest_sun=lowest_sun))
        bench = bench_of(
            "camera",
            {Camera: unit, MassMemory: unit},
            others=("attitude", "mode_manager"),
            tables=tmp_path,
            memory_of=memory_of.bench if memory_of else None,
        )
        return Flight(bench, unit, environment, start_s)

    return begin


@pytest.fixture
def flight(launch: Callable[..., Flight]) -> Flight:
    """The app, 130 s before the first target."""
    return launch()


# ------------------------------------------------------------------ the whole sequence


def test_an_image(flight: Flight, unit: CameraUnit) -> None:
    """The target is seen coming, the mode asked for, the body turned, the image taken at the right moment and told."""
    flight.fly(20)
    status = flight.bench.latest(CameraStatus)
    assert (status.activity, status.next_target) == (CameraActivity.WAITING, 1)
    assert status.seconds_to_next == pytest.approx(PASS_S - flight.now_s, abs=12)
    flight.fly_to(PASS_S - 80)
    began = flight.bench.latest(ApproachBegan)
    assert (began.name, 95 <= began.seconds <= 100) == ("Alpha", True)
    assert unit.state is CameraState.READY
    request, pointing = flight.bench.commands
    assert isinstance(request, RequestImaging)
    assert request.seconds == began.seconds + 12 + 30
    assert isinstance(pointing, SetPointing)
    assert pointing.mode is PointingMode.TARGET
    assert flight.bench.latest(CameraStatus).activity is CameraActivity.APPROACHING
    flight.fly_to(PASS_S - 3)
    assert unit.exposures == []
    flight.fly(3)
    assert unit.exposures == [(1, FIRST_FILE + 1)]
    flight.fly(5)
    image = flight.bench.latest(ImageTaken)
    assert (image.scene, image.target, image.name, image.file) == (1, 1, "Alpha", FIRST_FILE + 1)
    assert (image.octets, image.value) == (unit.files[FIRST_FILE + 1], 5.0)
    assert image.off_nadir < 2.5
    exposed_s = (image.time_tai_ns - flight.bench.time.tai_ns(0)) / 1e9 + START_S
    assert exposed_s == pytest.approx(PASS_S - 1.5, abs=1.0)
    stored = flight.bench.sent(ImageStored)[0]
    assert (stored.scene, stored.name, stored.error) == (1, "Alpha", 0.1)
    assert (unit.state, flight.mode) == (CameraState.STANDBY, NOMINAL)
    assert flight.asked(ReleaseImaging) == 1


def test_two_targets_in_a_row(flight: Flight, unit: CameraUnit) -> None:
    """The second target is approached after the first one was finished, with a file number of its own."""
    flight.fly_to(PASS_S + 200)
    assert unit.exposures == [(1, FIRST_FILE + 1), (2, FIRST_FILE + 2)]
    assert [image.scene for image in flight.bench.sent(ImageTaken)] == [1, 2]
    status = flight.bench.latest(CameraStatus)
    assert (status.images_taken, status.images_missed, status.errors) == (2, 0, 0)


def test_exposing_is_told(flight: Flight, unit: CameraUnit) -> None:
    """While the image is awaited the app says that it exposes."""
    unit.slow = True
    flight.fly_to(PASS_S + 12)
    assert flight.bench.latest(CameraStatus).activity is CameraActivity.EXPOSING


@pytest.mark.parametrize(("later_s", "images"), [(2990, 1), (3010, 2)])
def test_a_target_is_left_alone_for_a_while(flight: Flight, later_s: int, images: int) -> None:
    """A target that was imaged is not approached again before its repeat interval is over."""
    flight.fly_to(PASS_S + 10)
    flight.bench.command(EnableTarget(2, enabled=False))
    imaged_ns = flight.bench.app.state.last_image_ns[1]
    # The same pass comes once more, and the approach is due so long after the image.
    flight.bench.clock.advance_to(imaged_ns + (later_s - 35) * NS_PER_S)
    flight.bench.schedule.begin(flight.bench.now_ns())
    flight.now_s = PASS_S - 65
    flight.fly_to(PASS_S - 28)
    assert flight.asked(RequestImaging) == images
    flight.fly_to(PASS_S + 10)
    assert len(flight.bench.sent(ImageTaken)) == images


# ------------------------------------------------------------------ what makes no opportunity


@pytest.mark.parametrize("changes", [{"lowest_sun": 80.0}, {"aside_deg": 6.0}])
def test_no_opportunity(launch: Callable[..., Flight], changes: dict[str, float]) -> None:
    """A target in too low a Sun or too far aside is not approached."""
    flight = launch(**changes)
    flight.fly_to(PASS_S + 20)
    assert flight.bench.commands == []
    assert flight.bench.latest(CameraStatus).next_target == 0


def test_disabled_targets(flight: Flight) -> None:
    """Targets that are disabled are not approached."""
    for target in (1, 2):
        assert flight.bench.command(EnableTarget(target, enabled=False)).stage is Stage.COMPLETED
    assert flight.bench.latest(TargetEnabled) == TargetEnabled(2, enabled=False)
    flight.fly_to(PASS_S + 20)
    assert flight.bench.commands == []


@pytest.mark.parametrize("missing", ["mode", "navigation", "fix"])
def test_nothing_begins_without_news(flight: Flight, missing: str) -> None:
    """Without the spacecraft's mode or its position nothing is approached."""
    flight.knows.discard(missing)
    flight.fix_valid = missing != "fix"
    flight.fly_to(PASS_S + 20)
    assert flight.bench.commands == []


@pytest.mark.parametrize("mode", [SpacecraftMode.SAFE, SpacecraftMode.DETUMBLE, IMAGING])
def test_nothing_begins_in_other_modes(flight: Flight, mode: SpacecraftMode) -> None:
    """Only from the nominal and the downlink mode a target is approached."""
    flight.mode = mode
    flight.fly_to(PASS_S + 20)
    assert flight.bench.commands == []


def test_from_downlink(flight: Flight, unit: CameraUnit) -> None:
    """A target can be approached out of the downlink mode."""
    flight.mode = SpacecraftMode.DOWNLINK
    flight.fly_to(PASS_S + 10)
    assert len(unit.files) == 1


def test_too_late(launch: Callable[..., Flight], unit: CameraUnit) -> None:
    """A target that is nearer than the least lead when it is first seen is left out."""
    flight = launch(start_s=PASS_S - 25)
    flight.fly_to(PASS_S + 20)
    assert (unit.exposures, flight.missed()) == ([], [])


# ------------------------------------------------------------------ ways to miss


def test_the_mode_is_not_granted(flight: Flight, unit: CameraUnit) -> None:
    """A request that is not granted within five seconds is a miss; nothing is given back, the camera rests."""
    flight.grants = False
    flight.fly_to(PASS_S - 80)
    assert flight.missed() == ["imaging mode not granted or lost"]
    assert (flight.asked(ReleaseImaging), flight.asked(SetPointing)) == (0, 0)
    assert unit.state is CameraState.STANDBY
    assert flight.bench.latest(CameraStatus).images_missed == 1
    flight.fly_to(PASS_S + 10)
    assert flight.asked(RequestImaging) == 1


def test_the_mode_is_lost(flight: Flight) -> None:
    """When the mode is taken away during an approach, the target is missed."""
    flight.fly_to(PASS_S - 50)
    flight.mode = SpacecraftMode.SAFE
    flight.fly(7)
    assert flight.missed() == ["imaging mode not granted or lost"]


def test_the_mode_is_not_told(flight: Flight) -> None:
    """When the mode manager falls silent during an approach, the target is missed."""
    flight.fly_to(PASS_S - 50)
    flight.knows.discard("mode")
    flight.fly(15)
    assert flight.missed() == ["imaging mode not granted or lost"]


def test_away_while_it_passes(flight: Flight, unit: CameraUnit) -> None:
    """An app that was away while its target passed, says so and gives the mode back."""
    flight.fly_to(PASS_S - 50)
    flight.bench.clock.advance_to(flight.bench.now_ns() + 100 * NS_PER_S)
    flight.bench.schedule.begin(flight.bench.now_ns())
    flight.now_s += 100
    flight.bench.restart()
    flight.fly(2)
    assert (flight.missed(), unit.exposures) == (["passed while the app was away"], [])
    assert flight.asked(ReleaseImaging) == 1


def test_the_position_is_lost(flight: Flight) -> None:
    """When the position is not known during an approach, the target is missed and the mode given back."""
    flight.fly_to(PASS_S - 50)
    flight.fix_valid = False
    flight.fly(1)
    assert flight.missed() == ["position not known"]
    assert flight.asked(ReleaseImaging) == 1


@pytest.mark.parametrize(
    ("error_deg", "obeys", "attitude", "reason"),
    [
        (0.6, True, True, "pointing error 0.6 deg"),
        (0.1, False, True, "not turned to the target"),
        (0.1, True, False, "attitude not known"),
    ],
)
def test_not_aimed(flight: Flight, error_deg: float, reason: str, *, obeys: bool, attitude: bool) -> None:
    """A target that the camera does not look at in time is missed with the reason, and no image is taken."""
    flight.error_deg, flight.obeys = error_deg, obeys
    flight.fly_to(PASS_S - 50)
    if not attitude:
        flight.knows.discard("attitude")
    flight.fly_to(PASS_S + 20)
    assert (flight.missed(), flight.unit.exposures) == ([reason], [])


def test_aimed_late(flight: Flight, unit: CameraUnit) -> None:
    """A target that comes into the camera's view a little late is imaged all the same."""
    flight.error_deg = 2.0
    flight.fly_to(PASS_S + 5)
    flight.error_deg = 0.2
    flight.fly(10)
    assert (len(unit.files), flight.missed()) == (1, [])


def test_an_attitude_app_that_forgot(flight: Flight, unit: CameraUnit) -> None:
    """An attitude app that points elsewhere during an approach is told again."""
    flight.fly_to(PASS_S - 50)
    flight.pointing = PointingMode.IDLE
    flight.fly(3)
    assert (flight.asked(SetPointing), flight.pointing) == (2, PointingMode.TARGET)
    flight.fly_to(PASS_S + 10)
    assert len(unit.files) == 1


def test_disabled_while_approached(flight: Flight, unit: CameraUnit) -> None:
    """A target that is disabled while it is approached is given up at once."""
    flight.fly_to(PASS_S - 50)
    flight.bench.command(EnableTarget(1, enabled=False))
    flight.fly(1)
    assert flight.missed() == ["left out by command"]
    assert (unit.state, flight.mode) == (CameraState.STANDBY, NOMINAL)


def load_table(bench: Bench, image: bytes, checksum: int) -> None:
    """Replace the target table by command."""
    assert bench.command(LoadTable("targets", 0, image)).stage is Stage.COMPLETED
    assert bench.command(ValidateTable("targets", len(image), checksum)).stage is Stage.COMPLETED
    assert bench.command(ActivateTable("targets")).stage is Stage.COMPLETED


@pytest.mark.parametrize("exposing", [False, True])
def test_a_table_without_the_target(flight: Flight, unit: CameraUnit, *, exposing: bool) -> None:
    """A table without the target under way ends the approach; an image already exposed is still told."""
    buffer = flight.bench.container.tables["targets"]
    unit.slow = exposing
    flight.fly_to(PASS_S + 1 if exposing else PASS_S - 50)
    content = msgspec.structs.replace(buffer.active, targets=buffer.active.targets[1:])
    fresh = type(buffer)(buffer.rules, content, buffer.kind, "targets.toml")
    load_table(flight.bench, fresh.image, fresh.checksum)
    unit.slow = False
    flight.fly(6)
    if exposing:
        image = flight.bench.latest(ImageTaken)
        assert (image.name, image.value) == ("Alpha", 0.0)
    else:
        assert flight.missed() == ["left out by command"]


# ------------------------------------------------------------------ a camera that fails


def test_a_busy_camera(flight: Flight, unit: CameraUnit) -> None:
    """A camera that refuses until the target has passed costs the image, and the reason says so."""
    unit.busy = True
    flight.fly_to(PASS_S + 20)
    assert flight.missed() == ["camera busy or in standby"]


def test_a_camera_that_fell_into_standby(flight: Flight, unit: CameraUnit) -> None:
    """A camera that lost its power on the way is got ready again."""
    flight.fly_to(PASS_S - 50)
    unit.state = CameraState.STANDBY
    flight.fly_to(PASS_S + 10)
    assert (len(unit.files), flight.missed()) == (1, [])


def test_a_silent_camera(flight: Flight, unit: CameraUnit) -> None:
    """A camera that does not answer costs the image, and every attempt is counted."""
    unit.silent = True
    flight.fly_to(PASS_S + 20)
    assert flight.missed() == ["camera does not answer"]
    assert flight.bench.latest(CameraStatus).errors > 20


def test_a_camera_that_wakes_up(flight: Flight, unit: CameraUnit) -> None:
    """A camera that could not be got ready at first is got ready as soon as it answers."""
    unit.silent = True
    flight.fly_to(PASS_S - 10)
    unit.silent = False
    flight.fly_to(PASS_S + 10)
    assert len(unit.files) == 1


def test_a_lost_reply_takes_one_image(flight: Flight, unit: CameraUnit) -> None:
    """When the reply to an exposure is lost the same image is asked for again: one image, one number."""
    unit.deaf = True
    flight.fly_to(PASS_S + 2)
    unit.deaf = False
    flight.fly(10)
    assert unit.exposures == [(1, FIRST_FILE + 1)]
    assert flight.bench.latest(ImageTaken).file == FIRST_FILE + 1


def test_a_number_is_never_used_for_two_targets(flight: Flight, unit: CameraUnit) -> None:
    """An exposure whose replies were all lost is missed, and the next target gets another number."""
    unit.deaf = True
    flight.fly_to(PASS_S + 20)
    assert flight.missed() == ["camera does not answer"]
    unit.deaf = False
    flight.fly_to(PASS_S + 170)
    assert unit.exposures == [(1, FIRST_FILE + 1), (2, FIRST_FILE + 2)]
    assert [(image.target, image.file) for image in flight.bench.sent(ImageTaken)] == [(2, FIRST_FILE + 2)]


def test_numbers_go_on_after_those_in_the_memory(flight: Flight, unit: CameraUnit) -> None:
    """An app without memory of earlier images does not use their numbers again."""
    unit.last_file = FIRST_FILE + 41
    flight.fly_to(PASS_S + 10)
    assert flight.bench.latest(ImageTaken).scene == 42


@pytest.mark.parametrize(
    ("fault", "reason", "after_s"),
    [
        ("forgetful", "camera lost the image", 6),
        ("slow", "image was not stored", 32),
        ("silent", "camera or memory does not answer", 32),
    ],
)
def test_an_image_that_does_not_come(flight: Flight, unit: CameraUnit, fault: str, reason: str, after_s: int) -> None:
    """An exposure that comes to nothing is a miss with its reason, at once or after half a minute."""
    flight.fly_to(PASS_S)
    assert unit.state is CameraState.EXPOSING
    setattr(unit, fault, True)
    flight.fly(after_s)
    assert flight.missed() == [reason]
    assert (flight.bench.sent(ImageTaken), flight.asked(ReleaseImaging)) == ([], 1)


def test_an_image_that_comes_late(flight: Flight, unit: CameraUnit) -> None:
    """A camera that answers again within half a minute still delivers its image."""
    flight.fly_to(PASS_S)
    unit.silent = True
    flight.fly(15)
    unit.silent = False
    flight.fly(2)
    assert (len(flight.bench.sent(ImageTaken)), flight.missed()) == (1, [])


def test_a_camera_that_does_not_rest(flight: Flight, unit: CameraUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that refuses to go to standby keeps no image from being told."""
    flight.fly_to(PASS_S + 1)

    def refuse(standby: bool) -> None:  # noqa: FBT001 - as the driver has it
        raise NoReplyError("camera", standby)

    monkeypatch.setattr(unit, "standby", refuse)
    flight.fly(6)
    assert len(flight.bench.sent(ImageTaken)) == 1
    assert flight.bench.app.state.shutter.errors == 1


# ------------------------------------------------------------------ commands and crashes


def test_values(flight: Flight) -> None:
    """A value set by command counts instead of the table's, also after a crash."""
    assert flight.bench.command(SetTargetValue(1, 77.0)).stage is Stage.COMPLETED
    flight.bench.restart()
    flight.fly_to(PASS_S + 10)
    assert flight.bench.latest(ImageTaken).value == 77.0


def test_enabling_again(flight: Flight, unit: CameraUnit) -> None:
    """A target that was left out is watched again when it is enabled; enabling twice changes nothing."""
    for enabled in (False, False, True, True):
        assert flight.bench.command(EnableTarget(1, enabled)).stage is Stage.COMPLETED
    flight.fly_to(PASS_S + 10)
    assert len(unit.files) == 1


@pytest.mark.parametrize("command", [EnableTarget(9, enabled=True), SetTargetValue(9, 1.0)])
def test_unknown_targets(flight: Flight, command: EnableTarget | SetTargetValue) -> None:
    """A target that is not in the table is refused."""
    report = flight.bench.command(command)
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)


@pytest.mark.parametrize("at_s", [PASS_S - 90, PASS_S - 50, PASS_S - 1, PASS_S, PASS_S + 1, PASS_S + 2])
def test_a_crash_during_an_approach(flight: Flight, unit: CameraUnit, at_s: int) -> None:
    """Whenever the app crashes it goes on with its approach: one image, told once, and the mode given back."""
    flight.fly_to(at_s)
    flight.bench.restart()
    flight.fly_to(PASS_S + 15)
    assert unit.exposures == [(1, FIRST_FILE + 1)]
    assert [image.scene for image in flight.bench.sent(ImageTaken)] == [1]
    assert (flight.asked(ReleaseImaging), flight.missed()) == (1, [])


def test_the_clock_starts_again(flight: Flight, launch: Callable[..., Flight], unit: CameraUnit) -> None:
    """After a processor reset old news is none, and a target imaged in an earlier life may be imaged again."""
    flight.fly_to(PASS_S + 10)
    again = launch(memory_of=flight)
    again.fly(3)
    assert again.bench.app.state.last_image_ns[1] > again.bench.now_ns()
    again.fly_to(PASS_S + 10)
    assert [image.scene for image in again.bench.sent(ImageTaken)] == [2]
    assert unit.exposures[1] == (1, FIRST_FILE + 2)
