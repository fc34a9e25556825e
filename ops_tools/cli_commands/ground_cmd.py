"""``flightsw cmd``: send a command and follow it to its verdict."""

from __future__ import annotations

import argparse
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from ops_tools.cli_commands.arguments import sendable
from ops_tools.cli_commands.command_following import WAIT_STAGES, follow, interrupted, reached
from ops_tools.cli_commands.ground_parsers import Pause, Subparsers, contact_text, ground_parser, seconds
from ops_tools.cli_commands.output import ExitCode, complain, write
from ops_tools.console.client import ConsoleClient, ConsoleRequestError
from ops_tools.console.printable import printable
from ops_tools.ground.command_record import WithoutContact

HELP = """\
Check a command against the dictionary, send it, and follow it to its verdict.

Arguments are written NAME=VALUE; numbers also as 0x1F, enumerations by name, booleans as true or false, octets as
hexadecimal digits, arrays and structures as JSON. What the dictionary does not allow is refused, and nothing leaves.
'flightsw dictionary show THERMAL' lists the commands of an app, 'show THERMAL.SET_HEATER' the arguments of one.

Without contact, the command waits for the next one, and so does this line; interrupt it to withdraw the command, or let
it wait by itself with --wait waiting.
"""
EXAMPLES = """\
examples:
  flightsw cmd POWER.NOOP
  flightsw cmd THERMAL.SET_HEATER heater=3 control=ON
  flightsw cmd ATTITUDE.SET_POINTING mode=TARGET latitude=39.9 longitude=116.4 --wait accepted
  flightsw cmd POWER.SWITCH_LINE line=3 on=false --confirm "camera latched up, pass 14"
  flightsw cmd POWER.NOOP --without-contact refuse

exit codes: 0 completed, or the stage was reached; 1 rejected, failed or timed out; 2 refused on ground or wrong usage
"""


def register(subparsers: Subparsers) -> ArgumentParser:
    """Add ``cmd`` to the command line."""
    parser = ground_parser(subparsers, "cmd", "send a command and wait for its verdict", HELP, EXAMPLES)
    parser.add_argument(
        "name", metavar="NAME", help="the command, as in POWER.SWITCH_LINE; see 'flightsw dictionary show'"
    )
    parser.add_argument("arguments", metavar="ARG=VALUE", nargs="*", type=named_value, help="its arguments, by name")
    parser.add_argument("--confirm", metavar="REASON", help="why a hazardous command is to be sent; it needs one")
    parser.add_argument(
        "--without-contact",
        choices=[choice.value for choice in WithoutContact],
        default=WithoutContact.WAIT.value,
        help="while there is no contact: wait for it (default), refuse the command, or radiate it all the same",
    )
    parser.add_argument("--wait", metavar="STAGE", choices=WAIT_STAGES, default="completed", help=_wait_help())
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=seconds,
        default=300.0,
        help="longest wait after the command has left, in seconds of this shell (300)",
    )
    return parser


def run(arguments: Namespace, client: ConsoleClient, _pause: Pause) -> ExitCode:
    """Send the command; return what became of it."""
    given = dict(arguments.arguments)
    if len(given) < len(arguments.arguments):
        return complain("cmd", "an argument is given twice")
    try:
        record = client.issue(arguments.name, given, arguments.confirm, arguments.without_contact)
    except ConsoleRequestError as error:
        refused = error.answer.get("command")
        if refused is None:
            raise
        if arguments.json:
            write(json.dumps(refused))
        return complain("cmd", f"{refused['name']} refused on ground, nothing was sent: {error.message}")
    told = "" if arguments.json else record["stage"]

    def tell_contact(record: Mapping[str, Any]) -> None:
        if not arguments.json:
            write(f"#{record['number']} contact, {record['stage']}")

    try:
        if not arguments.json:
            why = f": {contact_text(client.status())}" if record["stage"] == "waiting" else ""
            write(f"#{record['number']} {record['name']} {record['stage']}{why}")
        record = follow(client, record, arguments.wait, arguments.timeout, tell_contact)
    except KeyboardInterrupt:
        return interrupted(client, "cmd", record["number"])
    if arguments.json:
        write(json.dumps(record))
    return _tell(record, arguments, told)


def _tell(record: Mapping[str, Any], arguments: Namespace, told: str) -> ExitCode:
    """Say how far the command has come, unless its stage was told already, and whether that is what was asked for."""
    verdict = record["verdict"]
    if verdict is None:
        is_there = reached(record, arguments.wait)
        if not arguments.json and not (is_there and record["stage"] == told):
            wanted = "" if is_there else f"; {arguments.wait} not reached in {arguments.timeout:g} s, it goes on"
            write(f"#{record['number']} {record['stage']}{wanted}")
        return ExitCode.OK if is_there else ExitCode.NOT_COMPLETED
    if not arguments.json:
        times = record["times"]
        took_s = (times["finished"] - times.get("sent", record["issued_ns"])) / 1e9
        code = "" if record["code"] in ("NONE", None) else f" ({record['code']})"
        reason = f": {printable(record['reason'])}" if record["reason"] else ""
        write(f"#{record['number']} {verdict.replace('_', ' ')} after {took_s:.1f} s{code}{reason}")
    if verdict == "refused_on_ground":
        return ExitCode.USAGE
    return ExitCode.OK if verdict == "completed" else ExitCode.NOT_COMPLETED


def _wait_help() -> str:
    return f"return at this stage: {', '.join(WAIT_STAGES)} (default completed)"


def named_value(text: str) -> tuple[str, object]:
    """Name and value of an argument as it is typed; arrays and records are JSON.

    Raises:
        argparse.ArgumentTypeError: it is not of the form NAME=VALUE, or the JSON cannot be read.
    """
    name, equals, value = sendable(text, text.partition("=")[0]).partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    if value[:1] in ("[", "{"):
        try:
            return name, json.loads(value)
        except (ValueError, RecursionError) as error:
            raise argparse.ArgumentTypeError(f"{name} is no JSON: {error}") from None
    return name, value
