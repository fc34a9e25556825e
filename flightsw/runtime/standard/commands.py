"""The commands that every app understands, and who in its container answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.runtime.standard.basics import BasicCommands
from flightsw.runtime.standard.bus import BusCommands
from flightsw.runtime.standard.events import EventCommands
from flightsw.runtime.standard.slots import SlotCommands
from flightsw.runtime.standard.tables import TableCommands
from flightsw.runtime.standard.tracing import TracingCommands
from tlm_cmd.definition.message import Command

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer

Handlers = dict[type[Command], Callable[[Any], None]]


def standard_handlers(container: AppContainer) -> Handlers:
    """The handlers of all standard commands for one app, by command class."""
    services = BasicCommands, TableCommands, EventCommands, BusCommands, TracingCommands, SlotCommands
    return {command: handler for service in services for command, handler in service(container).handlers.items()}
