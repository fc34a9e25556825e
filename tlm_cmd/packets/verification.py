"""Command verification: what became of a request, stage by stage, with a reason when it failed.

The stages follow ECSS-E-ST-70-41C, service 1: acceptance, start, progress, completion.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, UpTo
from tlm_cmd.definition.message import Record, Telemetry

GROUND = 0
MAX_REASON_OCTETS = 120


@unique
class Stage(IntEnum):
    """How far a command has come. REJECTED, COMPLETED and FAILED are final: the verdict."""

    ACCEPTED = 1
    REJECTED = 2
    STARTED = 3
    PROGRESS = 5
    COMPLETED = 7
    FAILED = 8

    @property
    def final(self) -> bool:
        """Whether nothing more will be reported."""
        return self in (Stage.REJECTED, Stage.COMPLETED, Stage.FAILED)


@unique
class FailureCode(IntEnum):
    """Why a command was rejected or failed."""

    NONE = 0
    MALFORMED_PACKET = 1
    BAD_CHECKSUM = 2
    UNKNOWN_APPLICATION = 3
    UNKNOWN_FUNCTION = 4
    BAD_LENGTH = 5
    BAD_ARGUMENT = 6
    NOT_ARMED = 7
    INBOX_FULL = 8
    NOT_POSSIBLE_NOW = 9
    DEVICE_FAILED = 10
    HANDLER_FAILED = 11
    GUARD_REFUSED = 12
    EXPIRED = 13
    APP_UNAVAILABLE = 14


class RequestId(Record):
    """Which request a report is about: who sent it, to which app, with which sequence count and function code."""

    source: Annotated[int, U16, "0 for the ground, else the APID of the app on board that asked"]
    apid: Annotated[int, U16, "APID the command was addressed to"]
    sequence: Annotated[int, U16, "sequence count of its packet"]
    function: Annotated[int, U8, "function code"]


class VerificationReport(Telemetry):
    """One stage of one command."""

    request: RequestId
    stage: Stage
    code: FailureCode = FailureCode.NONE
    percent: Annotated[int, U8, "how much of a long command is done"] = 0
    reason: Annotated[str, UpTo(MAX_REASON_OCTETS), "why it failed, for people"] = ""


def shorten(reason: str) -> str:
    """A reason cut to what a report can carry, on a character boundary."""
    return reason.encode(errors="replace")[:MAX_REASON_OCTETS].decode(errors="ignore")
