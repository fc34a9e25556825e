"""Whether the commands of a scenario came to what the scenario demands of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ops_tools.sil.procedure import IssuedCommand
from ops_tools.sil.report.records import Verdict
from ops_tools.sil.scenario import ScenarioCommand

FORCED = "forced octets"
MOST_NAMED = 3
"""Unsent commands that a reason names; results have them all."""


class UnsentCommand(msgspec.Struct, frozen=True):
    """A command whose time never came.

    Attributes:
        name: of the command; that it was raw octets, when it has no name.
        when: the time or the contact that was waited for.
        expected: the verdict that it should have got.
    """

    name: str
    when: str
    expected: str


class CommandJudgement(msgspec.Struct, frozen=True):
    """What is to be said of the commands.

    Attributes:
        failures: commands that got another verdict than expected.
        doubts: commands without a verdict, or never sent.
    """

    failures: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """FAIL with a failure, else INCONCLUSIVE with a doubt, else PASS."""
        return Verdict.FAIL if self.failures else Verdict.INCONCLUSIVE if self.doubts else Verdict.PASS

    @property
    def reason(self) -> str:
        """All of it in one line, empty when there is nothing to say."""
        return "; ".join((*self.failures, *self.doubts))


def unsent_commands(commands: Sequence[ScenarioCommand]) -> list[UnsentCommand]:
    """What results say of commands that were never sent."""
    return [UnsentCommand(command.name or FORCED, _when(command), command.expect.value) for command in commands]


def judge_commands(issued: Sequence[IssuedCommand], unsent: Sequence[ScenarioCommand]) -> CommandJudgement:
    """Compare every command's verdict with the expected one."""
    failures, doubts = [], []
    for each in issued:
        found, expected = each.record.verdict, each.wanted.expect
        name = each.record.name or FORCED
        if found is None:
            doubts.append(f"{name}: no verdict when the flight ended, expected {expected.value}")
        elif found is not expected:
            why = f" ({each.record.reason})" if each.record.reason else ""
            failures.append(f"{name}: {found.value}{why}, expected {expected.value}")
    doubts += [f"{each.name}: never sent, {each.when} did not come" for each in unsent_commands(unsent[:MOST_NAMED])]
    if len(unsent) > MOST_NAMED:
        doubts.append(f"{len(unsent) - MOST_NAMED} more were never sent")
    return CommandJudgement(tuple(failures), tuple(doubts))


def _when(command: ScenarioCommand) -> str:
    if command.at_s is not None:
        return f"{command.at_s:g} s"
    return f"contact {command.contact}" + (f" + {command.after_s:g} s" if command.after_s else "")
