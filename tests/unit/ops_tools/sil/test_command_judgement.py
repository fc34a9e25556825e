"""What is said of commands that did not come to what was expected."""

import pytest

from ops_tools.ground.command_record import CommandRecord, Verdict
from ops_tools.sil.command_judgement import UnsentCommand, judge_commands, unsent_commands
from ops_tools.sil.procedure import IssuedCommand
from ops_tools.sil.report.records import Verdict as FlightVerdict
from ops_tools.sil.scenario import ScenarioCommand


def issued(found: Verdict | None, expected: Verdict = Verdict.COMPLETED, name: str = "A.B") -> IssuedCommand:
    """A command that was sent and got a verdict, or none."""
    return IssuedCommand(ScenarioCommand(name=name, expect=expected), CommandRecord(1, name, {}, 0, verdict=found))


@pytest.mark.parametrize(
    ("found", "expected", "verdict", "reason"),
    [
        (Verdict.COMPLETED, Verdict.COMPLETED, FlightVerdict.PASS, ""),
        (Verdict.REJECTED, Verdict.REJECTED, FlightVerdict.PASS, ""),
        (Verdict.REJECTED, Verdict.COMPLETED, FlightVerdict.FAIL, "A.B: rejected, expected completed"),
        (
            None,
            Verdict.FAILED,
            FlightVerdict.INCONCLUSIVE,
            "A.B: no verdict when the flight ended, expected failed",
        ),
    ],
)
def test_a_verdict_is_compared_with_the_expected_one(
    found: Verdict | None, expected: Verdict, verdict: FlightVerdict, reason: str
) -> None:
    """Another one fails, a missing one leaves a doubt."""
    judgement = judge_commands([issued(found, expected)], [])
    assert (judgement.verdict, judgement.reason) == (verdict, reason)


def test_a_failure_weighs_more_than_a_doubt() -> None:
    """Both are named, failures first."""
    judgement = judge_commands([issued(None, name=""), issued(Verdict.TIMED_OUT)], [])
    assert judgement.verdict is FlightVerdict.FAIL
    assert judgement.reason.startswith("A.B: timed_out, expected completed; forced octets: no verdict")


def test_commands_that_were_never_sent_are_named() -> None:
    """With what they waited for; beyond a few they are counted, and results list them all."""
    unsent = [
        ScenarioCommand(name="A.B", contact=9),
        ScenarioCommand(force="00", contact=2, after_s=5, expect=Verdict.REJECTED),
        *(ScenarioCommand(name="A.C", at_s=number) for number in (10.5, 11, 12)),
    ]
    judgement = judge_commands([], unsent)
    assert judgement.verdict is FlightVerdict.INCONCLUSIVE
    assert judgement.doubts == (
        "A.B: never sent, contact 9 did not come",
        "forced octets: never sent, contact 2 + 5 s did not come",
        "A.C: never sent, 10.5 s did not come",
        "2 more were never sent",
    )
    assert unsent_commands(unsent)[1] == UnsentCommand("forced octets", "contact 2 + 5 s", "rejected")
    assert len(unsent_commands(unsent)) == 5
