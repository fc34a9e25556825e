"""``flightsw cmd``, ``flightsw tlm`` and ``flightsw events``: operate a spacecraft from a shell."""

from __future__ import annotations

import argparse
import json
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from ops_tools.cli_commands.arguments import count, sendable
from ops_tools.cli_commands.output import ExitCode, age_text, complain, table, value_text, write
from ops_tools.console.client import DEFAULT_URL, ConsoleClient, ConsoleRequestError, ConsoleUnreachableError
from ops_tools.console.printable import printable
from ops_tools.console.wording import utc_text

WAIT_STEP_S = 10.0
"""How long one request waits at the server; longer waits are several requests."""
WAIT_STAGES = ("sent", "accepted", "started", "progress", "completed")
SEVERITIES = ("debug", "info", "error", "critical")

Subparsers = Any
"""What ``ArgumentParser.add_subparsers`` returns; argparse has no public name for it."""

CMD_HELP = """\
Check a command against the dictionary, send it, and follow it to its verdict.

Arguments are written NAME=VALUE; numbers also as 0x1F, enumerations by name, booleans as true or false, octets as
hexadecimal digits, arrays and structures as JSON. What the dictionary does not allow is refused, and nothing leaves.
"""
CMD_EXAMPLES = """\
examples:
  flightsw cmd POWER.NOOP
  flightsw cmd THERMAL.SET_HEATER heater=3 control=ON
  flightsw cmd ATTITUDE.SET_POINTING mode=TARGET latitude=39.9 longitude=116.4 --wait accepted
  flightsw cmd POWER.SWITCH_LINE line=3 on=false --confirm "camera latched up, pass 14"

exit codes: 0 completed, or the stage was reached; 1 rejected, failed or timed out; 2 refused on ground or wrong usage
"""
TLM_HELP = """\
Show the newest values received. Without a name: all packets and their age.

A name is a packet (POWER.POWER_STATUS), a field (POWER.POWER_STATUS.state_of_charge), or the short form of a field that
only one packet of the app has (POWER.state_of_charge). Items of arrays are written THERMAL.temperatures[2].
"""
TLM_EXAMPLES = """\
examples:
  flightsw tlm
  flightsw tlm POWER.state_of_charge PAYLOAD.board_temperature --watch
  flightsw tlm POWER.POWER_STATUS --json
  flightsw tlm POWER.state_of_charge --history 60
"""
EVENTS_HELP = """\
Show the event log: what the spacecraft reports, and what the ground has noticed.

Marked are events that were recorded and played back, events in the short form, which come without their fields (… in
the text), and entries of the logs on board, which EVENT_SERVICES.DUMP_LOG sends and which may be shown already.
"""
EVENT_MARKS = {"recorded": "recorded", "short": "short form", "from_log": "log on board"}
"""What is said of an event behind its text, by what the console answers."""
EVENTS_EXAMPLES = """\
examples:
  flightsw events --limit 20
  flightsw events --severity error --follow
"""


def register(subparsers: Subparsers) -> None:
    """Add ``cmd``, ``tlm`` and ``events`` to the command line; each sets ``run``, which takes the arguments."""
    _register_cmd(subparsers)
    _register_tlm(subparsers)
    _register_events(subparsers)


