"""How a control system follows a command: by verification reports that come down (ECSS-E-ST-70-41C, service 1).

A report names the request it is about. What it must name is known when the command was sent: APID and function code
are arguments of it, and its sequence count is put into its history by whatever sent it; Yamcs calls these
``/yamcs/cmd/arg/...`` and ``/yamcs/cmdHist/ccsds-seqcount``, and XTCE has no names of its own for them.

The conditions are algorithms in JavaScript rather than boolean expressions, because Yamcs 5.12 loses reports with the
latter: while one verifier gives up its subscription, the packet that is being distributed reaches nobody else. The two
reports of a short command share a frame, so that its completion would often go unseen.
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
    accepted = (Stage.ACCEPTED, Stage.STARTED, Stage.PROGRESS, Stage.COMPLETED, Stage.FAILED)
    started = (Stage.STARTED, Stage.PROGRESS, Stage.COMPLETED)
    return element(
        "VerifierSet",
        _verifier("Accepted", report, accepted, windows.accepted_s),
        _verifier("Execution", report, started, windows.started_s),
        _verifier("Complete", report, (Stage.COMPLETED,), windows.completed_s),
        _verifier(
            "Failed", report, (Stage.REJECTED, Stage.FAILED), windows.completed_s, "Verifier.success(reason.value)"
        ),
    )


def _verifier(kind: str, report: str, stages: tuple[Stage, ...], window_s: int, result: str = "true") -> ET.Element:
    """A verifier that succeeds with a report of one of these stages.

    Args:
        kind: what is verified.
        report: prefix of the parameters of the verification report.
        stages: any of them will do.
        window_s: how long it may take after the release.
        result: what the algorithm returns then; ``Verifier.success`` is Yamcs's way to add words.
    """
    inputs = {
        "source": f"{report}_request_source",
        "apid": f"{report}_request_apid",
        "function_code": f"{report}_request_function",
        "sequence": f"{report}_request_sequence",
        "stage": f"{report}_stage",
        "reason": f"{report}_reason",
        "sent_apid": SENT_APID,
        "sent_function": SENT_FUNCTION,
        "sent_sequence": SENT_SEQUENCE,
    }
    reached = " || ".join(f"stage.value == '{stage.name}'" for stage in stages)
    conditions = (
        "stage && sent_sequence",
        f"source.value == {GROUND}",
        "apid.value == sent_apid.value",
        "function_code.value == sent_function.value",
        "sequence.value == sent_sequence.value",
        f"({reached})",
    )
    text = text_element("AlgorithmText", f"if ({' && '.join(conditions)}) return {result};")
    assert text is not None  # noqa: S101 - the text is not empty
    text.set("language", "JavaScript")
    instances = [
        element("InputParameterInstanceRef", parameterRef=parameter, inputName=name)
        for name, parameter in inputs.items()
    ]
    window = element(
        "CheckWindow",
        timeToStartChecking="PT0S",
        timeToStopChecking=f"PT{window_s}S",
        timeWindowIsRelativeTo="commandRelease",
    )
    algorithm = element("CustomAlgorithm", text, element("InputSet", *instances), name=f"verify_{kind.lower()}")
    return element(f"{kind}Verifier", algorithm, window)
