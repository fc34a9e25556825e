"""The camera app: waits for the next target, turns the spacecraft to it, takes the image, gives the spacecraft back."""

from __future__ import annotations

import math

import msgspec

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
from apps.camera.opportunities import (
    Opportunity,
    Orbit,
    Target,
    Targets,
    Track,
    earth_angle,
    in_reach,
    may_come_in_reach,
    opportunity,
)
from apps.mode_manager.messages import ModeStatus, ReleaseImaging, RequestImaging, SpacecraftMode
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.camera import Camera as CameraDriver
from flightsw.devices.camera import CameraState as DeviceState
from flightsw.devices.errors import DeviceError
from flightsw.devices.mass_memory import MassMemory
from flightsw.geometry.earth import Geodetic
from tlm_cmd.packets.verification import FailureCode

NANOSECONDS = 1_000_000_000
FIRST_FILE = 0x0200_0000
"""File numbers of images begin here; recorder and products have others."""
WINDOW_S = 2.0
"""How near to the closest approach an exposure may be."""
STORE_TIMEOUT_S = 30
IMAGING_S = 150
GRANT_TIMEOUT_S = 5
LOOK_EVERY_S = 5


class Approach(msgspec.Struct):
    """The target now approached.

    Attributes:
        target: its number.
        began_ns: when the approach began.
        turning: the attitude app was told to point at it.
        file: of the image being taken, 0 before the exposure.
        exposed_ns: when it was exposed, vehicle time.
        exposed_tai_ns: the same in TAI.
        pointing_error_deg: at the exposure.
        off_nadir_deg: at the exposure.
    """

    target: int
    began_ns: int = 0
    turning: bool = False
    file: int = 0
    exposed_ns: int = 0
    exposed_tai_ns: int = 0
    pointing_error_deg: float = 0.0
    off_nadir_deg: float = 0.0


class CameraMemory(msgspec.Struct):
    """What the app remembers.

    Attributes:
        disabled: targets left out, by command.
        values: values set by command, by target.
        last_image_ns: when each target was last imaged or missed.
        approach: the target now approached, None while waiting.
        scenes: images taken since launch.
        missed: targets that passed without an image.
        errors: failed transactions.
        mode: of the spacecraft.
        pointing_error_deg: newest of the attitude app.
        pointing_mode: newest of the attitude app.
        navigation: newest orbit, None while it is not valid.
        next_target: the next one in reach, 0 when none is.
        next_in_s: seconds to it.
    """

    disabled: list[int] = []
    values: dict[int, float] = {}
    last_image_ns: dict[int, int] = {}
    approach: Approach | None = None
    scenes: int = 0
    missed: int = 0
    errors: int = 0
    mode: SpacecraftMode = SpacecraftMode.BOOT
    pointing_error_deg: float = 180.0
    pointing_mode: PointingMode = PointingMode.IDLE
    navigation: Navigation | None = None
    next_target: int = 0
    next_in_s: int = 0


