"""The mission file: which apps fly, with which APIDs, in which processes, on which devices.

Flight and ground read the same file and build the same dictionary from it.
"""

from __future__ import annotations

import importlib
import inspect
import tomllib
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, TypeVar

import msgspec

from flightsw.app import App
from flightsw.bus.inbox import InboxLimits
from flightsw.errors import FlightSoftwareError
from flightsw.messages import STANDARD_COMMANDS, STANDARD_EVENTS, STANDARD_TELEMETRY
from flightsw.mission_links import MissionLinks
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.message import Command, Event, Record, Telemetry

RecordType = TypeVar("RecordType", bound=Record)

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]


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
        settings: handed to the app's workers.
    """

    package: str
    apid: int
    process: Name = "core"
    critical: bool = False
    inboxes: InboxLimits = InboxLimits()
    settings: dict[str, Any] = {}


class DeviceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device.

    Attributes:
        driver: ``module:class`` of its driver.
        port: name of the port it hangs on.
        kind: kind of that port.
        address: I2C address, 0 on other ports.
    """

    driver: str
    port: str
    kind: Annotated[str, msgspec.Meta(pattern="^(uart|i2c)$")]
    address: int = 0


class TimeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Spacecraft time.

    Attributes:
        epoch_utc: UTC at which mission elapsed time was 0, ISO 8601 with Z.
        minor_frame_ms: length of a slot of the cyclic scheduler.
        housekeeping_s: how often each app reports its counters and stores its memory.
    """

    epoch_utc: str
    minor_frame_ms: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    housekeeping_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 10


class MissionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``mission.toml``."""

    name: Name
    version: str
    time: TimeEntry
    links: MissionLinks
    apps: dict[Name, AppEntry]
    devices: dict[Name, DeviceEntry] = {}


class Mission:
    """A mission file with everything that follows from it.

    Attributes:
        folder: where the file lies; tables are below it.
        file: its content.
    """

    def __init__(self, folder: Path, file: MissionFile) -> None:
        self.folder = folder
        self.file = file

    @classmethod
    def load(cls, path: Path) -> Mission:
        """Read a mission file and check it.

        Raises:
            MissionError: missing, no TOML, an unknown key or a value that is not allowed; all named.
            DictionaryError: two apps claim one id; both named.
        """
        try:
            document = tomllib.loads(path.read_text())
            file = msgspec.convert(document, MissionFile)
        except FileNotFoundError:
            raise MissionError(f"mission file {path} is missing") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MissionError(f"mission file {path}: {error}") from error
        except msgspec.ValidationError as error:
            raise MissionError(f"mission file {path}: {error}{_allowed_keys(str(error))}") from error
        mission = cls(path.parent, file)
        _ = mission.dictionary
        return mission

    @property
    def name(self) -> str:
        """The mission's name."""
        return self.file.name

    @cached_property
    def dictionary(self) -> Dictionary:
        """Every command, telemetry packet and event of the mission."""
        return Dictionary(self.name, [self._interface(name, entry) for name, entry in self.file.apps.items()])

    def app_class(self, name: str) -> type[App]:
        """The class of an app.

        Raises:
            MissionError: the package has no ``app.py`` with exactly one App class.
        """
        module = self._module(name, "app")
        classes = [
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, App) and member.__module__ == module.__name__
        ]
        if len(classes) != 1:
            raise MissionError(f"{module.__name__} defines {len(classes)} App classes, exactly one is needed")
        return classes[0]

    def table_folder(self, app: str) -> Path:
        """Where an app's table files are."""
        return self.folder / "tables" / app

    def worker_settings(self, app: str) -> dict[str, Any]:
        """What an app's workers are told: its settings, and where the mission's files are."""
        return {"mission_folder": str(self.folder)} | self.file.apps[app].settings

    def processes(self) -> dict[str, tuple[str, ...]]:
        """Apps by process, both in mission order."""
        groups: dict[str, tuple[str, ...]] = {}
        for name, entry in self.file.apps.items():
            groups[entry.process] = (*groups.get(entry.process, ()), name)
        return groups

    def _interface(self, name: str, entry: AppEntry) -> AppInterface:
        module = self._module(name, "messages")
        return AppInterface(
            name=name,
            apid=entry.apid,
            commands=STANDARD_COMMANDS + _declared(module, Command),
            telemetry=STANDARD_TELEMETRY + _declared(module, Telemetry),
            events=STANDARD_EVENTS + _declared(module, Event),
        )

    def _module(self, name: str, part: str) -> ModuleType:
        module = f"{self.file.apps[name].package}.{part}"
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise MissionError(f"app {name!r}: module {module} cannot be imported: {error}") from error


def _declared(module: ModuleType, base: type[RecordType]) -> tuple[type[RecordType], ...]:
    return tuple(
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, base) and member.__module__ == module.__name__
    )


def _allowed_keys(problem: str) -> str:
    """The keys that would have been right, when the problem is an unknown key."""
    if "unknown field" not in problem:
        return ""
    if "$.apps[...]" in problem:
        inner: type[msgspec.Struct] = InboxLimits if ".inboxes" in problem else AppEntry
    elif "$.devices[...]" in problem:
        inner = DeviceEntry
    elif "$.time" in problem:
        inner = TimeEntry
    elif "$.links" in problem:
        inner = MissionLinks
    else:
        inner = MissionFile
    return f"; allowed are {', '.join(inner.__struct_fields__)}"
