"""An app's tables: loaded in parts, checked, activated."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U32, Tail, UpTo
from tlm_cmd.definition.message import Command, Event, Severity

MAX_TABLE_CHUNK = 900
"""Longest part of a table in one command: with the longest header it fits one TC frame."""


class LoadTable(Command, code=112):
    """Write part of a table's binary image into its inactive buffer."""

    table: Annotated[str, UpTo(32), "name of the table"]
    offset: Annotated[int, U32, "where the part begins"]
    data: Annotated[bytes, Tail(MAX_TABLE_CHUNK)]


class ValidateTable(Command, code=113):
    """Check the inactive buffer: length, CRC-32, types, ranges and the app's own rules."""

    table: Annotated[str, UpTo(32), "name of the table"]
    length: Annotated[int, U32, "octets of the whole image"]
    checksum: Annotated[int, U32, "CRC-32 of the whole image"]


class ActivateTable(Command, code=114):
    """Make a validated inactive buffer the active one."""

    table: Annotated[str, UpTo(32), "name of the table"]


class AbortTable(Command, code=115):
    """Forget what was loaded into the inactive buffer."""

    table: Annotated[str, UpTo(32), "name of the table"]


class TableActivated(Event, code=5, severity=Severity.INFO, text="table {table} activated, CRC-32 {checksum:#010x}"):
    """A table has new content."""

    table: Annotated[str, UpTo(32)]
    checksum: Annotated[int, U32]
