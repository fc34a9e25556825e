"""What an app's container needs of the process it lives in; the runtimes and the test bench offer it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from flightsw.app import Work
from flightsw.bus.router import Bus
from flightsw.hal.ports import NonVolatileMemory
from flightsw.mission_file import AppEntry
from flightsw.mission_life import ExecutiveEntry
from flightsw.mission_links import MissionLinks
from flightsw.runtime.journal import Execution
from flightsw.runtime.monitor import ExecutionMonitor
from flightsw.runtime.supervision import Supervision
from flightsw.services.link_security import LinkSecurity
from flightsw.services.retained_memory import RetainedMemory
from flightsw.services.schedule import Schedule
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.store import Recalled, Store
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.profile import PacketProfile
from tlm_cmd.sdls.association import AssociationParameters

Driver = TypeVar("Driver")


class Surroundings(Protocol):
    """The process around an app.

    Attributes:
        dictionary: the mission's words.
        packets: makes and reads the packets on the links.
        bus: the process's bus.
        version: of the mission's software.
        time: spacecraft time.
        schedule: the cyclic schedule of the process.
        links: managed parameters of the radio links.
        monitor: told what runs.
        apps: what the mission says of each app, by name.
        executive_limits: what it says of the executive.
        housekeeping_s: how often each app reports its counters.
        retained: memory that a processor reset leaves as it is.
        lasting: what no reset erases, each app's under its name.
    """

    dictionary: Dictionary
    packets: PacketProfile
    bus: Bus
    version: str
    time: SpacecraftTime
    schedule: Schedule
    links: MissionLinks
    monitor: ExecutionMonitor
    apps: dict[str, AppEntry]
    executive_limits: ExecutiveEntry
    housekeeping_s: int
    retained: RetainedMemory
    lasting: Store

    def now_ns(self) -> int:
        """Vehicle time."""
        ...

    def table_folder(self, app: str) -> Path:
        """Where the app's table files are."""
        ...

    def table_memory(self, app: str) -> NonVolatileMemory:
        """Where files of the app's tables are loaded from and dumped to."""
        ...

    def device(self, app: str, driver: type[Driver], name: str | None) -> Driver:
        """The driver object of a device."""
        ...

    def recall(self, entry: str) -> Recalled:
        """What the critical data store has of an entry."""
        ...

    def store(self, entry: str, data: bytes) -> None:
        """Put an entry into the critical data store."""
        ...

    def link_security(self, entry: str, associations: Sequence[AssociationParameters]) -> LinkSecurity:
        """The security of an app's end of a link; ``entry`` is its place in the memory that no reset erases.

        Raises:
            FlightSoftwareError: there are no keys, or what is remembered of them is damaged.
        """
        ...

    def start_work(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Hand work to the app's worker."""
        ...

    def executing(self, execution: Execution | None) -> None:
        """The handler of a command begins, or has ended with its verdict; with None its effect is stored."""
        ...

    def failed_in_row(self, app: str, handler: str, count: int, error: Exception) -> None:
        """A handler has raised, for so many times without ever succeeding in between."""
        ...

    def dump_trace(self, app: str) -> str:
        """Write the traced runs of an app's handlers into a file; returns its name, empty when there is no folder."""
        ...

    def log(self, app: str, event: Event) -> bool:
        """Show an event to people; False when that was not possible."""
        ...

    @property
    def supervision(self) -> Supervision:
        """The vehicle's process keeper."""
        ...
