"""The 4-band camera: in standby, ready or exposing; a finished exposure becomes a file in the mass memory.

What the image shows is made by a callable given to it (`ImageSource`), from what was recorded when the exposure began.
"""

from collections.abc import Callable
from enum import Enum, unique
from typing import Protocol, assert_never

import msgspec

from bus_sim.equipment.aiming import Aim
from bus_sim.equipment.mass_memory import LARGEST_FILE_ID, MassMemory, MemoryReply
from bus_sim.quantities import Direction, PositiveSeconds, Watts


class CameraParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The camera.

    Attributes:
        boresight: where it looks, body axes.
        exposure_s: duration of an exposure with its read-out.
        standby_w: power in standby.
        ready_w: power when ready.
        exposing_w: power while exposing.
    """

    boresight: Direction
    exposure_s: PositiveSeconds
    standby_w: Watts
    ready_w: Watts
    exposing_w: Watts


class Shot(msgspec.Struct, frozen=True):
    """An exposure at its beginning: all an image source may know.

    Attributes:
        image_id: number of the image's file.
        target_id: what the commander says is imaged.
        exposure_index: running number of the exposure since scenario start, 0 for the first.
        aim: where the camera looked.
    """

    image_id: int
    target_id: int
    exposure_index: int
    aim: Aim


class ImageSource(Protocol):
    """Makes the octets of an image file; must depend on nothing but the shot."""

    def __call__(self, shot: Shot) -> bytes:
        """The file's contents."""
        ...


def describe_shot(shot: Shot) -> bytes:
    """The simplest image source: the shot itself as msgpack, no picture."""
    return msgspec.msgpack.encode(shot)


@unique
class CameraState(Enum):
    """What the camera is doing."""

    OFF = 0
    STANDBY = 1
    READY = 2
    EXPOSING = 3


@unique
class CameraReply(Enum):
    """Answer to a command."""

    ACCEPTED = 0
    OFF = 1
    STANDBY = 2
    BUSY = 3
    BAD_ARGUMENT = 4


class CameraMemory(msgspec.Struct):
    """Memory of the camera.

    Attributes:
        state: what it is doing.
        shot: the exposure in progress.
        left_s: until it is finished.
        exposures: begun since scenario start.
        last_image_id: number of the image stored last, 0 before the first.
        taken: images stored.
        lost_power: exposures lost to a power cut.
        lost_storage: images the mass memory refused.
        refused: commands refused.
    """

    state: CameraState = CameraState.OFF
    shot: Shot | None = None
    left_s: float = 0.0
    exposures: int = 0
    last_image_id: int = 0
    taken: int = 0
    lost_power: int = 0
    lost_storage: int = 0
    refused: int = 0


class Camera:
    """The camera as its commands and its power line see it.

    Args:
        parameters: the camera's.
        memory: where finished images go.
        observe: tells where the camera looks, at the moment of asking.
        image_source: makes the octets of an image.
    """

    def __init__(
        self,
        parameters: CameraParameters,
        memory: MassMemory,
        observe: Callable[[], Aim],
        image_source: ImageSource,
    ) -> None:
        self.parameters = parameters
        self._memory, self._observe, self._image_source = memory, observe, image_source
        self.state = CameraMemory()

    def set_standby(self, *, standby: bool) -> CameraReply:
        """Go to standby, or get ready for images."""
        state = self.state
        match state.state:
            case CameraState.OFF:
                return self._refuse(CameraReply.OFF)
            case CameraState.EXPOSING:
                return self._refuse(CameraReply.BUSY)
            case CameraState.STANDBY | CameraState.READY:
                state.state = CameraState.STANDBY if standby else CameraState.READY
                return CameraReply.ACCEPTED
            case _:
                assert_never(state.state)

    def expose(self, target_id: int, image_id: int) -> CameraReply:
        """Begin an exposure; the image is stored under ``image_id`` (1 to 2**32 - 1) when it is finished.

        Asking again for the image in progress, or for the last one stored, is accepted and changes nothing.
        """
        state = self.state
        if not 1 <= image_id <= LARGEST_FILE_ID:
            return self._refuse(CameraReply.BAD_ARGUMENT)
        match state.state:
            case CameraState.OFF:
                return self._refuse(CameraReply.OFF)
            case CameraState.STANDBY:
                return self._refuse(CameraReply.STANDBY)
            case CameraState.EXPOSING:
                again = state.shot is not None and state.shot.image_id == image_id
                return CameraReply.ACCEPTED if again else self._refuse(CameraReply.BUSY)
            case CameraState.READY:
                if image_id != state.last_image_id:
                    state.state = CameraState.EXPOSING
                    state.shot = Shot(image_id, target_id, state.exposures, self._observe())
                    state.left_s = self.parameters.exposure_s
                    state.exposures += 1
                return CameraReply.ACCEPTED
            case _:
                assert_never(state.state)

    def _refuse(self, reply: CameraReply) -> CameraReply:
        self.state.refused += 1
        return reply

    def demand_w(self) -> float:
        """Power drawn in the present state [W]."""
        match self.state.state:
            case CameraState.OFF:
                return 0.0
            case CameraState.STANDBY:
                return self.parameters.standby_w
            case CameraState.READY:
                return self.parameters.ready_w
            case CameraState.EXPOSING:
                return self.parameters.exposing_w
            case _:
                assert_never(self.state.state)

    def set_power(self, *, on: bool) -> None:
        """The line closed: standby. The line opened: off, an exposure in progress is lost."""
        state = self.state
        if not on:
            if state.shot is not None:
                state.lost_power += 1
            state.shot = None
            state.left_s = 0.0
            state.state = CameraState.OFF
        elif state.state is CameraState.OFF:
            state.state = CameraState.STANDBY

    def progress(self, step_s: float) -> None:
        """Let ``step_s`` pass; a finished exposure is stored."""
        state = self.state
        if state.shot is None:
            return
        state.left_s -= step_s
        if state.left_s > 0.0:
            return
        shot, state.shot = state.shot, None
        state.left_s = 0.0
        state.state = CameraState.READY
        if self._memory.write(shot.image_id, self._image_source(shot)) is MemoryReply.ACCEPTED:
            state.last_image_id = shot.image_id
            state.taken += 1
        else:
            state.lost_storage += 1