class Camera(App):
    """Looks for opportunities, and sees each one through."""

    targets = Table(Targets, file="targets.toml")

    state: CameraMemory

    def start(self) -> None:
        """Open camera and memory."""
        self._camera = self.device(CameraDriver)
        self._memory = self.device(MassMemory)

    # ---------------------------------------------------------------- commands and news

    @handles(EnableTarget)
    def enable_target(self, command: EnableTarget) -> None:
        """Watch a target, or leave it out."""
        self._target(command.target)
        if command.target in self.state.disabled:
            self.state.disabled.remove(command.target)
        if not command.enabled:
            self.state.disabled.append(command.target)
        self.event(TargetEnabled(command.target, command.enabled))

    @handles(SetTargetValue)
    def set_value(self, command: SetTargetValue) -> None:
        """Say what images of a target are worth."""
        self._target(command.target)
        self.state.values[command.target] = command.value

    @handles(ModeStatus)
    def take_mode(self, status: ModeStatus) -> None:
        """Keep the spacecraft's mode."""
        self.state.mode = status.mode

    @handles(AttitudeStatus)
    def take_attitude(self, status: AttitudeStatus) -> None:
        """Keep the pointing error."""
        self.state.pointing_error_deg = status.pointing_error
        self.state.pointing_mode = status.mode

    @handles(Navigation)
    def take_navigation(self, navigation: Navigation) -> None:
        """Keep the orbit."""
        self.state.navigation = navigation if navigation.valid else None

    # ---------------------------------------------------------------- once per second

    @every(seconds=1, offset=0.5)
    def advance(self) -> None:
        """Look for the next target, or go on with the present one."""
        orbit, approach = self._orbit(), self.state.approach
        if approach is None:
            if orbit is not None and self._second() % LOOK_EVERY_S == 0:
                self._look(orbit)
        elif approach.file:
            self._await_image(approach)
        elif orbit is None:
            self._miss("position not known")
        else:
            self._go_on(approach, opportunity(self._target(approach.target), Track.of(orbit)))

    def _look(self, orbit: Orbit) -> None:
        """Find the nearest opportunity, and begin the approach when its time has come."""
        state, rules, track = self.state, self.targets, Track.of(orbit)
        watched = (target for target in rules.targets if self._wanted(target))
        chances = [
            chance
            for chance in (opportunity(target, track) for target in watched if may_come_in_reach(target, track, rules))
            if in_reach(chance, rules) and rules.least_lead_s <= chance.seconds <= rules.horizon_s
        ]
        state.next_target, state.next_in_s = 0, 0
        if not chances:
            return
        first = min(chances, key=lambda chance: (chance.seconds, chance.target))
        state.next_target, state.next_in_s = first.target, round(first.seconds)
        if first.seconds > rules.lead_s or state.mode not in (SpacecraftMode.NOMINAL, SpacecraftMode.DOWNLINK):
            return
        target = self._target(first.target)
        state.approach = Approach(target.number, began_ns=self.now_ns)
        self.event(ApproachBegan(target.name, min(round(first.seconds), 255)))
        self.command("mode_manager", RequestImaging(IMAGING_S))

    def _go_on(self, approach: Approach, chance: Opportunity) -> None:
        """Turn to the target, and expose when it is nearest."""
        state, rules = self.state, self.targets
        if state.mode is not SpacecraftMode.IMAGING:
            if self.now_ns - approach.began_ns > GRANT_TIMEOUT_S * NANOSECONDS:
                self._miss("imaging mode not granted or lost")
            return
        if not approach.turning:
            target = self._target(approach.target)
            self.command("attitude", SetPointing(PointingMode.TARGET, target.latitude, target.longitude))
            self._ready_camera()
            approach.turning = True
        elif chance.seconds < -rules.give_up_s:
            self._miss(f"pointing error {state.pointing_error_deg:.1f} deg")
        elif chance.seconds <= WINDOW_S and self._on_target():
            self._expose(approach, chance)

    def _on_target(self) -> bool:
        pointed = self.state.pointing_error_deg <= self.targets.max_pointing_error
        return pointed and self.state.pointing_mode is PointingMode.TARGET

    def _ready_camera(self) -> None:
        try:
            self._camera.standby(standby=False)
        except DeviceError:
            self.state.errors += 1

    def _expose(self, approach: Approach, chance: Opportunity) -> None:
        state = self.state
        file = FIRST_FILE + state.scenes + 1
        try:
            accepted = self._camera.expose(approach.target, file)
        except DeviceError:
            state.errors += 1
            return
        if accepted:
            state.scenes += 1
            approach.file = file
            approach.exposed_ns = self.now_ns
            approach.exposed_tai_ns = self.time.tai_ns(self.now_ns)
            approach.pointing_error_deg = state.pointing_error_deg
            approach.off_nadir_deg = chance.off_nadir_deg

    def _await_image(self, approach: Approach) -> None:
        """Publish the image as soon as it lies in the mass memory."""
        try:
            status = self._camera.status()
            if status.state is DeviceState.EXPOSING or status.last_file != approach.file:
                if self.now_ns - approach.exposed_ns > STORE_TIMEOUT_S * NANOSECONDS:
                    self._miss("image was not stored")
                return
            octets = self._memory.size(approach.file)
            self._camera.standby(standby=True)
        except DeviceError:
            self.state.errors += 1
            if self.now_ns - approach.exposed_ns > STORE_TIMEOUT_S * NANOSECONDS:
                self._miss("camera or memory does not answer")
            return
        target = self._target(approach.target)
        self.send(
            ImageTaken(
                scene=approach.file - FIRST_FILE,
                target=target.number,
                name=target.name,
                file=approach.file,
                octets=octets,
                value=self.state.values.get(target.number, target.value),
                time_tai_ns=approach.exposed_tai_ns,
                off_nadir=approach.off_nadir_deg,
            )
        )
        self.event(ImageStored(approach.file - FIRST_FILE, target.name, approach.pointing_error_deg))
        self._finish()

    def _miss(self, reason: str) -> None:
        approach = self.state.approach
        if approach is not None:
            self.state.missed += 1
            self.event(ImageMissed(self._target(approach.target).name, reason[:48]))
            self._finish()

    def _finish(self) -> None:
        state = self.state
        if state.approach is not None:
            state.last_image_ns[state.approach.target] = self.now_ns
            state.approach = None
        if state.mode is SpacecraftMode.IMAGING:
            self.command("mode_manager", ReleaseImaging())
        self.checkpoint()

    # ---------------------------------------------------------------- small questions

    def _second(self) -> int:
        return self.now_ns // NANOSECONDS

    def _target(self, number: int) -> Target:
        for target in self.targets.targets:
            if target.number == number:
                return target
        raise Refused(f"no target {number} in the table", FailureCode.BAD_ARGUMENT)

    def _wanted(self, target: Target) -> bool:
        last_ns = self.state.last_image_ns.get(target.number)
        rested = last_ns is None or self.now_ns - last_ns >= self.targets.repeat_s * NANOSECONDS
        return rested and target.number not in self.state.disabled

    def _orbit(self) -> Orbit | None:
        navigation = self.state.navigation
        if navigation is None:
            return None
        px, py, pz = navigation.position
        vx, vy, vz = navigation.velocity
        sx, sy, sz = navigation.sun
        place = Geodetic(math.radians(navigation.latitude), math.radians(navigation.longitude), navigation.altitude)
        return Orbit((px, py, pz), (vx, vy, vz), earth_angle((px, py, pz), place), (sx, sy, sz))

    @every(seconds=10, offset=5)
    def report(self) -> None:
        """Publish what the camera does."""
        state, approach = self.state, self.state.approach
        activity = CameraActivity.WAITING
        if approach is not None:
            activity = CameraActivity.EXPOSING if approach.file else CameraActivity.APPROACHING
        self.send(
            CameraStatus(
                activity=activity,
                target=approach.target if approach else 0,
                next_target=state.next_target,
                seconds_to_next=min(state.next_in_s, 65_535),
                images_taken=state.scenes,
                images_missed=state.missed,
                errors=state.errors,
            )
        )
