"""Reports on requests go to who has asked, under the name that they know, and only those that were asked for. Pure.

Requests of which nothing was said before are reported as they are: those of apps, and all with full acknowledgement.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from apps.command_ingest.messages import RequestOrigin
from tlm_cmd.packets.pus import service_17_connection
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.verification import RequestId, Stage, VerificationReport

MAX_OPEN_ORIGINS = 512
"""Origins of requests that are remembered until the verdict; the oldest is given up first, and reported as it is."""


class RequestBookState(msgspec.Struct):
    """What is remembered: ``noted = len(origins) + closed + given_up``.

    Attributes:
        origins: of requests without verdict, the oldest first.
        noted: origins taken.
        closed: those whose requests have their verdict.
        given_up: those that made room for others.
        withheld: reports that nobody had asked for.
    """

    origins: list[RequestOrigin] = []
    noted: int = 0
    closed: int = 0
    given_up: int = 0
    withheld: int = 0


class Addressed(msgspec.Struct, frozen=True):
    """A report as it goes down.

    Attributes:
        report: with the request id that who has asked knows; None if nobody has asked for it.
        asked: the telecommand, if its origin is known.
        answer: the request is a connection test that is completed.
    """

    report: VerificationReport | None
    asked: RequestId | None = None
    answer: bool = False


class RequestBook:
    """Knows where requests come from."""

    def __init__(self, state: RequestBookState) -> None:
        self.state = state

    def note(self, origin: RequestOrigin) -> None:
        """Remember an origin; one of the same request is replaced."""
        state = self.state
        before = len(state.origins)
        state.origins = [each for each in state.origins if each.on_board != origin.on_board]
        state.closed += before - len(state.origins)
        if len(state.origins) >= MAX_OPEN_ORIGINS:
            del state.origins[0]
            state.given_up += 1
        state.origins.append(origin)
        state.noted += 1

    def address(self, report: VerificationReport) -> Addressed:
        """Find out for whom a report is, and as what."""
        state = self.state
        origin = next((each for each in state.origins if each.on_board == report.request), None)
        if origin is None:
            return Addressed(report)
        if report.stage.final:
            state.origins.remove(origin)
            state.closed += 1
        answer = report.stage is Stage.COMPLETED and origin.service == service_17_connection.SERVICE
        if not _is_wanted(report.stage, Acknowledge(origin.acknowledge & Acknowledge.ALL)):
            state.withheld += 1
            return Addressed(None, origin.asked, answer)
        return Addressed(msgspec.structs.replace(report, request=origin.asked), origin.asked, answer)


def _is_wanted(stage: Stage, acknowledge: Acknowledge) -> bool:
    """Whether a stage is to be reported; failures always are."""
    match stage:
        case Stage.ACCEPTED:
            return bool(acknowledge & Acknowledge.ACCEPTANCE)
        case Stage.STARTED:
            return bool(acknowledge & Acknowledge.START)
        case Stage.PROGRESS:
            return bool(acknowledge & Acknowledge.PROGRESS)
        case Stage.COMPLETED:
            return bool(acknowledge & Acknowledge.COMPLETION)
        case Stage.REJECTED | Stage.FAILED:
            return True
        case _:
            assert_never(stage)
