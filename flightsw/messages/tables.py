"""An app's tables: loaded in parts or from files, checked, activated, dumped and reported."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import U32, U64, Length, Tail, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Quality, Severity, Telemetry

MAX_TABLE_CHUNK = 900
"""Longest part of a table in one command or packet: with the longest header it fits one TC frame and one TM frame."""
MAX_DUMP_PARTS = 48
"""Most packets that one DUMP_TABLE sends; they fit the inboxes of those who listen."""
MAX_FILE_NAME = 64

TableName = Annotated[str, UpTo(32), "name of the table"]
FileName = Annotated[str, UpTo(MAX_FILE_NAME), "name of the file, without folders"]


@unique
class TableKind(IntEnum):
    """How a table is kept."""

    SINGLE = 0
    """Its inactive buffer is taken from a few that the app's tables share, and given back at the activation."""
    DOUBLE = 1
    """It has an inactive buffer of its own, which keeps the content before the last activation: one step back."""
    DUMP_ONLY = 2
    """The app writes it, the ground reads it."""


@unique
class Inactive(IntEnum):
    """What is in an inactive buffer."""

    EMPTY = 0
    LOADED = 1
    VALIDATED = 2
    WAITING = 3
    """Validated, and its activation waits until the app takes it."""
    PREVIOUS = 4
    """What was active before, of a double buffer."""


@unique
class TableBufferChoice(IntEnum):
    """Which buffer is meant."""

    ACTIVE = 0
    INACTIVE = 1


class LoadTable(Command, code=112):
    """Write part of a table's binary image into its inactive buffer, which begins as a copy of the active content."""

    table: TableName
    offset: Annotated[int, U32, "where the part begins"]
    data: Annotated[bytes, Tail(MAX_TABLE_CHUNK)]


class ValidateTable(Command, code=113):
    """Check the inactive buffer: length, CRC-32, types, ranges and the app's own rules."""

    table: TableName
    length: Annotated[int, U32, "octets of the whole image; 0 for length and CRC-32 as the loaded file announced"] = 0
    checksum: Annotated[int, U32, "CRC-32 of the whole image"] = 0


class ActivateTable(Command, code=114):
    """Make a validated inactive buffer the active one, now or when the app next takes new tables."""

    table: TableName


class AbortTable(Command, code=115):
    """Forget what is in the inactive buffer."""

    table: TableName


class LoadTableFile(Command, code=118):
    """Load a table image, whole or a part, or a TOML source: of the app's table memory, or else of the mission."""

    table: TableName
    file: FileName


class DumpTable(Command, code=119):
    """Send a buffer's image as TABLE_CONTENT packets."""

    table: TableName
    buffer: TableBufferChoice = TableBufferChoice.ACTIVE
    offset: Annotated[int, U32, "where to begin"] = 0
    length: Annotated[int, U32, f"octets, at most {MAX_DUMP_PARTS * MAX_TABLE_CHUNK}; 0 for all behind offset"] = 0


class DumpTableFile(Command, code=120):
    """Write a buffer's image into a file of the app's table memory."""

    table: TableName
    file: FileName
    buffer: TableBufferChoice = TableBufferChoice.ACTIVE


class ReportTables(Command, code=121):
    """Send a TABLE_REGISTRY packet for each table of the app."""


class TableRegistry(Telemetry):
    """What the app holds in one table; sent at the app's start, by command, and when something of it changes."""

    table: TableName
    kind: TableKind
    critical: Annotated[bool, "kept in the critical data store when it was activated by command"]
    octets: Annotated[int, U32, "of the active image"]
    checksum: Annotated[int, U32, "CRC-32 of the active image"]
    layout: Annotated[bytes, Length(8), "hash of the layout"]
    updated_met_ns: Annotated[int, U64, Unit("ns"), "mission elapsed time of the last activation, 0 for never"]
    file: Annotated[str, UpTo(MAX_FILE_NAME), "what it came from: a file, COMMAND or APP"]
    inactive: Inactive
    inactive_octets: Annotated[int, U32, "of the image in the inactive buffer"]


class TableContent(Telemetry, quality=Quality.BULK):
    """Part of a table's image."""

    table: TableName
    buffer: TableBufferChoice
    layout: Annotated[bytes, Length(8), "hash of the layout"]
    octets: Annotated[int, U32, "of the whole image"]
    checksum: Annotated[int, U32, "CRC-32 of the whole image"]
    offset: Annotated[int, U32, "where the part begins"]
    data: Annotated[bytes, Tail(MAX_TABLE_CHUNK)]


class TableActivated(Event, code=5, severity=Severity.INFO, text="table {table} activated, CRC-32 {checksum:#010x}"):
    """A table has new content."""

    table: Annotated[str, UpTo(32)]
    checksum: Annotated[int, U32]


class TableRefused(Event, code=10, severity=Severity.ERROR, text="table {table} not taken: {reason}"):
    """Stored content of a table, or another app's shared table, cannot be used; what is active stays.

    A command about a table that is refused gives the event COMMAND_FAILED.
    """

    table: Annotated[str, UpTo(65)]
    reason: Annotated[str, UpTo(120)]


class TableLoaded(
    Event, code=11, severity=Severity.INFO, text="table {table}: {octets} octets at {offset} from {file}"
):
    """A file was loaded into an inactive buffer."""

    table: Annotated[str, UpTo(32)]
    file: Annotated[str, UpTo(MAX_FILE_NAME)]
    offset: Annotated[int, U32]
    octets: Annotated[int, U32]


class TableValidated(Event, code=12, severity=Severity.INFO, text="table {table} validated, CRC-32 {checksum:#010x}"):
    """An inactive buffer may be activated."""

    table: Annotated[str, UpTo(32)]
    checksum: Annotated[int, U32]


class TableAborted(Event, code=13, severity=Severity.INFO, text="table {table}: inactive buffer forgotten"):
    """What was loaded is gone."""

    table: Annotated[str, UpTo(32)]


class TableDumped(Event, code=14, severity=Severity.INFO, text="table {table}: {octets} octets written to {file}"):
    """A buffer was written into a file."""

    table: Annotated[str, UpTo(32)]
    file: Annotated[str, UpTo(MAX_FILE_NAME)]
    octets: Annotated[int, U32]
