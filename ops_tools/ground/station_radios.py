"""A ground station's radios as one port: commands go up through the first, frames come down through all."""

from __future__ import annotations

from ops_tools.ground.link import FramePort


class StationRadios:
    """Several radios of one station.

    Args:
        command_radio: takes commands, and receives.
        more: only receive.
    """

    def __init__(self, command_radio: FramePort, *more: FramePort) -> None:
        self._command_radio = command_radio
        self._radios = (command_radio, *more)

    def send(self, octets: bytes) -> None:
        """Radiate one frame."""
        self._command_radio.send(octets)

    def receive(self) -> list[bytes]:
        """Frames that have come down since the last call, radio by radio."""
        frames: list[bytes] = []
        for radio in self._radios:
            frames += radio.receive()
        return frames
