"""A command followed from a shell: how far it has come, and given up while it still waits for contact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ops_tools.cli_commands.output import ExitCode, complain
from ops_tools.console.client import ConsoleClient, ConsoleRequestError

WAIT_STEP_S = 10.0
"""How long one request waits at the server; longer waits are several requests."""
NO_LONGER_WAITS = 409
"""The server's status for a command that cannot be withdrawn any more."""
WAIT_STAGES = ("waiting", "sent", "accepted", "started", "progress", "completed")


def follow(
    client: ConsoleClient,
    record: dict[str, Any],
    stage: str,
    timeout_s: float,
    on_contact: Callable[[Mapping[str, Any]], None],
) -> dict[str, Any]:
    """Wait until a command has reached a stage or has its verdict; return its record.

    Args:
        client: whom to ask.
        record: as it was when the command was issued.
        stage: one of WAIT_STAGES.
        timeout_s: longest wait after the command has left, in seconds of this shell.
        on_contact: gets the record when the command does not wait for contact any more.
    """
    left_s = timeout_s
    while left_s > 0 and not reached(record, stage):
        held = record["stage"] == "waiting"
        step_s = min(left_s, WAIT_STEP_S)
        record = client.command(record["number"], wait="arming" if held else stage, timeout_s=step_s)
        if not held:
            left_s -= step_s
        elif record["stage"] != "waiting":
            on_contact(record)
    return record


def reached(record: Mapping[str, Any], stage: str) -> bool:
    """Whether a command has come as far as a stage, or can come no further."""
    stages = [WAIT_STAGES.index(name) for name in record["times"] if name in WAIT_STAGES]
    return record["verdict"] is not None or WAIT_STAGES.index(stage) <= max(stages, default=-1)


def interrupted(client: ConsoleClient, command: str, number: int) -> ExitCode:
    """Give a command up if it has not left; it must not leave later behind the back of who has turned away.

    Who interrupts this too does not wait for an answer any more, and is told that the command may still wait.

    Args:
        client: whom to ask.
        command: the command of the shell that was interrupted.
        number: of the command that was issued.
    """
    try:
        return _withdrawn(client, command, number)
    except KeyboardInterrupt:
        complain(command, f"#{number} was perhaps not withdrawn; if it still waits, it leaves with the next contact")
        return ExitCode.NOT_COMPLETED


def _withdrawn(client: ConsoleClient, command: str, number: int) -> ExitCode:
    try:
        client.withdraw(number)
    except ConsoleRequestError as error:
        if error.status != NO_LONGER_WAITS:
            raise
        complain(command, f"#{number} is {client.command(number)['stage']}; it has left, and goes on")
        return ExitCode.NOT_COMPLETED
    return complain(command, f"#{number} withdrawn, nothing was sent")
