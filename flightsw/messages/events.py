"""Which of an app's events are sent."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, Range
from tlm_cmd.definition.message import Command, Event, Severity


class SetEventFilter(Command, code=116):
    """Filter one event: it passes when ``mask & count`` is 0."""

    event: Annotated[int, U8, "event code"]
    mask: Annotated[int, U16, "0 lets every one pass"]


class EnableEvents(Command, code=117):
    """Let events of a severity pass, or hold them back."""

    severity: Severity
    enabled: bool


class EventsSuppressed(Event, code=8, severity=Severity.INFO, text="{count} events were squelched"):
    """How many events the squelch held back since the last one that passed."""

    count: Annotated[int, U32, Range(1, 2**32 - 1)]
