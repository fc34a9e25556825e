"""The camera app: waits for the next target, turns the spacecraft to it, takes the image, gives the spacecraft back."""

from __future__ import annotations

import math

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
    MAX_IMAGING_S,
    STORE_TIMEOUT_S,
    Orbit,
    Target,
    Targets,
    check_targets,
    next_chance,
    off_nadir_deg,
    opportunity,
)
from apps.camera.shutter import Shutter
from apps.camera.state import Approach, CameraMemory
from apps.camera.track import Track
from apps.mode_manager.messages import ModeStatus, ReleaseImaging, RequestImaging, SpacecraftMode
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.camera import Camera as CameraDriver
from flightsw.devices.mass_memory import MassMemory
from tlm_cmd.packets.verification import FailureCode

NANOSECONDS = 1_000_000_000
WINDOW_S = 2.0
"""How long before the closest approach an exposure may be."""
GRANT_TIMEOUT_S = 5
LOOK_EVERY_S = 5
MAX_U16 = 65_535


class Camera(App):
    """Looks for opportunities, and sees each one through."""

    targets = Table(Targets, file="targets.toml", check=check_targets)

    state: CameraMemory

    def start(self) -> None:
        """Open camera and memory."""
        self._shutter = Shutter(self.device(CameraDriver), self.device(MassMemory), self.state.shutter)

    # ---------------------------------------------------------------- commands and news

    @handles(EnableTarget)
    def enable_target(self, command: EnableTarget) -> None:
        """Watch a target, or leave it out."""
        self._check_target(command.target)
        if command.target in self.state.disabled:
            self.state.disabled.remove(command.target)
        if not command.enabled:
            self.state.disabled.append(command.target)
        self.event(TargetEnabled(command.target, command.enabled))

    @handles(SetTargetValue)
    def set_value(self, command: SetTargetValue) -> None:
        """Say what images of a target are worth."""
        self._check_target(command.target)
        self.state.values[command.target] = command.value

    def _check_target(self, number: int) -> None:
        if self.targets.target(number) is None:
            raise Refused(f"no target {number} in the table", FailureCode.BAD_ARGUMENT)

    @handles(ModeStatus)
    def take_mode(self, status: ModeStatus) -> None:
        """Keep the spacecraft's mode."""
        self.state.heard.mode, self.state.heard.mode_ns = status.mode, self.now_ns

    @handles(AttitudeStatus)
    def take_attitude(self, status: AttitudeStatus) -> None:
        """Keep where the spacecraft points, and how well."""
        self.state.heard.attitude, self.state.heard.attitude_ns = status, self.now_ns

    @handles(Navigation)
    def take_navigation(self, navigation: Navigation) -> None:
        """Keep the orbit."""
        self.state.heard.navigation, self.state.heard.navigation_ns = navigation, self.now_ns

    # ---------------------------------------------------------------- once per second

    @every(seconds=1, offset=0.5)
    def advance(self) -> None:
        """Look for the next target, or go on with the present one."""
        orbit, approach = self.state.heard.orbit(self.now_ns), self.state.approach
        if approach is None:
            if orbit is not None and self.now_ns // NANOSECONDS % LOOK_EVERY_S == 0:
                self._look(orbit)
        elif approach.storing_s is not None:
            self._await_image(approach, approach.storing_s)
        else:
            target = self.targets.target(approach.target)
            if target is None or target.number in self.state.disabled:
                self._miss(approach, "left out by command")
            elif orbit is None:
                self._miss(approach, "position not known")
            else:
                self._go_on(approach, target, orbit)

    def _look(self, orbit: Orbit) -> None:
        """Find the nearest opportunity, and begin the approach when its time has come."""
        state, rules = self.state, self.targets
        first = next_chance(rules, (target for target in rules.targets if self._wanted(target)), orbit)
        state.next_target, state.next_in_s = (first.target, round(first.seconds)) if first else (0, 0)
        if first is None or first.seconds > rules.lead_s:
            return
        target, mode = rules.target(first.target), state.heard.mode_now(self.now_ns)
        if target is not None and mode in (SpacecraftMode.NOMINAL, SpacecraftMode.DOWNLINK):
            self._begin(target, math.ceil(first.seconds))

    def _begin(self, target: Target, seconds: int) -> None:
        self.state.approach = Approach(target.number, target.name)
        self._shutter.prepare()
        self.event(ApproachBegan(target.name, seconds))
        self.command(
            "mode_manager", RequestImaging(min(seconds + self.targets.give_up_s + STORE_TIMEOUT_S, MAX_IMAGING_S))
        )
        self.checkpoint()

    def _go_on(self, approach: Approach, target: Target, orbit: Orbit) -> None:
        """Turn to the target, and expose when it is nearest."""
        heard = self.state.heard
        if heard.mode_now(self.now_ns) is not SpacecraftMode.IMAGING:
            approach.without_mode_s += 1
            if approach.without_mode_s > GRANT_TIMEOUT_S:
                self._miss(approach, "imaging mode not granted or lost")
            return
        approach.without_mode_s = 0
        if not approach.turning or heard.aims_elsewhere(self.now_ns):
            self.command("attitude", SetPointing(PointingMode.TARGET, target.latitude, target.longitude))
            approach.turning = True
        self._shutter.ready()
        seconds = opportunity(target, Track.of(orbit.position, orbit.velocity), orbit).seconds
        if seconds < -self.targets.give_up_s:
            self._miss(approach, approach.problem or "passed while the app was away")
        elif seconds <= WINDOW_S:
            approach.problem = heard.aim_problem(self.now_ns, self.targets.max_pointing_error)
            if not approach.problem:
                self._expose(approach, off_nadir_deg(target, orbit))

    def _expose(self, approach: Approach, off_nadir: float) -> None:
        attitude = self.state.heard.attitude
        approach.problem = self._shutter.expose(approach.target)
        if not approach.problem:
            approach.storing_s = 0
            approach.exposed_tai_ns = self.time.tai_ns(self.now_ns)
            approach.pointing_error_deg = attitude.pointing_error if attitude else 0.0
            approach.off_nadir_deg = off_nadir
        self.checkpoint()

    def _await_image(self, approach: Approach, storing_s: int) -> None:
        """Publish the image as soon as it lies in the mass memory."""
        approach.storing_s = storing_s + 1
        stored = self._shutter.look_for_image()
        if stored.octets is None:
            if stored.lost or storing_s >= STORE_TIMEOUT_S:
                self._miss(approach, stored.problem)
            return
        target, scene = self.targets.target(approach.target), self._shutter.scene
        table_value = target.value if target is not None else 0.0
        self.state.taken += 1
        self.send(
            ImageTaken(
                scene=scene,
                target=approach.target,
                name=approach.name,
                file=self.state.shutter.file,
                octets=stored.octets,
                value=self.state.values.get(approach.target, table_value),
                time_tai_ns=approach.exposed_tai_ns,
                off_nadir=approach.off_nadir_deg,
            )
        )
        self.event(ImageStored(scene, approach.name, approach.pointing_error_deg))
        self._finish(approach)

    def _miss(self, approach: Approach, reason: str) -> None:
        self.state.missed += 1
        self.event(ImageMissed(approach.name, reason[:48]))
        self._finish(approach)

    def _finish(self, approach: Approach) -> None:
        state = self.state
        state.last_image_ns[approach.target] = self.now_ns
        state.approach = None
        self._shutter.rest()
        if state.heard.mode_now(self.now_ns) is SpacecraftMode.IMAGING:
            self.command("mode_manager", ReleaseImaging())
        self.checkpoint()

    def _wanted(self, target: Target) -> bool:
        last_ns = self.state.last_image_ns.get(target.number)
        rested = last_ns is None or not 0 <= self.now_ns - last_ns < self.targets.repeat_s * NANOSECONDS
        return rested and target.number not in self.state.disabled

    @every(seconds=10, offset=5, group="reports")
    def report(self) -> None:
        """Publish what the camera does."""
        state, approach = self.state, self.state.approach
        activity = CameraActivity.WAITING
        if approach is not None:
            activity = CameraActivity.APPROACHING if approach.storing_s is None else CameraActivity.EXPOSING
        self.send(
            CameraStatus(
                activity=activity,
                target=approach.target if approach else 0,
                next_target=state.next_target,
                seconds_to_next=min(state.next_in_s, MAX_U16),
                images_taken=state.taken,
                images_missed=state.missed,
                errors=state.shutter.errors,
            )
        )
