"""Several radios as one port."""

from __future__ import annotations

from ops_tools.ground.station_radios import StationRadios


class Radio:
    """A radio that remembers what it sent, and hands out what it was given."""

    def __init__(self, *frames: bytes) -> None:
        self.frames = list(frames)
        self.sent: list[bytes] = []

    def send(self, octets: bytes) -> None:
        """Remember a frame."""
        self.sent.append(octets)

    def receive(self) -> list[bytes]:
        """Hand out every frame once."""
        frames, self.frames = self.frames, []
        return frames


def test_commands_go_up_through_the_first_radio_only() -> None:
    """The others have no uplink."""
    command, other = Radio(), Radio()
    StationRadios(command, other).send(b"frame")
    assert (command.sent, other.sent) == ([b"frame"], [])


def test_frames_come_down_through_all_radios_each_once() -> None:
    """Radio by radio, in the order of their arrival at each."""
    radios = StationRadios(Radio(b"1", b"2"), Radio(b"3"))
    assert radios.receive() == [b"1", b"2", b"3"]
    assert radios.receive() == []
