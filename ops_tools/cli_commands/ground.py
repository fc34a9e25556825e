"""``flightsw cmd``, ``tlm``, ``events``, ``files``, ``bus`` and ``security``: operate a spacecraft from a shell."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Mapping

from ops_tools.cli_commands import ground_bus, ground_cmd, ground_events, ground_files, ground_security, ground_tlm
from ops_tools.cli_commands.ground_parsers import Pause, Subparsers
from ops_tools.cli_commands.output import ExitCode, complain
from ops_tools.console.client import ConsoleClient, ConsoleRequestError, ConsoleUnreachableError

Command = Callable[[Namespace, ConsoleClient, Pause], ExitCode]
COMMANDS: Mapping[str, Command] = {
    "cmd": ground_cmd.run,
    "tlm": ground_tlm.run,
    "events": ground_events.run,
    "files": ground_files.run,
    "bus": ground_bus.run,
    "security": ground_security.run,
}


def register(subparsers: Subparsers) -> None:
    """Add the commands of this module to the command line; each sets ``run``."""
    for module in (ground_cmd, ground_tlm, ground_events, ground_files, ground_bus, ground_security):
        module.register(subparsers).set_defaults(run=run)


def run(arguments: Namespace, client: ConsoleClient | None = None, pause: Pause = time.sleep) -> int:
    """Run one of the commands and return its exit code.

    Args:
        arguments: as parsed.
        client: whom to ask, the console at ``--url`` if None.
        pause: waits between two looks, in seconds.
    """
    client = client or ConsoleClient(arguments.url)
    try:
        return int(COMMANDS[arguments.ground_command](arguments, client, pause))
    except (ConsoleUnreachableError, ConsoleRequestError) as error:
        return int(complain(arguments.ground_command, error))
    except KeyboardInterrupt:
        return int(ExitCode.OK)
