"""One run: starts simulator and flight software, watches them, and ends them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from flightsw.clock import HostClock
from flightsw.errors import FlightSoftwareError
from flightsw.hal.emu import EmuLink
from flightsw.hal.emu_ports import emu_radio_frequency
from flightsw.mission import Mission
from ops_tools.ground.station import GroundSegment, GroundSettings
from ops_tools.ground.station_radios import StationRadios
from ops_tools.run.settings import RunSettings, encode

BANDS = ("s_band", "x_band")
STOP_GRACE_S = 5.0


class RunError(FlightSoftwareError):
    """A process of the run has ended by itself."""


class RunSession:
    """The processes of one run. A context manager: leaving it ends them.

    Args:
        mission_file: what flies.
        spacecraft_file: the simulated spacecraft, None for the reference one.
        seed: of everything random in the simulator.
        speed: vehicle seconds per host second.

    Attributes:
        settings: what the processes are told.
        mission: what flies.
    """

    def __init__(self, mission_file: Path, spacecraft_file: Path | None, seed: int, speed: float) -> None:
        self.mission = Mission.load(mission_file)
        origin_ns = time.monotonic_ns()
        HostClock(origin_ns, speed)  # refuses a speed that is none, before anything is made
        self.settings = RunSettings(
            mission_file=mission_file.resolve(),
            spacecraft_file=spacecraft_file.resolve() if spacecraft_file else None,
            seed=seed,
            origin_ns=origin_ns,
            speed=speed,
            run_folder=Path(tempfile.mkdtemp(prefix="flightsw-")),
        )
        self.clock = self.settings.clock()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._link: EmuLink | None = None

    def __enter__(self) -> Self:
        for name in ("simulator", "flight"):
            self._processes[name] = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", f"ops_tools.run.{name}", encode(self.settings)]
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._link is not None:
            self._link.close()
        for process in reversed(self._processes.values()):
            process.terminate()
            try:
                process.wait(STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.settings.run_folder, ignore_errors=True)

    def ground(self, settings: GroundSettings | None = None) -> GroundSegment:
        """A ground segment that meets the simulated spacecraft's antennas."""
        self._link = EmuLink(self.settings.devices)
        link = self._link
        radios = StationRadios(*(emu_radio_frequency(link, band) for band in BANDS))
        return GroundSegment.of_mission(self.mission, radios, settings)

    def check(self) -> None:
        """See whether everything still runs.

        Raises:
            RunError: a process has ended by itself.
        """
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise RunError(f"the {name} process ended with status {process.returncode}; its messages are above")
