"""Interface of the command schedule: telecommands that are stored on board and released at their time."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import I64, U16, U32, U64, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry

MAX_STORED = 256
"""Telecommands that can wait at once."""
MAX_STORED_OCTETS = 65_536
"""Octets of all telecommands that wait."""
MAX_PACKET_OCTETS = 1024
"""Longest telecommand that can be stored."""
MAX_PER_COMMAND = 16
"""Telecommands that one command can insert, delete or shift."""
MAX_SHIFT_NS = 10 * 366 * 86_400 * 1_000_000_000


class TimedCommand(Record):
    """A telecommand and its time."""

    release_tai_ns: Annotated[int, U64, Unit("ns"), "TAI since 1958-01-01 at which it is released"]
    packet: Annotated[bytes, UpTo(MAX_PACKET_OCTETS), "the whole packet"]


class StoredRequest(Record):
    """Which telecommand is meant, by its request id."""

    source: Annotated[int, U16, "0 for the ground"]
    apid: Annotated[int, U16, "APID it is addressed to"]
    sequence: Annotated[int, U16, "sequence count of its packet"]


class InsertCommands(Command, code=2):
    """Store telecommands, all of them or none; they are released at their times as if they came up the link then."""

    commands: Annotated[tuple[TimedCommand, ...], UpTo(MAX_PER_COMMAND)]


class DeleteCommands(Command, code=3):
    """Forget stored telecommands, all of them or none."""

    requests: Annotated[tuple[StoredRequest, ...], UpTo(MAX_PER_COMMAND)]


class ShiftCommands(Command, code=4):
    """Move the times of stored telecommands, of all of them or of none."""

    offset_ns: Annotated[int, I64, Range(-MAX_SHIFT_NS, MAX_SHIFT_NS), Unit("ns"), "later; negative for earlier"]
    requests: Annotated[tuple[StoredRequest, ...], UpTo(MAX_PER_COMMAND)]


class SwitchSchedule(Command, code=5):
    """Let telecommands be released, or not; those whose time comes while they are not are forgotten."""

    enabled: bool


class ResetSchedule(Command, code=6):
    """Forget all stored telecommands, and release none until that is enabled again."""


class ScheduleStatus(Telemetry, period_s=10):
    """What is stored, and what became of it: inserted = waiting + released + expired + missed + deleted."""

    enabled: Annotated[bool, "telecommands are released at their times"]
    waiting: Annotated[int, U16, "telecommands stored now"]
    next_tai_ns: Annotated[int, U64, Unit("ns"), "when the next one is due, 0 when none is"]
    inserted: Annotated[int, U32, "telecommands stored so far"]
    released: Annotated[int, U32, "handed to the command ingest"]
    expired: Annotated[int, U32, "not released because they were too late"]
    missed: Annotated[int, U32, "not released because that was not enabled"]
    deleted: Annotated[int, U32, "by command"]
    refused: Annotated[int, U32, "never stored"]


class CommandsReleased(Event, code=32, text="{count} stored commands released, {waiting} wait"):
    """Stored telecommands were due."""

    count: Annotated[int, U16]
    waiting: Annotated[int, U16]


class CommandsExpired(Event, code=33, severity=Severity.ERROR, text="{count} stored commands expired, not released"):
    """Stored telecommands were found so late that they may do harm."""

    count: Annotated[int, U16]


class CommandsMissed(Event, code=34, severity=Severity.ERROR, text="{count} stored commands came due while disabled"):
    """Stored telecommands came due while none was to be released; they are forgotten."""

    count: Annotated[int, U16]
