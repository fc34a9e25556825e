"""The camera and its image files: every image has a number of its own, also when the camera keeps silent.

The camera takes the number of its last image for the same request repeated. A number that was offered once is therefore
never used for another target, also when nobody knows whether the camera has heard it.
"""

from __future__ import annotations

import msgspec

from flightsw.devices.camera import Camera, CameraState
from flightsw.devices.errors import DeviceError
from flightsw.devices.mass_memory import MassMemory

FIRST_FILE = 0x0200_0000
"""File numbers of images begin here; recorder and products have others."""
LAST_FILE = 0x02FF_FFFF


class ShutterState(msgspec.Struct):
    """What is remembered of camera and files.

    Attributes:
        file: number given to the newest image, ``FIRST_FILE`` before the first.
        is_ready: the camera was got ready for the present approach.
        is_offered: the newest number was offered to the camera in the present approach.
        errors: failed transactions.
    """

    file: int = FIRST_FILE
    is_ready: bool = False
    is_offered: bool = False
    errors: int = 0


class Stored(msgspec.Struct, frozen=True):
    """What became of an exposure.

    Attributes:
        octets: of the image in the mass memory; None while it is not there.
        lost: it will not come any more.
        problem: why it is not there.
    """

    octets: int | None = None
    lost: bool = False
    problem: str = ""


class Shutter:
    """Handles the camera through one approach after the other.

    Args:
        camera: its driver.
        memory: where images are stored.
        state: the memory to work on.
    """

    def __init__(self, camera: Camera, memory: MassMemory, state: ShutterState) -> None:
        self.state = state
        self._camera = camera
        self._memory = memory

    @property
    def scene(self) -> int:
        """Number of the newest image, counted from 1."""
        return self.state.file - FIRST_FILE

    def prepare(self) -> None:
        """Begin an approach."""
        self.state.is_ready = self.state.is_offered = False

    def ready(self) -> None:
        """Get the camera ready, unless it is; and learn of images that were taken before this memory began."""
        state = self.state
        if state.is_ready:
            return
        try:
            self._camera.standby(standby=False)
            last_file = self._camera.status().last_file
        except DeviceError:
            state.errors += 1
            return
        state.is_ready = True
        if not state.is_offered and state.file < last_file < LAST_FILE:
            state.file = last_file

    def expose(self, target: int) -> str:
        """Take an image; returns what the problem is, empty when the camera has accepted."""
        state = self.state
        if not state.is_offered:
            state.file += 1
            state.is_offered = True
        try:
            accepted = self._camera.expose(target, state.file)
        except DeviceError:
            state.errors += 1
            return "camera does not answer"
        if not accepted:
            state.is_ready = False
            return "camera busy or in standby"
        return ""

    def look_for_image(self) -> Stored:
        """What has become of the exposure that was accepted."""
        try:
            status = self._camera.status()
            if status.last_file == self.state.file:
                return Stored(self._memory.size(self.state.file))
        except DeviceError:
            self.state.errors += 1
            return Stored(problem="camera or memory does not answer")
        if status.state is CameraState.EXPOSING:
            return Stored(problem="image was not stored")
        return Stored(lost=True, problem="camera lost the image")

    def rest(self) -> None:
        """Send the camera to standby at the end of an approach; if it does not answer, it stays as it is."""
        try:
            self._camera.standby(standby=True)
        except DeviceError:
            self.state.errors += 1
