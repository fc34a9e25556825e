"""An app's cyclic activities: switched by command, and what became of their slots."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U32, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry

MAX_ACTIVITY_OCTETS = 48
MAX_ACTIVITIES = 32
"""Activities of one app that its report can hold, housekeeping included."""


class EnableActivity(Command, code=100):
    """Let one cyclic activity of this app run, or not; it stays so over restarts."""

    activity: Annotated[str, UpTo(MAX_ACTIVITY_OCTETS), "name of the activity"]
    enabled: bool


class EnableGroup(Command, code=101):
    """Let this app's activities of one group run, or not; it stays so over restarts."""

    group: Annotated[str, UpTo(32), "name of the group"]
    enabled: bool


class ReportSchedule(Command, code=102):
    """Send this app's schedule report now."""


class ActivityReport(Record):
    """One cyclic activity and what became of its slots."""

    activity: Annotated[str, UpTo(MAX_ACTIVITY_OCTETS), "name of the activity"]
    group: Annotated[str, UpTo(32), "group it is switched with, empty for none"]
    period: Annotated[int, U32, Unit("ms")]
    offset: Annotated[int, U32, Unit("ms")]
    enabled: Annotated[bool, "neither it nor its group is switched off"]
    started: Annotated[int, U32, "times it was started"]
    late: Annotated[int, U32, "times it was started a minor frame or more behind its slot"]
    overruns: Annotated[int, U32, "times it was started in its minor frame and ended behind it"]
    skipped: Annotated[int, U32, "slots that were too late to run"]
    worst_lag: Annotated[int, U32, Unit("ms"), "longest time that it was started behind its slot"]


class ScheduleReport(Telemetry, period_s=60):
    """The schedule of an app, and how well its process keeps it."""

    process_frames: Annotated[int, U32, "busy minor frames that the app's process has run since it started"]
    process_late: Annotated[int, U32, "times that it found busy minor frames late"]
    process_skipped: Annotated[int, U32, "busy minor frames that it was too late to run"]
    process_worst_lag: Annotated[int, U32, "most minor frames that it was late"]
    process_frame_steps: Annotated[int, U32, "times that its minor frames were moved towards the tone"]
    activities: Annotated[tuple[ActivityReport, ...], UpTo(MAX_ACTIVITIES)]


class ActivitySwitched(Event, code=20, severity=Severity.INFO, text="activity {activity} enabled {enabled}"):
    """A cyclic activity was switched by command."""

    activity: Annotated[str, UpTo(MAX_ACTIVITY_OCTETS)]
    enabled: bool


class GroupSwitched(Event, code=21, severity=Severity.INFO, text="activity group {group} enabled {enabled}"):
    """The activities of a group were switched by command."""

    group: Annotated[str, UpTo(32)]
    enabled: bool
