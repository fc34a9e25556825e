"""The mission: which apps fly, with which APIDs, in which processes, on which devices.

Flight and ground read the same file and build the same dictionary from it.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from flightsw.app import App
from flightsw.messages import STANDARD_COMMANDS, STANDARD_EVENTS, STANDARD_TELEMETRY
from flightsw.mission_computers import Computers
from flightsw.mission_file import (
    AppEntry,
    DeviceEntry,
    MissionError,
    MissionFile,
    ReadMission,
    TimeEntry,
    computers_of,
    read_mission,
)
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.message import Command, Event, Record, Telemetry
from tlm_cmd.packets.profile import PacketProfile
from tlm_cmd.packets.profiles import packet_profile

RecordType = TypeVar("RecordType", bound=Record)


class Mission:
    """A mission file with everything that follows from it.

    Attributes:
        file: its content, merged with what it extends.
        path: where the file lies; the current folder when it was not read from a file.
        folders: its folder, then those of the missions it extends; tables are looked for in this order.
    """

    def __init__(self, read: ReadMission, path: Path = Path()) -> None:
        self.file = read.file
        self.path = path
        self.folders = read.folders
        self._app_folders = read.app_folders

    @classmethod
    def load(cls, path: Path) -> Mission:
        """Read a mission file and check it.

        Raises:
            MissionError: missing, no TOML, an unknown key or a value that is not allowed; all named.
            DictionaryError: two apps claim one id; both named.
        """
        read = read_mission(path)
        for folder in read.python_path:
            if str(folder) not in sys.path:
                sys.path.append(str(folder))
        mission = cls(read, path)
        _ = mission.dictionary.content_hash  # here, and not in each process anew
        return mission

    @property
    def name(self) -> str:
        """The mission's name."""
        return self.file.name

    @cached_property
    def dictionary(self) -> Dictionary:
        """Every command, telemetry packet and event of the mission."""
        return Dictionary(self.name, [self._interface(name, entry) for name, entry in self.file.apps.items()])

    @cached_property
    def packets(self) -> PacketProfile:
        """Makes and reads the packets on the links."""
        return packet_profile(self.file.packets, self.dictionary, self.file.packet_time)

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

    def driver_class(self, device: str) -> type[Any]:
        """The driver of a device.

        Raises:
            MissionError: its module cannot be imported, or has no such class.
        """
        named = self.file.devices[device].driver
        module, _, name = named.partition(":")
        try:
            driver: type[Any] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise MissionError(f"device {device!r}: driver {named!r} cannot be imported: {error}") from error
        return driver

    def table_folder(self, app: str) -> Path:
        """Where an app's table files are: the nearest mission that has some."""
        folders = [folder / "tables" / app for folder in self.folders]
        return next((folder for folder in folders if folder.is_dir()), folders[0])

    def worker_settings(self, app: str) -> dict[str, Any]:
        """What an app's workers are told: its settings, and where the mission's files are."""
        return {"mission_folder": str(self._app_folders[app])} | self.file.apps[app].settings

    def processes(self) -> dict[str, tuple[str, ...]]:
        """Apps by process, both in mission order."""
        groups: dict[str, tuple[str, ...]] = {}
        for name, entry in self.file.apps.items():
            groups[entry.process] = (*groups.get(entry.process, ()), name)
        return groups

    @cached_property
    def computers(self) -> Computers:
        """Which process lives on which computer."""
        return computers_of(self.file)

    def apps_on(self, host: str) -> dict[str, AppEntry]:
        """The apps of one computer, or all of them when no computer is named, in mission order.

        Raises:
            ComputersError: there is no such computer.
        """
        processes = self.computers.processes_on(host)
        return {name: entry for name, entry in self.file.apps.items() if entry.process in processes}

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
        except ImportError as error:
            raise MissionError(f"app {name!r}: module {module} cannot be imported: {error}") from error


def _declared(module: ModuleType, base: type[RecordType]) -> tuple[type[RecordType], ...]:
    return tuple(
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, base) and member.__module__ == module.__name__
    )


__all__ = ["AppEntry", "DeviceEntry", "Mission", "MissionError", "MissionFile", "ReadMission", "TimeEntry"]
