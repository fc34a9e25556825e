"""One run: starts simulator and flight software, watches them, and ends them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bus_sim.assembly import assemble
from flightsw.bus.addresses import AddressError, check_address
from flightsw.clock import HostClock
from flightsw.errors import FlightSoftwareError
from flightsw.hal.emu import EmuLink
from flightsw.hal.emu_ports import emu_radio_frequency
from flightsw.hal.nvm import DirectoryNvm
from flightsw.mission import Mission
from flightsw.mission_links import key_plan
from flightsw.runtime.device_ports import check_devices
from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.run_folder import LINK_KEYS_FILE, inbox_address
from flightsw.services.fresh_keys import fresh_keys
from flightsw.services.key_file import create_key_file
from flightsw.services.key_safe import FileKeySafe
from flightsw.services.link_security import LinkSecurity, SecurityProfile
from flightsw.services.spacecraft_time import parse_utc
from flightsw.services.store import Store
from flightsw.services.tracer import trace_document
from ops_tools.contact_predictor import ContactPredictor
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.gateway import Gateway
from ops_tools.ground.command_record import CommandTimeouts
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.station import GroundSegment, ground_associations
from ops_tools.link_keys import check_link_keys
from ops_tools.run.notices import Pacing, read_notice
from ops_tools.run.reset_line import ResetLine
from ops_tools.run.run_folders import make_folder, remove_folder, remove_leftovers
from ops_tools.run.settings import RunSettings, encode
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

BANDS = ("s_band", "x_band")
"""The radios, the one that takes commands first."""
GROUND_FOLDER = "ground"
"""In the run folder: what the ground's security remembers."""
GROUND_KEYS_FILE = "ground_keys.toml"
"""In the run folder: the ground's keys. From the first change on they are others than those on board for a moment."""
STOP_GRACE_S = 5.0
START_PATIENCE_S = 60.0
"""Longest time of the host in which the simulator must be ready."""
START_LOOK_S = 0.01


class RunError(FlightSoftwareError):
    """A process of the run has ended by itself."""


