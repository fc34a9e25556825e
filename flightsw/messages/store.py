"""What becomes of the data that must survive: found corrupt, or not to be stored."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, UpTo
from tlm_cmd.definition.message import Event, Severity


class StoredDataCorrupt(
    Event,
    code=27,
    severity=Severity.ERROR,
    text="{corrupt} of 2 stored generations of {entry} corrupt, the other one is used: {recovered}",
):
    """Part of what an app had stored is torn, corrupt or unreadable."""

    entry: Annotated[str, UpTo(64), "name of the entry in the critical data store"]
    corrupt: Annotated[int, U8, "generations that could not be used"]
    recovered: Annotated[bool, "whether a good generation was left, which may be the older one"]


class JournalNotWritten(Event, code=28, severity=Severity.ERROR, text="command journal not written: {reason}"):
    """The process cannot note which commands it executes; reported once until it can.

    Commands are executed all the same; one that is executed when the process dies meanwhile may be executed again.
    """

    reason: Annotated[str, UpTo(120)]
