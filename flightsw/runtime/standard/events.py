"""Which events an app sends, by command."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.app import Refused
from flightsw.messages.events import EnableEvents, SetEventFilter
from flightsw.services.events import EventFilterError
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class EventCommands:
    """Works on the event filter of an app.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            SetEventFilter: self._set_event_filter,
            EnableEvents: self._enable_events,
        }

    def _set_event_filter(self, command: SetEventFilter) -> None:
        try:
            self._container.filter.set_mask(command.event, command.mask)
        except EventFilterError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    def _enable_events(self, command: EnableEvents) -> None:
        self._container.filter.enable(command.severity, enabled=command.enabled)
