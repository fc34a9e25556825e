"""What an app's container needs of the process it lives in; the runtimes and the test bench offer it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from flightsw.app import Work
from flightsw.bus.router import Bus
from flightsw.mission_links import MissionLinks
from flightsw.runtime.journal import Execution
from flightsw.runtime.supervision import Supervision
from flightsw.services.spacecraft_time import SpacecraftTime
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event

Driver = TypeVar("Driver")


class Surroundings(Protocol):
    """The process around an app.

    Attributes:
        dictionary: the mission's words.
        bus: the process's bus.
        version: of the mission's software.
        time: spacecraft time.
        links: managed parameters of the radio links.
    """

    dictionary: Dictionary
    bus: Bus
    version: str
    time: SpacecraftTime
    links: MissionLinks

    def now_ns(self) -> int:
        """Vehicle time."""
        ...

    def table_folder(self, app: str) -> Path:
        """Where the app's table files are."""
        ...

    def device(self, app: str, driver: type[Driver], name: str | None) -> Driver:
        """The driver object of a device."""
        ...

    def load_checkpoint(self, app: str) -> bytes | None:
        """The app's stored memory."""
        ...

    def save_checkpoint(self, app: str, data: bytes) -> None:
        """Store an app's memory."""
        ...

    def start_work(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Hand work to the app's worker."""
        ...

    def executing(self, execution: Execution | None) -> None:
        """The handler of a command begins, or has ended with its verdict; with None its effect is stored."""
        ...

    def log(self, app: str, event: Event) -> None:
        """Show an event to people."""
        ...

    @property
    def supervision(self) -> Supervision:
        """The vehicle's process keeper."""
        ...
