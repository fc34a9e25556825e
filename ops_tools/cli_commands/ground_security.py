"""``flightsw security``: look at the link security, ask the spacecraft's, and change keys."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import Any

from ops_tools.cli_commands.arguments import sendable
from ops_tools.cli_commands.ground_parsers import Pause, Subparsers, ground_parser, note_contact, seconds
from ops_tools.cli_commands.output import ExitCode, complain, table, write
from ops_tools.console.client import ConsoleClient
from ops_tools.console.printable import printable
from ops_tools.ground.security.own_end import Direction

WAIT_STEP_S = 10.0
"""How long one request waits at the server; longer waits are several requests."""

HELP = """\
Look at the security of the links, and operate it.

status shows keys and associations as they are at the ground; never a key. inventory compares the keys of both ends,
associations asks the spacecraft what its associations do, log reads its security log, ping and self-test see whether
there is somebody and whether the ciphers work. rotate changes the key of telecommands (tc) or of a radio's telemetry
(s_band, x_band) at both ends without a gap; it needs contact for about half a minute of the spacecraft's time. One that
fails leaves a link that works, and the next one clears up first.

What asks the spacecraft, all but status, is refused at once while there is no contact, saying when the next begins;
unlike cmd and files it does not wait for that.
"""
EXAMPLES = """\
examples:
  flightsw security status
  flightsw security inventory
  flightsw security rotate tc --confirm "monthly change, pass 14"
  flightsw security log

exit codes: 0 done; 1 failed, or not at its end in time; 2 refused on ground, nothing was sent, or wrong usage
"""
ASKED = ("ping", "self-test", "inventory", "associations", "log", "erase-log", "reset-alarm")


def register(subparsers: Subparsers) -> ArgumentParser:
    """Add ``security`` to the command line."""
    parser = ground_parser(subparsers, "security", "operate the security of the links, change keys", HELP, EXAMPLES)
    parser.add_argument("what", choices=("status", *ASKED, "rotate"), help="what to do")
    parser.add_argument(
        "direction", nargs="?", choices=[each.value for each in Direction], help="whose key is changed by rotate"
    )
    parser.add_argument(
        "--confirm",
        metavar="REASON",
        type=lambda text: sendable(text, "--confirm"),
        default="",
        help="why a key is to be changed, or the log erased; both need one",
    )
    parser.add_argument(
        "--timeout", metavar="S", type=seconds, default=300.0, help="longest wait, in seconds of this shell (300)"
    )
    return parser


def run(arguments: Namespace, client: ConsoleClient, _pause: Pause) -> ExitCode:
    """Show, or have something done and say what became of it."""
    if (arguments.what == "rotate") == (arguments.direction is None):
        return complain("security", "rotate needs a direction, as in 'flightsw security rotate tc'; the others none")
    if arguments.what == "status":
        return _status(arguments, client)
    name = arguments.what if arguments.direction is None else f"rotate {arguments.direction}"
    record = client.operate_security(name, arguments.confirm)
    if not arguments.json:
        note_contact(client)
    shown, left_s = 0, arguments.timeout
    while record["succeeded"] is None and left_s > 0:
        step_s = min(left_s, WAIT_STEP_S)
        record = client.security_operation(record["number"], step_s)
        left_s -= step_s
        if not arguments.json:
            shown = _show_steps(record, shown)
    if arguments.json:
        write(json.dumps(record))
    return _tell(record, arguments)


def _show_steps(record: Mapping[str, Any], shown: int) -> int:
    """Write the steps that have ended since the last look, but the one that tells the failure; how many are written."""
    ended = [step for step in record["steps"] if step["outcome"] is not None]
    if record["succeeded"] is False and ended and ended[-1]["reason"] and ended[-1]["reason"] in record["problem"]:
        ended.pop()
    for step in ended[shown:]:
        reason = f": {printable(step['reason'])}" if step["reason"] else ""
        write(f"  {step['what']}  {step['outcome'].replace('_', ' ')}{reason}")
    return len(ended)


def _tell(record: Mapping[str, Any], arguments: Namespace) -> ExitCode:
    if record["succeeded"] is None:
        complain("security", f"{record['name']} is not at its end after {arguments.timeout:g} s; it goes on")
        return ExitCode.NOT_COMPLETED
    if not record["succeeded"]:
        complain("security", f"{record['name']} failed: {printable(record['problem'])}")
        nothing_sent = bool(record["steps"]) and all(step["outcome"] == "not_sent" for step in record["steps"])
        return ExitCode.USAGE if nothing_sent else ExitCode.NOT_COMPLETED
    result = record["result"]
    if not arguments.json:
        write("\n".join(RESULTS.get(arguments.what, _nothing_more)(record["name"], result)))
    if arguments.what == "self-test" and not result["passed"]:
        return ExitCode.NOT_COMPLETED
    return ExitCode.OK


# ---------------------------------------------------------------- what was found


def _status(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    status = client.security()
    if arguments.json:
        write(json.dumps(status))
        return ExitCode.OK
    keys = [("key", "kind", "state", "check value")]
    keys += [
        (str(key["key_id"]), key["kind"].lower(), key["state"].lower(), key["check_value"] or "-")
        for key in status["keys"]
    ]
    associations = [("SPI", "protects", "state", "key", "next number")]
    associations += [
        (
            str(each["spi"]),
            each["direction"],
            each["state"].lower(),
            "-" if each["key_id"] is None else str(each["key_id"]),
            str(each["next_counter"]),
        )
        for each in status["associations"]
    ]
    write("\n".join(["at the ground:", *table(keys), "", *table(associations)]))
    return ExitCode.OK


def _inventory(_name: str, result: Mapping[str, Any]) -> list[str]:
    rows = [("key", "ground", "spacecraft")]
    rows += [
        (str(key["key_id"]), (key["ground"] or "-").lower(), (key["spacecraft"] or "-").lower())
        for key in result["keys"]
    ]
    return table(rows)


def _associations(_name: str, result: Mapping[str, Any]) -> list[str]:
    rows = [("SPI", "protects", "changed last by", "newest number", "state at ground", "key at ground")]
    rows += [
        (
            str(each["spi"]),
            each["direction"],
            each["last_procedure"] or "-",
            "-" if each["counter"] is None else str(each["counter"]),
            each["ground_state"].lower(),
            "-" if each["ground_key_id"] is None else str(each["ground_key_id"]),
        )
        for each in result["associations"]
    ]
    return table(rows)


def _log(_name: str, result: Mapping[str, Any]) -> list[str]:
    rows = [("since boot", "event", "SPI", "number")]
    rows += [
        (f"{event['time_ns'] / 1e9:.3f} s", event["code"], str(event["spi"]), str(event["counter"]))
        for event in result["events"]
    ]
    return table(rows) if result["events"] else ["the log is empty"]


def _self_test(_name: str, result: Mapping[str, Any]) -> list[str]:
    return ["every cipher gave its known answer" if result["passed"] else "a cipher did NOT give its known answer"]


def _rotated(_name: str, result: Mapping[str, Any]) -> list[str]:
    return [f"{result['direction']} is protected by key {result['key_id']} in association {result['spi']}"]


def _nothing_more(name: str, _result: object) -> list[str]:
    return [f"{name} done"]


RESULTS: Mapping[str, Callable[[str, Any], list[str]]] = {
    "inventory": _inventory,
    "associations": _associations,
    "log": _log,
    "self-test": _self_test,
    "rotate": _rotated,
}
