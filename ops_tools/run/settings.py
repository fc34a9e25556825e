"""What the processes of one run are told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from flightsw.clock import HostClock
from flightsw.runtime.run_folder import TRACE_FOLDER


class RunSettings(msgspec.Struct, frozen=True):
    """One run.

    Attributes:
        mission_file: what flies.
        spacecraft_file: the simulated spacecraft, None for the reference one.
        seed: of everything random in the simulator.
        origin_ns: host time at which vehicle time is 0; 0 until the simulator has begun it.
        speed: vehicle seconds per host second.
        run_folder: sockets, checkpoints, logs; short, because of the sockets.
        trace_handlers: whether all handlers are measured from the start.
        host: the computer, when the mission has several.
        keys_folder: with the keys for links to the others.
    """

    mission_file: Path
    spacecraft_file: Path | None
    seed: int
    origin_ns: int
    speed: float
    run_folder: Path
    trace_handlers: bool = False
    host: str = ""
    keys_folder: Path | None = None

    @property
    def devices(self) -> str:
        """Where the simulator answers."""
        return f"ipc://{self.run_folder}/devices"

    @property
    def origin_file(self) -> Path:
        """Host time at which vehicle time is 0, written by the simulator when the spacecraft is ready to fly."""
        return self.run_folder / "origin.json"

    @property
    def pacing_file(self) -> Path:
        """How well the simulator keeps up, kept up to date."""
        return self.run_folder / "pacing.json"

    @property
    def processes_file(self) -> Path:
        """Process ids of the flight software by process name, as JSON, kept up to date."""
        return self.run_folder / "processes.json"

    @property
    def reset_line(self) -> Path:
        """What stands for the reset line of the on-board computer."""
        return self.run_folder / "reset_line"

    @property
    def trace_folder(self) -> Path:
        """Where the traces of the flight software are."""
        return self.run_folder / TRACE_FOLDER

    def clock(self) -> HostClock:
        """The vehicle's time."""
        return HostClock(self.origin_ns, self.speed)


def encode(settings: RunSettings) -> str:
    """The settings as one argument of a command."""
    return msgspec.json.encode(settings, enc_hook=str).decode()


def decode(text: str) -> RunSettings:
    """The settings from an argument."""
    return msgspec.json.decode(text, type=RunSettings, dec_hook=lambda kind, value: kind(value))
