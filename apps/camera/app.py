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
from apps.camera.opportunities import Opportunity, Orbit, Target, Targets, earth_angle, in_reach, opportunity
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
LOOK_EVERY_S = 5


class Approach(msgspec.Struct):
    """The target now approached.

    Attributes:
        target: its number.
        file: of the image being taken, 0 before the exposure.
        exposed_ns: when it was exposed.
        pointing_error_deg: at the exposure.
        off_nadir_deg: at the exposure.
    """

    target: int
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
    def work(self) -> None:  # type: ignore[override]
        """Look for the next target, or go on with the present one."""
        orbit = self._orbit()
        if self.state.approach is None:
            if orbit is not None:
                self._look(orbit)
            return
        if self.state.approach.file:
            self._await_image(self.state.approach)
        elif orbit is None or self.state.mode is not SpacecraftMode.IMAGING:
            self._miss("imaging mode or orbit lost")
        else:
            self._go_on(self.state.approach, opportunity(self._target(self.state.approach.target), orbit))
