"""``flightsw events``: look at the event log."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from ops_tools.cli_commands.arguments import count
from ops_tools.cli_commands.ground_parsers import Pause, Subparsers, ground_parser, note_contact, seconds
from ops_tools.cli_commands.output import ExitCode, note, time_text, write
from ops_tools.console.client import ConsoleClient
from ops_tools.console.printable import printable

SEVERITIES = ("debug", "info", "error", "critical")

MARKS = {"recorded": "recorded", "short": "short form", "from_log": "log on board"}
"""What is said of an event behind its text, by what the console answers."""

HELP = """\
Show the event log: what the spacecraft reports, and what the ground has noticed.

All times are UTC. The spacecraft's events come down in contact only. One look lists events by their time; --follow adds
new ones as they come. Marked are events that were recorded and played back, events in the short form, which come
without their fields (… in the text), and entries of the logs on board, which EVENT_SERVICES.DUMP_LOG sends and which
may be shown already.
"""
EXAMPLES = """\
examples:
  flightsw events --limit 20
  flightsw events --severity error --follow
"""


def register(subparsers: Subparsers) -> ArgumentParser:
    """Add ``events`` to the command line."""
    parser = ground_parser(subparsers, "events", "show the event log", HELP, EXAMPLES)
    parser.add_argument("--severity", choices=SEVERITIES, default="info", help="at least this severity (default info)")
    parser.add_argument("--limit", metavar="N", type=count, default=50, help="at most so many (default 50)")
    parser.add_argument("--follow", action="store_true", help="go on with new events, until interrupted")
    parser.add_argument("--period", metavar="S", type=seconds, default=1.0, help="time between two looks (1 s)")
    return parser


def run(arguments: Namespace, client: ConsoleClient, pause: Pause) -> ExitCode:
    """Show events, once or as they come."""
    newest = 0
    while True:
        events = client.events(arguments.severity, since=newest, limit=arguments.limit)
        newest = max([newest, *(event["number"] for event in events)])
        for event in sorted(events, key=_order):
            write(json.dumps(event) if arguments.json else _event_line(event))
        if not arguments.follow:
            break
        pause(arguments.period)
    if not arguments.json:
        if not events:
            note(f"no event of severity {arguments.severity} or above so far")
        note_contact(client)
    return ExitCode.OK


def _order(event: Mapping[str, Any]) -> tuple[int, int]:
    """By time; an event of a ground without a date stands where it arrived, at the front."""
    return event["time_ns"] or 0, event["number"]


def _event_line(event: Mapping[str, Any]) -> str:
    when = f"ground {event['received_ns'] / 1e9:.3f} s" if event["time_ns"] is None else time_text(event["time_ns"])
    marks = [mark for key, mark in MARKS.items() if event.get(key)]
    marked = f" ({', '.join(marks)})" if marks else ""
    return f"{when:>23}  {event['severity']:<8}  {event['name']}  {printable(event['text'])}{marked}"
