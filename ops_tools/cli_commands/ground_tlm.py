"""``flightsw tlm``: look at telemetry."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from ops_tools.cli_commands.ground_parsers import Pause, Subparsers, ground_parser, note_contact, seconds
from ops_tools.cli_commands.output import ExitCode, age_text, note, table, time_text, value_text, write
from ops_tools.console.client import ConsoleClient

HELP = """\
Show the newest values received. Without a name: the packets that were received, and their age.

A name is an app (POWER), whose packets are listed, a packet (POWER.POWER_STATUS), a field
(POWER.POWER_STATUS.state_of_charge), or the short form of a field that only one packet of the app has
(POWER.state_of_charge). Items of arrays are written THERMAL.temperatures[2].

Without contact the values are as old as the last one; when the next begins is said on standard error.
"""
EXAMPLES = """\
examples:
  flightsw tlm
  flightsw tlm POWER
  flightsw tlm POWER.state_of_charge PAYLOAD.board_temperature --watch
  flightsw tlm POWER.POWER_STATUS --json
  flightsw tlm POWER.state_of_charge --history 60
"""


def register(subparsers: Subparsers) -> ArgumentParser:
    """Add ``tlm`` to the command line."""
    parser = ground_parser(subparsers, "tlm", "show telemetry", HELP, EXAMPLES)
    parser.add_argument("names", metavar="NAME", nargs="*", help="apps, packets and fields")
    parser.add_argument("--all", action="store_true", help="without a name: also packets that were never received")
    parser.add_argument("--history", metavar="N", type=int, default=0, help="also the last N values")
    parser.add_argument("--watch", action="store_true", help="show them again and again, until interrupted")
    parser.add_argument("--period", metavar="S", type=seconds, default=1.0, help="time between two looks (1 s)")
    return parser


def run(arguments: Namespace, client: ConsoleClient, pause: Pause) -> ExitCode:
    """Show values, once or again and again."""
    while True:
        packets, values = _ask(arguments, client)
        if arguments.json:
            write(json.dumps([*packets, *values]))
        else:
            lines = table([_packet_row(packet) for packet in packets])
            lines += [line for value in values for line in _value_lines(value)]
            if lines:
                write("\n".join(lines))
            elif not arguments.names:
                note("no packet so far")
            note_contact(client)
        if not arguments.watch:
            return ExitCode.OK
        pause(arguments.period)


def _ask(arguments: Namespace, client: ConsoleClient) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The packets to be listed, and the values to be shown in full."""
    apps = tuple(f"{name.upper()}." for name in arguments.names if "." not in name)
    if arguments.names and not apps:
        return [], client.telemetry(arguments.names, max(0, arguments.history))
    packets = client.telemetry([])
    if not arguments.names:
        return [each for each in packets if each["received"] or arguments.all or arguments.json], []
    packets = [each for each in packets if each["name"].startswith(apps)]
    there = {each["name"].partition(".")[0] for each in packets}
    others = [name for name in arguments.names if name.upper() not in there]
    return packets, client.telemetry(others, max(0, arguments.history)) if others else []


def _packet_row(value: Mapping[str, Any]) -> tuple[str, str, str]:
    return value["name"], f"{value['received']} received", age_text(value["age_ns"], stale=value["stale"])


def _value_lines(value: Mapping[str, Any]) -> list[str]:
    age = age_text(value["age_ns"], stale=value["stale"])
    if value["kind"] == "packet":
        fields = [("  " + name, value_text(item)) for name, item in (value["fields"] or {}).items()]
        lines = [f"{value['name']}  {age}", *table(fields)]
        history = [f"  {time_text(item['time_ns'])}  {value_text(item['fields'])}" for item in _history(value)]
    else:
        unit = "" if value["unit"] in ("", "1") or value["value"] is None else f" {value['unit']}"
        limit = "" if value["limit"] == "UNLIMITED" or value["value"] is None else f"  {value['limit']}"
        lines = [f"{value['name']}  {value_text(value['value'])}{unit}{limit}  {age}"]
        history = [f"  {time_text(time_ns)}  {value_text(item)}" for time_ns, item in _history(value)]
    return lines + history


def _history(value: Mapping[str, Any]) -> list[Any]:
    return list(value.get("history", []))
