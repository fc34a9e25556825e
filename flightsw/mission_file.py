"""The content of a mission file, read and merged with the mission it extends."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec

from flightsw.bus.inbox import InboxLimits
from flightsw.documents import DocumentError, convert
from flightsw.errors import FlightSoftwareError
from flightsw.mission_computers import Computers, ComputersError, HostEntry, ProcessEntry
from flightsw.mission_events import EventEntry
from flightsw.mission_life import ExecutiveEntry, OnFailure, WhenExhausted, WithoutNeeds, needs_problem
from flightsw.mission_links import MissionLinks
from flightsw.services.link_security import SecurityEntry, SecurityProfile
from flightsw.services.spacecraft_time import SpacecraftTime, SpacecraftTimeError, parse_utc
from tlm_cmd.packets.profile import ProfileName
from tlm_cmd.packets.pus.packet_time import PacketTimeName

MISSION_FILE = "mission.toml"
MAX_EXTENSIONS = 8

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
PackageName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
DriverName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")]
PortName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Address = Annotated[int, msgspec.Meta(ge=0, le=0x7F)]
Version = Annotated[str, msgspec.Meta(pattern="^[!-~]{1,16}$")]


class MissionError(FlightSoftwareError):
    """A mission file that cannot be flown; names the key and what is allowed."""


class AppEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One app of the mission.

    Attributes:
        package: Python package with ``messages.py`` (its interface) and ``app.py`` (the class).
        apid: first of its 16 APIDs.
        process: the operating-system process it lives in, with others of the same name.
        critical: whether its loss is the vehicle's loss.
        inboxes: depths of its inboxes.
        events: how its events are treated.
        settings: handed to the app's workers.
        needs: apps that must run before it is started.
        needs_within_s: how long it waits for each, 1 to 3600 (host time; virtual time in lock-step).
        without_needs: what it does when one has not come up by then.
        on_failure: what follows when it dies, hangs, cannot start or fails too often in a row.
        max_restarts: restarts within the window; one more failure exhausts it.
        restart_window_s: that window (host time; virtual time in lock-step).
        when_exhausted: what then follows; by criticality is a processor reset for a critical app, and the end of any
            other one.
        max_failures_in_row: how often one handler may raise without ever succeeding in between before the app has
            failed.
    """

    package: PackageName
    apid: int
    process: Name = "core"
    critical: bool = False
    inboxes: InboxLimits = InboxLimits()
    events: EventEntry = EventEntry()
    settings: dict[str, Any] = {}
    needs: tuple[Name, ...] = ()
    needs_within_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 10
    without_needs: WithoutNeeds = WithoutNeeds.START
    on_failure: OnFailure = OnFailure.RESTART_APP
    max_restarts: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 8
    restart_window_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    when_exhausted: WhenExhausted = WhenExhausted.BY_CRITICALITY
    max_failures_in_row: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 20


class DeviceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device.

    Attributes:
        driver: ``module:class`` of its driver.
        port: name of the port it hangs on.
        kind: kind of that port.
        address: I2C address of 7 bits, 0 on other ports.
    """

    driver: DriverName
    port: PortName
    kind: Annotated[str, msgspec.Meta(pattern="^(uart|i2c)$")]
    address: Address = 0


class TimeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Spacecraft time.

    Attributes:
        epoch_utc: UTC at which mission elapsed time was 0, ISO 8601 with Z.
        minor_frame_ms: length of a slot of the cyclic scheduler, 1 to 1000.
        housekeeping_s: how often each app reports its counters and stores its memory, 1 to 3600; a multiple of the
            minor frame.
    """

    epoch_utc: str
    minor_frame_ms: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    housekeeping_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 10


class MissionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``mission.toml``.

    Attributes:
        name: the mission's name.
        version: of its software, at most 16 characters.
        time: spacecraft time.
        links: radio links.
        packets: the profile of all packets on the links, ``cfs`` or ``pus``.
        packet_time: the time code of PUS packets, ``cuc`` or ``cds``.
        apps: by name, in the order in which they start and run within a slot.
        devices: by name.
        executive: limits of what keeps the apps alive.
        hosts: the computers, by name; none when there is one only.
        processes: where processes live.
        security: how much is demanded of the links.
        extends: the mission that this one adds to or changes: a package with a ``mission.toml``, or a file relative to
            this one.
        python_path: folders, relative to this file, in which packages of apps are looked for.
    """

    name: Name
    version: Version
    time: TimeEntry
    links: MissionLinks
    apps: dict[Name, AppEntry]
    devices: dict[Name, DeviceEntry] = {}
    executive: ExecutiveEntry = ExecutiveEntry()
    hosts: dict[Name, HostEntry] = {}
    processes: dict[Name, ProcessEntry] = {}
    security: SecurityEntry = SecurityEntry()
    extends: str = ""
    python_path: tuple[str, ...] = ()
    packets: ProfileName = ProfileName.CFS
    packet_time: PacketTimeName = PacketTimeName.CUC


class ReadMission(msgspec.Struct, frozen=True):
    """A mission file with what it extends.

    Attributes:
        file: the merged content.
        folders: folder of the file, then of each mission that it extends.
        python_path: folders in which packages of apps are looked for.
        app_folders: folder of the mission that declares each app first.
    """

    file: MissionFile
    folders: tuple[Path, ...]
    python_path: tuple[Path, ...]
    app_folders: dict[str, Path]


def read_mission(path: Path) -> ReadMission:
    """Read a mission file and every mission it extends.

    Raises:
        MissionError: missing, no TOML, an unknown key or a value that is not allowed; all named.
    """
    documents = _with_extensions(path)
    merged: dict[str, Any] = {}
    app_folders: dict[str, Path] = {}
    for source, document in reversed(documents):
        apps = document.get("apps")
        for app in apps if isinstance(apps, dict) else ():
            app_folders.setdefault(app, source.parent)
        merged = _merge(merged, document)
    try:
        file = convert(merged, MissionFile)
    except DocumentError as error:
        raise MissionError(f"mission file {path}: {error}") from error
    _check_time(path, file.time)
    _check_security(path, file)
    problem = needs_problem({name: entry.needs for name, entry in file.apps.items()})
    if problem:
        raise MissionError(f"mission file {path}: {problem}")
    _check_computers(path, file)
    python_path = tuple(
        (source.parent / folder).resolve()
        for source, document in documents
        for folder in document.get("python_path", ())
    )
    return ReadMission(file, tuple(source.parent for source, _ in documents), python_path, app_folders)


def _check_security(path: Path, file: MissionFile) -> None:
    """See that commands are authenticated where the mission demands it."""
    if file.security.profile is SecurityProfile.FLIGHT and file.links.s_band.telecommand_security is None:
        raise MissionError(
            f"mission file {path}: profile 'flight' needs links.s_band.telecommand_security: no command goes "
            "unauthenticated; profile 'lab' is for benches - at `$.security.profile`"
        )


def _check_computers(path: Path, file: MissionFile) -> None:
    """See that every process has its computer, and that apps need only what runs on their own one."""
    try:
        computers = computers_of(file)
    except ComputersError as error:
        raise MissionError(f"mission file {path}: {error}") from error
    for name, entry in file.apps.items():
        for need in entry.needs:
            if computers.host_of(entry.process) != computers.host_of(file.apps[need].process):
                raise MissionError(f"mission file {path}: apps.{name} needs {need}, which is on another computer")


def computers_of(file: MissionFile) -> Computers:
    """The computers of a mission.

    Raises:
        ComputersError: a process or a computer that there is not.
    """
    return Computers(file.hosts, file.processes, dict.fromkeys(entry.process for entry in file.apps.values()))


def _with_extensions(path: Path) -> list[tuple[Path, dict[str, Any]]]:
    documents: list[tuple[Path, dict[str, Any]]] = []
    source: Path | None = path
    while source is not None:
        if len(documents) >= MAX_EXTENSIONS:
            raise MissionError(f"mission file {path} extends more than {MAX_EXTENSIONS} others, or itself")
        document = _read(source)
        documents.append((source, document))
        extends = document.get("extends")
        source = _resolve(source, extends) if isinstance(extends, str) and extends else None
    return documents


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissionError(f"mission file {path} is missing") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MissionError(f"mission file {path}: {error}") from error


def _check_time(path: Path, time: TimeEntry) -> None:
    try:
        SpacecraftTime().set_utc(0, parse_utc(time.epoch_utc))
    except SpacecraftTimeError as error:
        raise MissionError(f"mission file {path}: {error} - at `$.time.epoch_utc`") from error
    if time.housekeeping_s * 1000 % time.minor_frame_ms:
        raise MissionError(
            f"mission file {path}: housekeeping_s of {time.housekeeping_s} is no multiple of minor_frame_ms of "
            f"{time.minor_frame_ms} - at `$.time`"
        )


def _resolve(source: Path, extends: str) -> Path:
    if extends.endswith(".toml"):
        return source.parent / extends
    try:
        found = importlib.util.find_spec(extends)
    except ModuleNotFoundError:
        found = None
    if found is None or not found.submodule_search_locations:
        raise MissionError(f"mission file {source} extends {extends!r}, which is neither a package nor a .toml file")
    return Path(next(iter(found.submodule_search_locations))) / MISSION_FILE


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        there = merged.get(key)
        merged[key] = _merge(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return merged