def run(
    arguments: Namespace,
    client: ConsoleClient | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Run one of the commands and return its exit code.

    Args:
        arguments: as parsed.
        client: whom to ask, the console at ``--url`` if None.
        pause: waits between two looks, in seconds.
    """
    client = client or ConsoleClient(arguments.url)
    commands: Mapping[str, Callable[[Namespace, ConsoleClient, Callable[[float], None]], ExitCode]] = {
        "cmd": _run_cmd,
        "tlm": _run_tlm,
        "events": _run_events,
    }
    try:
        return int(commands[arguments.ground_command](arguments, client, pause))
    except (ConsoleUnreachableError, ConsoleRequestError) as error:
        return int(complain(arguments.ground_command, error))
    except KeyboardInterrupt:
        return int(ExitCode.OK)


def _parser(subparsers: Subparsers, name: str, summary: str, text: str, examples: str) -> ArgumentParser:
    parser: ArgumentParser = subparsers.add_parser(
        name, help=summary, description=text, epilog=examples, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default=DEFAULT_URL, help=f"address of the console (default {DEFAULT_URL})")
    parser.add_argument("--json", action="store_true", help="write what the console answers, for programs")
    parser.set_defaults(run=run, ground_command=name)
    return parser


# ------------------------------------------------------------------ cmd


def _register_cmd(subparsers: Subparsers) -> None:
    parser = _parser(subparsers, "cmd", "send a command and wait for its verdict", CMD_HELP, CMD_EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="the command, as in POWER.SWITCH_LINE")
    parser.add_argument("arguments", metavar="ARG=VALUE", nargs="*", type=_argument, help="its arguments, by name")
    parser.add_argument("--confirm", metavar="REASON", help="why a hazardous command is to be sent; it needs one")
    parser.add_argument("--wait", metavar="STAGE", choices=WAIT_STAGES, default="completed", help=_wait_help())
    parser.add_argument(
        "--timeout", metavar="S", type=_seconds, default=300.0, help="longest wait in seconds of the ground (300)"
    )


def _wait_help() -> str:
    return f"return at this stage: {', '.join(WAIT_STAGES)} (default completed)"


def _run_cmd(arguments: Namespace, client: ConsoleClient, _pause: Callable[[float], None]) -> ExitCode:
    given = dict(arguments.arguments)
    if len(given) < len(arguments.arguments):
        return complain("cmd", "an argument is given twice")
    try:
        record = client.issue(arguments.name, given, arguments.confirm)
    except ConsoleRequestError as error:
        refused = error.answer.get("command")
        if refused is None:
            raise
        if arguments.json:
            write(json.dumps(refused))
        return complain("cmd", f"{refused['name']} refused on ground, nothing was sent: {error.message}")
    if not arguments.json:
        write(f"#{record['number']} {record['name']} {record['stage']}")
    record = _wait(client, record, arguments.wait, arguments.timeout)
    if arguments.json:
        write(json.dumps(record))
    return _tell(record, arguments)


def _wait(client: ConsoleClient, record: dict[str, Any], stage: str, timeout_s: float) -> dict[str, Any]:
    left_s = timeout_s
    while left_s > 0 and not _reached(record, stage):
        step_s = min(left_s, WAIT_STEP_S)
        record = client.command(record["number"], wait=stage, timeout_s=step_s)
        left_s -= step_s
    return record


def _reached(record: Mapping[str, Any], stage: str) -> bool:
    reached = [WAIT_STAGES.index(name) for name in record["times"] if name in WAIT_STAGES]
    return record["verdict"] is not None or WAIT_STAGES.index(stage) <= max(reached, default=-1)


def _tell(record: Mapping[str, Any], arguments: Namespace) -> ExitCode:
    """Say how far the command has come, and whether that is what was asked for."""
    verdict = record["verdict"]
    if verdict is None:
        reached = _reached(record, arguments.wait)
        if not arguments.json:
            wanted = "" if reached else f"; {arguments.wait} not reached in {arguments.timeout:g} s, it goes on"
            write(f"#{record['number']} {record['stage']}{wanted}")
        return ExitCode.OK if reached else ExitCode.NOT_COMPLETED
    if not arguments.json:
        seconds = (record["times"]["finished"] - record["issued_ns"]) / 1e9
        code = "" if record["code"] in ("NONE", None) else f" ({record['code']})"
        reason = f": {printable(record['reason'])}" if record["reason"] else ""
        write(f"#{record['number']} {verdict.replace('_', ' ')} after {seconds:.1f} s{code}{reason}")
    if verdict == "refused_on_ground":
        return ExitCode.USAGE
    return ExitCode.OK if verdict == "completed" else ExitCode.NOT_COMPLETED


def _argument(text: str) -> tuple[str, object]:
    name, equals, value = sendable(text, text.partition("=")[0]).partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    if value[:1] in ("[", "{"):
        try:
            return name, json.loads(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{name} is no JSON: {error}") from None
    return name, value


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds")
    return seconds


# ------------------------------------------------------------------ tlm


def _register_tlm(subparsers: Subparsers) -> None:
    parser = _parser(subparsers, "tlm", "show telemetry", TLM_HELP, TLM_EXAMPLES)
    parser.add_argument("names", metavar="NAME", nargs="*", help="packets and fields")
    parser.add_argument("--history", metavar="N", type=int, default=0, help="also the last N values")
    parser.add_argument("--watch", action="store_true", help="show them again and again, until interrupted")
    parser.add_argument("--period", metavar="S", type=_seconds, default=1.0, help="time between two looks (1 s)")


def _run_tlm(arguments: Namespace, client: ConsoleClient, pause: Callable[[float], None]) -> ExitCode:
    while True:
        values = client.telemetry(arguments.names, max(0, arguments.history))
        if arguments.json:
            write(json.dumps(values))
        elif arguments.names:
            write("\n".join(line for value in values for line in _value_lines(value)))
        else:
            write("\n".join(table([_packet_row(value) for value in values])))
        if not arguments.watch:
            return ExitCode.OK
        pause(arguments.period)


def _packet_row(value: Mapping[str, Any]) -> tuple[str, str, str]:
    return value["name"], f"{value['received']} received", age_text(value["age_ns"], stale=value["stale"])


def _value_lines(value: Mapping[str, Any]) -> list[str]:
    age = age_text(value["age_ns"], stale=value["stale"])
    if value["kind"] == "packet":
        fields = [("  " + name, value_text(item)) for name, item in (value["fields"] or {}).items()]
        lines = [f"{value['name']}  {age}", *table(fields)]
        history = [f"  {_time_text(item['time_ns'])}  {value_text(item['fields'])}" for item in _history(value)]
    else:
        unit = "" if value["unit"] in ("", "1") else f" {value['unit']}"
        limit = "" if value["limit"] == "UNLIMITED" or value["value"] is None else f"  {value['limit']}"
        lines = [f"{value['name']}  {value_text(value['value'])}{unit}{limit}  {age}"]
        history = [f"  {_time_text(time_ns)}  {value_text(item)}" for time_ns, item in _history(value)]
    return lines + history


def _history(value: Mapping[str, Any]) -> list[Any]:
    return list(value.get("history", []))


def _time_text(time_ns: int) -> str:
    """Spacecraft time as UTC, in seconds where that is not possible."""
    return utc_text(time_ns, milliseconds=True) or f"{time_ns / 1e9:.3f} s"


# ------------------------------------------------------------------ events


def _register_events(subparsers: Subparsers) -> None:
    parser = _parser(subparsers, "events", "show the event log", EVENTS_HELP, EVENTS_EXAMPLES)
    parser.add_argument("--severity", choices=SEVERITIES, default="info", help="at least this severity (default info)")
    parser.add_argument("--limit", metavar="N", type=count, default=50, help="at most so many (default 50)")
    parser.add_argument("--follow", action="store_true", help="go on with new events, until interrupted")
    parser.add_argument("--period", metavar="S", type=_seconds, default=1.0, help="time between two looks (1 s)")


def _run_events(arguments: Namespace, client: ConsoleClient, pause: Callable[[float], None]) -> ExitCode:
    newest = 0
    while True:
        events = client.events(arguments.severity, since=newest, limit=arguments.limit)
        for event in events:
            newest = event["number"]
            write(json.dumps(event) if arguments.json else _event_line(event))
        if not arguments.follow:
            return ExitCode.OK
        pause(arguments.period)


def _event_line(event: Mapping[str, Any]) -> str:
    ground_time = f"ground {event['received_ns'] / 1e9:.3f} s"
    when = ground_time if event["time_ns"] is None else _time_text(event["time_ns"])
    marks = [mark for key, mark in EVENT_MARKS.items() if event.get(key)]
    marked = f" ({', '.join(marks)})" if marks else ""
    return f"{when:>23}  {event['severity']:<8}  {event['name']}  {printable(event['text'])}{marked}"
