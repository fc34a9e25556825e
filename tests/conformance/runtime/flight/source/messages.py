"""Interface of the source."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, U64, Range
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


class Burst(Command, code=2):
    """Send so many samples at once."""

    count: Annotated[int, U16]


class Relay(Command, code=3):
    """Have the sink remember a value."""

    value: Annotated[int, U32]


class Spoil(Command, code=4):
    """Send a sample that no packet can carry."""


class Storm(Command, code=5):
    """Have the sink remember many values at once."""

    count: Annotated[int, U16]


class Sample(Telemetry):
    """One of many."""

    number: Annotated[int, U32, Range(0, 1_000_000)]


class Tick(Telemetry, period_s=0.5):
    """Twice per second."""

    count: Annotated[int, U32]
    now_ns: Annotated[int, U64]
    utc_ns: Annotated[int, U64]


class BurstDone(Event, code=32, severity=Severity.INFO, text="{count} samples sent"):
    """A burst has been sent."""

    count: Annotated[int, U16]
    refused: Annotated[int, U8]
