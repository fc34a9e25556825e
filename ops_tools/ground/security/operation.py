"""One thing that a controller wants done with the security: its steps, each with an answer, and how it ended.

An operation is a generator. It yields what it wants of the spacecraft or of time, is sent the answer, and returns its
result. Whoever runs it does the talking.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import StrEnum, unique

import msgspec

from ops_tools.ground.errors import GroundError
from tlm_cmd.sdls.procedures import Procedure
from tlm_cmd.sdls.replies import Reply

MAX_STEPS = 200
"""Steps of one operation; it fails at one more."""


class OperationFailedError(GroundError):
    """An operation cannot go on; both ends are as its steps tell."""


class UnknownOperationError(GroundError):
    """No operation has this name or number."""


@unique
class Outcome(StrEnum):
    """How something that was asked of the spacecraft ended."""

    DONE = "done"
    REFUSED = "refused"
    """The spacecraft has not done it, and says why."""
    SILENT = "silent"
    """What became of it is not known."""
    NOT_SENT = "not_sent"
    """It did not leave the ground."""


class Ask(msgspec.Struct, frozen=True):
    """A procedure that the spacecraft is to execute.

    Attributes:
        procedure: which one.
        unit: the request.
        about: whom it concerns, for people.
    """

    procedure: Procedure
    unit: bytes
    about: str


class Await(msgspec.Struct, frozen=True):
    """Something that must come by itself.

    Attributes:
        condition: whether it has come.
        about: what it is, for people.
    """

    condition: Callable[[], bool]
    about: str


class Answer(msgspec.Struct, frozen=True):
    """What became of a step.

    Attributes:
        outcome: how it ended.
        reason: why it was not done, in words.
        reply: what the procedure replied, None if it does not reply.
    """

    outcome: Outcome
    reason: str = ""
    reply: Reply | None = None


class OperationStep(msgspec.Struct):
    """One step, for people.

    Attributes:
        at_ns: ground time at which it began.
        what: what was asked or awaited.
        outcome: how it ended, None while it goes on.
        reason: why it was not done.
        command: number of the command's record, None if none was sent.
    """

    at_ns: int
    what: str
    outcome: Outcome | None = None
    reason: str = ""
    command: int | None = None


class OperationRecord(msgspec.Struct):
    """One operation from request to end.

    Attributes:
        number: counts up from 1 over all operations of the ground.
        name: what was asked for.
        confirm: why a hazardous one is wanted.
        asked_ns: ground time of the request.
        steps: so far, oldest first.
        succeeded: how it ended, None while it goes on.
        problem: why it failed.
        result: what it found, None if there is nothing to tell.
    """

    number: int
    name: str
    confirm: str
    asked_ns: int
    steps: list[OperationStep] = []
    succeeded: bool | None = None
    problem: str = ""
    result: msgspec.Struct | None = None


Operation = Generator[Ask | Await, Answer, msgspec.Struct | None]
"""Yields what it wants, is sent the answers, and returns its result; raises OperationFailedError."""
