"""Interface of the camera app: which places are watched, and the images taken of them."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import F32, I64, U8, U16, U32, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


@unique
class CameraActivity(IntEnum):
    """What the camera app is doing."""

    WAITING = 0
    APPROACHING = 1
    EXPOSING = 2


class EnableTarget(Command, code=2):
    """Watch a target of the table, or leave it out."""

    target: Annotated[int, U16, "number in the target table"]
    enabled: bool


class SetTargetValue(Command, code=3):
    """Say how much images of a target are worth."""

    target: Annotated[int, U16, "number in the target table"]
    value: Annotated[float, F32, Range(0, 100), "what an image is worth"]


class CameraStatus(Telemetry, period_s=10):
    """What the camera does."""

    activity: CameraActivity
    target: Annotated[int, U16, "now approached or imaged, 0 when there is none"]
    next_target: Annotated[int, U16, "the next one in reach, 0 when none is"]
    seconds_to_next: Annotated[int, U16, Unit("s"), "until the closest approach to it"]
    images_taken: Annotated[int, U32, "since launch"]
    images_missed: Annotated[int, U32, "targets that passed without an image"]
    errors: Annotated[int, U32, "transactions with camera or mass memory that failed"]


class ImageTaken(Telemetry):
    """An image lies in the mass memory."""

    scene: Annotated[int, U32, "number of the image, rising since launch; a missed one may leave a gap"]
    target: Annotated[int, U16, "number in the target table"]
    name: Annotated[str, UpTo(24), "of the target"]
    file: Annotated[int, U32, "number of the file in the mass memory"]
    octets: Annotated[int, U32, "size of the file"]
    value: Annotated[float, F32, "what it is worth"]
    time_tai_ns: Annotated[int, I64, Unit("ns"), "TAI since 1958-01-01 of the exposure"]
    off_nadir: Annotated[float, F32, Unit("deg"), "angle at the spacecraft between nadir and target at the exposure"]


class ImageMissed(Event, code=32, severity=Severity.ERROR, text="no image of {name}: {reason}"):
    """A target passed without an image."""

    name: Annotated[str, UpTo(24)]
    reason: Annotated[str, UpTo(48)]


class TargetEnabled(Event, code=33, text="target {target} watched: {enabled}"):
    """A target was switched on or off."""

    target: Annotated[int, U16]
    enabled: bool


class ImageStored(Event, code=34, text="image {scene} of {name} stored, pointing error {error:.2f} deg"):
    """An image was taken."""

    scene: Annotated[int, U32]
    name: Annotated[str, UpTo(24)]
    error: Annotated[float, F32, Unit("deg")]


class ApproachBegan(Event, code=35, severity=Severity.DEBUG, text="approaching {name}, {seconds} s to go"):
    """The spacecraft turns to a target."""

    name: Annotated[str, UpTo(24)]
    seconds: Annotated[int, U8, Unit("s")]
