"""A scenario's commands are sent when their time has come."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from ops_tools.ground.command_record import CommandRecord, Verdict
from ops_tools.ground.station import GroundSegment
from ops_tools.sil.procedure import NANOSECONDS, Procedure
from ops_tools.sil.scenario import ScenarioCommand


class Passes(msgspec.Struct):
    """How many contacts there were."""

    count: int = 0


class Ground:
    """A ground segment that only remembers what it was asked to send."""

    def __init__(self) -> None:
        self.passes = Passes()
        self.sent: list[tuple[str, object]] = []

    def issue(self, name: str, arguments: dict[str, Any], confirm: str | None) -> CommandRecord:
        """A named command."""
        self.sent.append((name, (arguments, confirm)))
        return CommandRecord(len(self.sent), name, arguments, 0, verdict=Verdict.COMPLETED)

    def force(self, octets: bytes) -> CommandRecord:
        """Raw octets."""
        self.sent.append(("force", octets))
        return CommandRecord(len(self.sent), "", {}, 0, verdict=Verdict.REJECTED)


def flown(*commands: ScenarioCommand) -> tuple[Procedure, Ground]:
    """A procedure on such a ground."""
    ground = Ground()
    return Procedure(commands, cast("GroundSegment", ground)), ground


def test_a_timed_command_goes_once_at_its_time() -> None:
    """Not a second earlier, and not again."""
    procedure, ground = flown(ScenarioCommand(name="A.B", at_s=5, arguments={"x": 1}, confirm="because"))
    for second in range(10):
        procedure.step(second * NANOSECONDS)
        assert len(ground.sent) == (1 if second >= 5 else 0)
    assert ground.sent == [("A.B", ({"x": 1}, "because"))]
    assert procedure.unsent == ()


def test_a_command_by_contact_waits_for_that_contact() -> None:
    """It goes in its contact only, so many seconds after it began."""
    procedure, ground = flown(ScenarioCommand(name="A.B", contact=2, after_s=3))
    for second in range(20):
        ground.passes.count = 0 if second < 2 else 1 if second < 10 else 2
        procedure.step(second * NANOSECONDS)
    assert procedure.issued[0].as_expected
    assert len(ground.sent) == 1


def test_a_command_of_a_contact_that_never_comes_stays_unsent() -> None:
    """It is listed, so that the flight is inconclusive and not passed."""
    procedure, ground = flown(ScenarioCommand(name="A.B", contact=1))
    procedure.step(100 * NANOSECONDS)
    assert ground.sent == []
    assert len(procedure.unsent) == 1


def test_forced_octets_go_as_they_are_and_are_held_to_their_verdict() -> None:
    """The octets reach the ground unchanged; another verdict than the expected one is not as expected."""
    procedure, ground = flown(ScenarioCommand(force="0aff", at_s=0, expect=Verdict.COMPLETED))
    procedure.step(0)
    assert ground.sent == [("force", b"\x0a\xff")]
    assert not procedure.issued[0].as_expected