class RunSession:
    """The processes of one run. A context manager: entering it starts them, leaving it ends them.

    The simulator comes first: vehicle time begins when it is ready to answer, so that nobody waits in vain.

    Args:
        mission_file: what flies.
        spacecraft_file: the simulated spacecraft, None for the reference one.
        seed: of everything random in the simulator.
        speed: vehicle seconds per host second.
        trace_file: where the run times of all handlers are written at the end, None not to measure them.
        link_keys: file with the keys of protected links, None for fresh ones.
        files: directory for the files that come down, None to keep them in memory.

    Raises:
        MissionError: the mission cannot be flown.
        ParameterError: the spacecraft cannot be simulated.
        RunError: the run folder's path is too long for its sockets.
        KeyFileError: the key file cannot be used.
        LinkKeyMissingError: it lacks a key that a link begins with.
        LinkSecurityError: its keys are for simulations only, and the mission demands more.

    Attributes:
        settings: what the processes are told.
        mission: what flies.
        contacts: when stations can speak with the spacecraft.
    """

    def __init__(
        self,
        mission_file: Path,
        spacecraft_file: Path | None,
        seed: int,
        speed: float,
        trace_file: Path | None = None,
        link_keys: Path | None = None,
        files: Path | None = None,
    ) -> None:
        self.mission = Mission.load(mission_file)
        spacecraft, ports = assemble(spacecraft_file, seed)  # what the simulator would refuse, before all is started
        check_devices(self.mission, ports)
        self.contacts = ContactPredictor(spacecraft.parameters)
        HostClock.starting_now(speed)  # refuses a speed that is none, before anything is made
        remove_leftovers()
        run_folder, self._lock = make_folder()
        self.settings = RunSettings(
            mission_file=mission_file.resolve(),
            spacecraft_file=spacecraft_file.resolve() if spacecraft_file else None,
            seed=seed,
            origin_ns=0,
            speed=speed,
            run_folder=run_folder,
            trace_handlers=trace_file is not None,
        )
        self._reset_line = ResetLine(self.settings.reset_line)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._link: EmuLink | None = None
        self._trace_file = trace_file
        self._files = files
        self._check_room_for_sockets()
        self._give_keys(link_keys)

    def _give_keys(self, link_keys: Path | None) -> None:
        """Give each end its file with the keys of protected links: those of a file, or fresh ones for this run."""
        plan = key_plan(self.mission.file.links)
        if not plan.sessions:
            return
        try:
            if link_keys is None:
                ring = fresh_keys(plan.masters, plan.sessions, plan.spares, plan.session_octets)
            else:
                ring = self._key_safe(link_keys).read()
            check_link_keys(self.mission.file.links, ring)
            create_key_file(self.settings.run_folder / GROUND_KEYS_FILE, ring)
            if link_keys is None:
                ring = ring.without_spares()
            create_key_file(self.settings.run_folder / LINK_KEYS_FILE, ring)
        except FlightSoftwareError:
            self._remove_folder()
            raise

    def _key_safe(self, path: Path) -> FileKeySafe:
        is_flight = self.mission.file.security.profile is SecurityProfile.FLIGHT
        return FileKeySafe(path, allow_simulation=not is_flight)

    def _check_room_for_sockets(self) -> None:
        folder = self.settings.run_folder
        try:
            for address in (self.settings.devices, *(inbox_address(folder, name) for name in self.mission.processes())):
                check_address(address)
        except AddressError as error:
            self._remove_folder()
            raise RunError(f"{error}; set TMPDIR to a folder with a shorter path") from error

    def _remove_folder(self) -> None:
        remove_folder(self.settings.run_folder)
        self._lock.close()

    @property
    def clock(self) -> HostClock:
        """The vehicle's time, once it has begun."""
        return self.settings.clock()

    def __enter__(self) -> Self:
        try:
            self._start("simulator")
            self.settings = msgspec.structs.replace(self.settings, origin_ns=self._origin_ns())
            self._start("flight")
        except BaseException:
            self.__exit__(None, None, None)
            raise
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
                _end_group(process)
        if self._trace_file is not None:
            self._write_handler_trace(self._trace_file)
        self._remove_folder()

    def ground(self, gateway: Gateway | None = None) -> GroundSegment:
        """A ground segment that meets the simulated spacecraft's antennas.

        Args:
            gateway: who else does; the ground then only listens.

        Raises:
            GatewayError: the gateway is to protect commands of a mission that protects none.
        """
        self._link = EmuLink(self.settings.devices)
        radios = [emu_radio_frequency(self._link, band) for band in BANDS]
        settings = GroundSettings(
            timeouts=CommandTimeouts.at_speed(self.settings.speed),
            epoch_tai_ns=self.mission_epoch_tai_ns(),
            listens_only=gateway is not None,
            files_directory=self._files,
            resumes_transfers=False,  # the spacecraft of the next run is another one, whose transactions begin anew
        )
        security = self._ground_security()
        if gateway is None:
            return GroundSegment.of_mission(self.mission, radios, settings, self.contacts, security)
        if gateway.settings.protects:
            if security is None:
                raise GatewayError("no link of the mission is protected: there is nothing to do for the gateway")
            gateway.protect(self.mission.file.links.s_band, security.frames)
        return GroundSegment.of_mission(
            self.mission,
            radios,
            settings,
            self.contacts,
            security,
            share=lambda number, port: gateway.radio(BANDS[number], port),
        )

    def _ground_security(self) -> LinkSecurity | None:
        """The ground's end of protected links, with the keys of the run; None if no link is protected."""
        associations = ground_associations(self.mission.file.links)
        if not associations:
            return None
        keys = self._key_safe(self.settings.run_folder / GROUND_KEYS_FILE)
        store = Store(DirectoryNvm(self.settings.run_folder / GROUND_FOLDER))
        return LinkSecurity(keys, associations, store, "ground")

    def mission_epoch_tai_ns(self) -> int:
        """TAI at which vehicle time is 0."""
        return LEAP_SECONDS.utc_to_tai(parse_utc(self.mission.file.time.epoch_utc))

    def behind_ns(self) -> int:
        """Vehicle time by which the simulator is late."""
        pacing = read_notice(self.settings.pacing_file, Pacing)
        return 0 if pacing is None else pacing.behind_ns

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
        _end_group(self._processes["flight"])
        self._start("flight", ResetSubtype.WATCHDOG.name)

    def _write_handler_trace(self, file: Path) -> None:
        """Put the traces that the apps' processes have left into one; behind the end of the flight software."""
        events: list[dict[str, object]] = []
        for part in sorted(self.settings.trace_folder.glob("*.json")):
            events += json.loads(part.read_bytes())["traceEvents"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(trace_document(events))

    def _origin_ns(self) -> int:
        """Wait until the simulator has begun the vehicle's time."""
        give_up = time.monotonic() + START_PATIENCE_S
        while (origin_ns := read_notice(self.settings.origin_file, int)) is None:
            self.check()
            if time.monotonic() > give_up:
                raise RunError(f"the simulator was not ready within {START_PATIENCE_S:g} s")
            time.sleep(START_LOOK_S)
        return origin_ns


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process, and all that it has started, without a word."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
