"""Verification reports of the framework as reports of service 1 (ECSS-E-ST-70-41C, 8.1), and back.

A rejection is a failed acceptance, or a failed routing where no app was there to take the command; progress carries
its percentage as the step. The failure notice is the failure code and, as its parameter, the reason in words, UTF-8.
What service 1 has no field for is the function code: the request id names the command without it.
"""

from __future__ import annotations

from typing import assert_never

from tlm_cmd.errors import WrongValueError
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.request_id import PusRequestId
from tlm_cmd.packets.pus.service_1_verification import (
    AcceptanceFailure,
    AcceptanceSuccess,
    CompletionFailure,
    CompletionSuccess,
    FailureReport,
    ProgressFailure,
    ProgressSuccess,
    RoutingFailure,
    StartSuccess,
    SuccessReport,
)
from tlm_cmd.packets.verification import FailureCode, RequestId, Stage, VerificationReport, shorten

ALL_DONE = 100
NOT_ROUTED = (FailureCode.UNKNOWN_APPLICATION, FailureCode.APP_UNAVAILABLE, FailureCode.INBOX_FULL)
"""Rejections of commands that never came to their app."""


def body_of_report(report: VerificationReport) -> PusBody:
    """What service 1 says of a stage."""
    request = PusRequestId(report.request.apid, report.request.sequence)
    detail = report.reason.encode()
    match report.stage:
        case Stage.ACCEPTED:
            return AcceptanceSuccess(request)
        case Stage.REJECTED:
            return (RoutingFailure if report.code in NOT_ROUTED else AcceptanceFailure)(request, report.code, detail)
        case Stage.STARTED:
            return StartSuccess(request)
        case Stage.PROGRESS:
            return ProgressSuccess(request, report.percent)
        case Stage.COMPLETED:
            return CompletionSuccess(request)
        case Stage.FAILED:
            return CompletionFailure(request, report.code, detail)
        case _:
            assert_never(report.stage)


def report_of_body(
    body: SuccessReport | FailureReport | ProgressSuccess | ProgressFailure, source: int
) -> VerificationReport:
    """The stage that service 1 tells; ``source`` is the destination of its packet.

    Raises:
        WrongValueError: the failure code is none of this framework.
    """
    request = RequestId(source, body.request.apid, body.request.sequence_count, 0)
    match body:
        case CompletionSuccess():
            return VerificationReport(request, Stage.COMPLETED, percent=ALL_DONE)
        case StartSuccess():
            return VerificationReport(request, Stage.STARTED)
        case SuccessReport():
            return VerificationReport(request, Stage.ACCEPTED)
        case ProgressSuccess():
            return VerificationReport(request, Stage.PROGRESS, percent=min(body.step, ALL_DONE))
        case AcceptanceFailure() | RoutingFailure():
            return VerificationReport(request, Stage.REJECTED, _code(body.code), reason=_reason(body.detail))
        case FailureReport() | ProgressFailure():
            return VerificationReport(request, Stage.FAILED, _code(body.code), reason=_reason(body.detail))
        case _:
            assert_never(body)


def _code(code: int) -> FailureCode:
    try:
        return FailureCode(code)
    except ValueError:
        raise WrongValueError("failure code", code, f"0 to {max(FailureCode):d}") from None


def _reason(detail: bytes) -> str:
    return shorten(detail.decode(errors="replace"))
