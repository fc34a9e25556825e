"""The memory of the camera app."""

from __future__ import annotations

import msgspec

from apps.camera.heard import Heard
from apps.camera.shutter import ShutterState


class Approach(msgspec.Struct):
    """The target now approached.

    Attributes:
        target: its number.
        name: as people name it.
        without_mode_s: seconds in a row without the imaging mode.
        turning: the attitude app was told to point at it.
        storing_s: seconds since the exposure, None before it.
        exposed_tai_ns: TAI of the exposure.
        pointing_error_deg: at the exposure.
        off_nadir_deg: at the exposure.
        problem: what last kept the camera from exposing.
    """

    target: int
    name: str
    without_mode_s: int = 0
    turning: bool = False
    storing_s: int | None = None
    exposed_tai_ns: int = 0
    pointing_error_deg: float = 0.0
    off_nadir_deg: float = 0.0
    problem: str = ""


class CameraMemory(msgspec.Struct):
    """What the app remembers.

    Attributes:
        disabled: targets left out, by command.
        values: values set by command, by target.
        last_image_ns: when each target was last imaged or missed.
        approach: the target now approached, None while waiting.
        shutter: camera and image files.
        taken: images taken since launch.
        missed: targets that passed without an image.
        heard: newest of mode, attitude and orbit.
        next_target: the next one in reach, 0 when none is.
        next_in_s: seconds to it.
    """

    disabled: list[int] = []
    values: dict[int, float] = {}
    last_image_ns: dict[int, int] = {}
    approach: Approach | None = None
    shutter: ShutterState = msgspec.field(default_factory=ShutterState)
    taken: int = 0
    missed: int = 0
    heard: Heard = msgspec.field(default_factory=Heard)
    next_target: int = 0
    next_in_s: int = 0
