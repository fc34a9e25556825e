"""Sends a scenario's commands when their time has come, and remembers which record belongs to which."""

from __future__ import annotations

import msgspec

from ops_tools.ground.command_record import CommandRecord
from ops_tools.ground.station import GroundSegment
from ops_tools.sil.scenario import ScenarioCommand

NANOSECONDS = 1_000_000_000


class IssuedCommand(msgspec.Struct, frozen=True):
    """A scenario's command and what the ground knows of it."""

    wanted: ScenarioCommand
    record: CommandRecord

    @property
    def as_expected(self) -> bool:
        """Whether it got the verdict that the scenario demands."""
        return self.record.verdict is self.wanted.expect


class Procedure:
    """The commands of one flight.

    Args:
        commands: of the scenario.
        ground: which sends them.

    Attributes:
        issued: what was sent, in order.
    """

    def __init__(self, commands: tuple[ScenarioCommand, ...], ground: GroundSegment) -> None:
        self.issued: list[IssuedCommand] = []
        self._waiting = list(commands)
        self._ground = ground
        self._contacts = 0
        self._contact_began_ns = 0

    @property
    def unsent(self) -> tuple[ScenarioCommand, ...]:
        """Commands whose time has not come."""
        return tuple(self._waiting)

    def step(self, now_ns: int) -> None:
        """Send what is due."""
        count = self._ground.passes.count
        if count > self._contacts:
            self._contacts, self._contact_began_ns = count, now_ns
        for command in [command for command in self._waiting if self._due(command, now_ns)]:
            self._waiting.remove(command)
            self.issued.append(IssuedCommand(command, self._send(command)))

    def _due(self, command: ScenarioCommand, now_ns: int) -> bool:
        if command.at_s is not None:
            return now_ns >= command.at_s * NANOSECONDS
        since_ns = now_ns - self._contact_began_ns
        return command.contact == self._contacts and since_ns >= command.after_s * NANOSECONDS

    def _send(self, command: ScenarioCommand) -> CommandRecord:
        if command.force:
            return self._ground.force(bytes.fromhex(command.force))
        return self._ground.issue(command.name, command.arguments, command.confirm)
