"""Interface of the sink."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, UpTo
from tlm_cmd.definition.message import Command, Record, Telemetry


class Rule(Record):
    """What the sink multiplies by, and whether it watches ticks; the gate reads it as well."""

    factor: Annotated[int, U32]
    watch_ticks: bool


@unique
class Task(IntEnum):
    """What the worker is asked to do."""

    DOUBLE = 0
    RAISE = 1
    DIE = 2
    HANG = 3
    SULK = 4


class Remember(Command, code=2):
    """Keep a value."""

    value: Annotated[int, U32]


class Refuse(Command, code=3):
    """Be refused."""


class Raise(Command, code=4):
    """Let the handler raise."""


class Unhandled(Command, code=5):
    """Nobody handles this."""


class Defer(Command, code=6):
    """Finish later, well or badly."""

    steps: Annotated[int, U8]
    well: bool


class Hang(Command, code=7):
    """Never return."""


class FailToStart(Command, code=8):
    """Let starts fail from now on."""

    fail: bool


class Clog(Command, code=9):
    """Remember what cannot be stored, or forget it."""

    clogged: bool


class Labour(Command, code=10):
    """Let the worker do something."""

    task: Task
    value: Annotated[int, U32]


class AskStatus(Command, code=11):
    """Send a status packet."""


class Add(Command, code=12):
    """Add to the value."""

    number: Annotated[int, U32]


class TakeTables(Command, code=13):
    """Take the tables that wait, between two doings of its own."""


class SinkStatus(Telemetry):
    """Everything that can be seen of the sink."""

    value: Annotated[int, U32]
    samples: Annotated[int, U32]
    next_sample: Annotated[int, U32]
    disorder: Annotated[int, U32]
    bursts: Annotated[int, U32]
    heard_housekeeping_of: Annotated[tuple[Annotated[str, UpTo(32)], ...], UpTo(16)]
    factor: Annotated[int, U32]
    results: Annotated[tuple[Annotated[str, UpTo(120)], ...], UpTo(16)]
    restarts: Annotated[int, U16]


class Sighted(Telemetry):
    """What the sink sees of the source when its table says so."""

    ticks: Annotated[int, U32]
