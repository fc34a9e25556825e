"""Interface of the scheduler app."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import I32, I64, U16, U32, U64, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


@unique
class FrameSync(IntEnum):
    """What the minor frames follow."""

    FREE = 0
    """The monotonic clock alone."""
    APPROACHING = 1
    """They are being moved onto the tone."""
    LOCKED = 2
    """Minor frame 0 of each major frame begins on the tone, within the window."""


class SwitchGroup(Command, code=2):
    """Let the activities of one group run, or not, in every app that has some; done when all of them have answered."""

    group: Annotated[str, UpTo(32), "name of the group"]
    enabled: bool


class ReportSchedules(Command, code=3):
    """Have every app with activities send its schedule report; done when all of them have answered."""


class FollowTone(Command, code=4):
    """Keep the minor frames on the tone, or let them run free."""

    follow: bool


class FrameAnchor(Telemetry, period_s=10):
    """Where the minor frames of every process begin: this one there, the others evenly before and behind."""

    frame: Annotated[int, I64, "number of a minor frame"]
    begin_monotonic_ns: Annotated[int, I64, Unit("ns"), "when it begins"]


class SchedulerStatus(Telemetry, period_s=10):
    """How the cyclic schedule keeps to the tone, and what all apps make of it."""

    sync: FrameSync
    follow: Annotated[bool, "whether the minor frames may follow the tone"]
    offset_us: Annotated[int, I32, Unit("us"), "tone less begin of the nearest major frame, at the last tone used"]
    corrections: Annotated[int, U32, "times that the minor frames were given another place"]
    tones_used: Annotated[int, U32, "tones compared with the minor frames"]
    losses: Annotated[int, U32, "times that the tone was lost and the frames went on free"]
    apps: Annotated[int, U16, "apps whose schedule is known"]
    activities: Annotated[int, U16, "their activities, housekeeping included"]
    switched_off: Annotated[int, U16, "among them, switched off"]
    late: Annotated[int, U64, "times that one of them was started late"]
    overruns: Annotated[int, U64, "times that one of them ended behind its minor frame"]
    skipped: Annotated[int, U64, "slots of theirs that were too late to run"]


class FrameSyncChanged(Event, code=32, severity=Severity.INFO, text="minor frames {before} -> {after}"):
    """What the minor frames follow has changed."""

    before: FrameSync
    after: FrameSync


class GroupSwitchedEverywhere(
    Event, code=33, severity=Severity.INFO, text="group {group} enabled {enabled} in {apps} apps"
):
    """A group was switched in every app that has it."""

    group: Annotated[str, UpTo(32)]
    enabled: bool
    apps: Annotated[int, U16]
