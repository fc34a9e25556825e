"""An app's events by command: which are sent, how floods are limited, what its log does, and how all that stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.app import Refused
from flightsw.messages.events import (
    ALL_FILTERS,
    ControlEventLog,
    EnableEvents,
    EventChoice,
    ReportEvents,
    ResetEventFilter,
    SetEventFilter,
    SetEventSquelch,
    SwitchEvents,
)
from flightsw.services.event_log import EventLogError
from flightsw.services.events import EventFilterError, NoFilterError
from flightsw.services.squelch import Squelch
from tlm_cmd.definition.message import Command, Severity
from tlm_cmd.packets.verification import FailureCode

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class EventCommands:
    """Works on the event filter and the event log of an app.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            SetEventFilter: self._set_event_filter,
            EnableEvents: self._enable_events,
            ResetEventFilter: self._reset_event_filter,
            SetEventSquelch: self._set_event_squelch,
            ReportEvents: self._report_events,
            ControlEventLog: self._control_event_log,
            SwitchEvents: self._switch_events,
        }

    def _set_event_filter(self, command: SetEventFilter) -> None:
        try:
            self._container.filter.set_mask(command.event, command.mask)
        except EventFilterError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    def _enable_events(self, command: EnableEvents) -> None:
        if command.events is EventChoice.ALL:
            self._container.filter.enable_app(enabled=command.enabled)
        else:
            self._container.filter.enable(Severity(command.events), enabled=command.enabled)

    def _switch_events(self, command: SwitchEvents) -> None:
        for code in command.events:
            self._container.filter.enable_code(code, enabled=command.enabled)

    def _reset_event_filter(self, command: ResetEventFilter) -> None:
        if command.event == ALL_FILTERS:
            self._container.filter.reset_filters()
            return
        try:
            self._container.filter.reset_filter(command.event)
        except NoFilterError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    def _set_event_squelch(self, command: SetEventSquelch) -> None:
        self._container.filter.set_squelch(Squelch(command.burst, command.events_per_second))

    def _report_events(self, _: ReportEvents) -> None:
        self._container.events.describe()

    def _control_event_log(self, command: ControlEventLog) -> None:
        try:
            self._container.events.log.control(command.action)
        except EventLogError as error:
            raise Refused(str(error), FailureCode.DEVICE_FAILED) from error
