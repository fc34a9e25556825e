"""How a controller's system follows a command: by the verification reports that come down (ECSS-E-ST-70-41C, service 1).

A report names the request it is about. What it must name is known when the command was sent: APID and function code
are arguments of it, and its sequence count is put into its history by whatever sent it; Yamcs calls these
``/yamcs/cmd/arg/...`` and ``/yamcs/cmdHist/ccsds-seqcount``, and XTCE has no names of its own for them.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec

from tlm_cmd.packets.verification import GROUND, Stage
from tlm_cmd.xtce.markup import element, text_element

SENT_APID = "/yamcs/cmd/arg/PKT_APID"
SENT_FUNCTION = "/yamcs/cmd/arg/function_code"
SENT_SEQUENCE = "/yamcs/cmdHist/ccsds-seqcount"


class VerifierWindows(msgspec.Struct, frozen=True):
    """How long after its release a command may take to each stage, in seconds."""

    accepted_s: int = 60
    started_s: int = 120
    completed_s: int = 3600


def verifier_set(report: str, windows: VerifierWindows) -> ET.Element:
    """The verifiers of all commands.

    A command is accepted by the first report that does not reject it, so that a lost report does no harm.

    Args:
        report: prefix of the parameters of the verification report.
        windows: how long each stage may take.
    """
    reason = element("ReturnParmRef", parameterRef=f"{report}_reason")
    return element(
        "VerifierSet",
        _verifier("Accepted", report, [Stage.ACCEPTED, Stage.STARTED, Stage.PROGRESS, Stage.COMPLETED, Stage.FAILED],
                  windows.accepted_s),
        _verifier("Execution", report, [Stage.STARTED, Stage.PROGRESS, Stage.COMPLETED], windows.started_s),
        _verifier("Complete", report, [Stage.COMPLETED], windows.completed_s),
        _verifier("Failed", report, [Stage.REJECTED, Stage.FAILED], windows.completed_s, reason),
    )  # fmt: skip


def _verifier(
    kind: str, report: str, stages: list[Stage], window_s: int, returned: ET.Element | None = None
) -> ET.Element:
    reached = [_condition(f"{report}_stage", stage.name) for stage in stages]
    conditions = element(
        "ANDedConditions",
        _condition(f"{report}_request_source", str(GROUND)),
        _equal(f"{report}_request_apid", SENT_APID),
        _equal(f"{report}_request_function", SENT_FUNCTION),
        _equal(f"{report}_request_sequence", SENT_SEQUENCE),
        *(reached if len(reached) == 1 else [element("ORedConditions", *reached)]),
    )
    window = element(
        "CheckWindow",
        timeToStartChecking="PT0S",
        timeToStopChecking=f"PT{window_s}S",
        timeWindowIsRelativeTo="commandRelease",
    )
    return element(f"{kind}Verifier", element("BooleanExpression", conditions), window, returned)


def _condition(parameter: str, value: str) -> ET.Element:
    """A parameter has a value."""
    return element(
        "Condition",
        element("ParameterInstanceRef", parameterRef=parameter),
        text_element("ComparisonOperator", "=="),
        text_element("Value", value),
    )


def _equal(parameter: str, other: str) -> ET.Element:
    """Two parameters have the same value."""
    return element(
        "Condition",
        element("ParameterInstanceRef", parameterRef=parameter),
        text_element("ComparisonOperator", "=="),
        element("ParameterInstanceRef", parameterRef=other),
    )
