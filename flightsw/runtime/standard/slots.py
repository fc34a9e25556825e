"""An app's cyclic activities, by command: switched singly or as a group, and reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.app import Refused
from flightsw.messages.slots import ActivitySwitched, EnableActivity, EnableGroup, GroupSwitched, ReportSchedule
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class SlotCommands:
    """Works on the schedule of an app.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            EnableActivity: self._enable_activity,
            EnableGroup: self._enable_group,
            ReportSchedule: self._report_schedule,
        }

    def _enable_activity(self, command: EnableActivity) -> None:
        names = [activity.name for activity in self._container.app_class.activities]
        _find("activity", command.activity, names)
        _switch(self._container.state.disabled_activities, command.activity, enabled=command.enabled)
        self._container.report(ActivitySwitched(command.activity, command.enabled))

    def _enable_group(self, command: EnableGroup) -> None:
        groups = [activity.group for activity in self._container.app_class.activities if activity.group]
        _find("activity group", command.group, groups)
        _switch(self._container.state.disabled_groups, command.group, enabled=command.enabled)
        self._container.report(GroupSwitched(command.group, command.enabled))

    def _report_schedule(self, _: ReportSchedule) -> None:
        self._container.activities.report()


def _find(what: str, name: str, names: list[str]) -> None:
    if name not in names:
        there = ", ".join(dict.fromkeys(names)) or "none"
        raise Refused(f"no {what} {name!r} here, there is {there}", FailureCode.BAD_ARGUMENT)


def _switch(disabled: list[str], name: str, *, enabled: bool) -> None:
    if name in disabled:
        disabled.remove(name)
    if not enabled:
        disabled.append(name)
