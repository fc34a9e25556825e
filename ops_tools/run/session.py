"""One run: starts simulator and flight software, watches them, and ends them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bus_sim.assembly import assemble
from flightsw.bus.addresses import AddressError, check_address
from flightsw.clock import HostClock
from flightsw.errors import FlightSoftwareError
from flightsw.hal.emu import EmuLink
from flightsw.hal.emu_ports import emu_radio_frequency
from flightsw.mission import Mission
from flightsw.runtime.device_ports import check_devices
from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.run_folder import inbox_address
from flightsw.services.tracer import trace_document
from ops_tools.ground.station import GroundSegment, GroundSettings
from ops_tools.ground.station_radios import StationRadios
from ops_tools.run.reset_line import ResetLine
from ops_tools.run.run_folders import make_folder, remove_leftovers
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
        trace_file: where the run times of all handlers are written at the end, None not to measure them.

    Raises:
        MissionError: the mission cannot be flown.
        ParameterError: the spacecraft cannot be simulated.
        RunError: the run folder's path is too long for its sockets.

    Attributes:
        settings: what the processes are told.
        mission: what flies.
    """

    def __init__(
        self, mission_file: Path, spacecraft_file: Path | None, seed: int, speed: float, trace_file: Path | None = None
    ) -> None:
        self.mission = Mission.load(mission_file)
        _, ports = assemble(spacecraft_file, seed)  # what the simulator would refuse, before anything is started
        check_devices(self.mission, ports)
        origin_ns = time.monotonic_ns()
        HostClock(origin_ns, speed)  # refuses a speed that is none, before anything is made
        remove_leftovers()
        run_folder, self._lock = make_folder()
        self.settings = RunSettings(
            mission_file=mission_file.resolve(),
            spacecraft_file=spacecraft_file.resolve() if spacecraft_file else None,
            seed=seed,
            origin_ns=origin_ns,
            speed=speed,
            run_folder=run_folder,
            trace_handlers=trace_file is not None,
        )
        self.clock = self.settings.clock()
        self._reset_line = ResetLine(self.settings.reset_line)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._link: EmuLink | None = None
        self._trace_file = trace_file
        self._check_room_for_sockets()

    def _check_room_for_sockets(self) -> None:
        folder = self.settings.run_folder
        try:
            for address in (self.settings.devices, *(inbox_address(folder, name) for name in self.mission.processes())):
                check_address(address)
        except AddressError as error:
            self._remove_folder()
            raise RunError(f"{error}; set TMPDIR to a folder with a shorter path") from error

    def _remove_folder(self) -> None:
        shutil.rmtree(self.settings.run_folder, ignore_errors=True)
        self._lock.close()

    def __enter__(self) -> Self:
        self._start("simulator")
        self._start("flight")
        return self

    def _start(self, name: str, *arguments: str) -> None:
        """Start a process in a group of its own, so that a reset can end it with all that it has started."""
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", f"ops_tools.run.{name}", encode(self.settings), *arguments], process_group=0
        )

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
        if self._trace_file is not None:
            self._write_handler_trace(self._trace_file)
        self._remove_folder()

    def ground(self, settings: GroundSettings | None = None) -> GroundSegment:
        """A ground segment that meets the simulated spacecraft's antennas."""
        self._link = EmuLink(self.settings.devices)
        link = self._link
        radios = StationRadios(*(emu_radio_frequency(link, band) for band in BANDS))
        return GroundSegment.of_mission(self.mission, radios, settings)

    def check(self) -> None:
        """See whether everything still runs; the on-board computer starts anew when its watchdog has bitten.

        Raises:
            RunError: a process has ended by itself.
        """
        if self._reset_line.pulled():
            self._reset_computer()
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise RunError(f"the {name} process ended with status {process.returncode}; its messages are above")

    def _reset_computer(self) -> None:
        """End the flight software without a word, and start it again with what it has stored."""
        flight = self._processes["flight"]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(flight.pid, signal.SIGKILL)
        flight.wait()
        self._start("flight", ResetSubtype.WATCHDOG.name)

    def _write_handler_trace(self, file: Path) -> None:
        """Put the traces that the apps' processes have left into one; behind the end of the flight software."""
        events: list[dict[str, object]] = []
        for part in sorted(self.settings.trace_folder.glob("*.json")):
            events += json.loads(part.read_bytes())["traceEvents"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(trace_document(events))
