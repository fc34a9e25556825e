"""``flightsw bus``: what became of the messages on the spacecraft's bus."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ops_tools.cli_commands.command_following import follow, interrupted
from ops_tools.cli_commands.ground_parsers import Pause, Subparsers, contact_text, ground_parser, note_contact
from ops_tools.cli_commands.output import ExitCode, age_text, complain, note, table, write
from ops_tools.console.client import ConsoleClient

HELP = """\
Show what became of the messages on the spacecraft's bus.

ledger shows the newest account over all processes: every message sent was delivered, waits, or was dropped for a
reason. mailbox APP and links ask the spacecraft for a report, wait for it, and show it: what one app is subscribed to
and lost, and what passed between processes. Without contact the question waits for the next one, and so does this line;
interrupt it to withdraw the question.
"""
EXAMPLES = """\
examples:
  flightsw bus ledger
  flightsw bus mailbox THERMAL
  flightsw bus links

exit codes: 0 shown; 1 the ledger does not close, or no report came; 2 nothing was asked
"""
LEDGER = "EXECUTIVE.EXECUTIVE_STATUS"
LINKS = "SOFTWARE_BUS.LINK_REPORT"
MAX_PROCESSES = 64
ANSWER_WITHIN_S = 60.0
"""Longest wait for a report after it was asked for, in seconds of this shell."""


def register(subparsers: Subparsers) -> ArgumentParser:
    """Add ``bus`` to the command line."""
    parser = ground_parser(subparsers, "bus", "show the ledger, mailboxes and links of the bus", HELP, EXAMPLES)
    parser.add_argument("what", choices=tuple(SHOWS), help="which account")
    parser.add_argument("app", metavar="APP", nargs="?", help="the app whose mailbox it is")
    return parser


def run(arguments: Namespace, client: ConsoleClient, _pause: Pause) -> ExitCode:
    """Show one account."""
    if (arguments.what == "mailbox") == (arguments.app is None):
        return complain(
            "bus", "mailbox needs the name of an app, as in 'flightsw bus mailbox THERMAL'; the others none"
        )
    return SHOWS[arguments.what](arguments, client)


def _ledger(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    (packet,) = client.telemetry([LEDGER])
    fields = packet["fields"]
    if arguments.json:
        write(json.dumps(packet))
    elif fields is None:
        write("no account of the bus has come down so far")
    else:
        write("\n".join(_ledger_lines(fields, age_text(packet["age_ns"], stale=packet["stale"]))))
    if not arguments.json:
        note_contact(client)
    return ExitCode.OK if fields is not None and fields["ledger_closed"] else ExitCode.NOT_COMPLETED


def _ledger_lines(fields: Mapping[str, Any], age: str) -> list[str]:
    dropped = [(f"dropped: {each['reason']}", str(each["count"])) for each in fields["dropped"]]
    rows = [
        ("sent", str(fields["sent"])),
        ("sent x destinations", str(fields["offered"])),
        ("delivered", str(fields["delivered"])),
        ("waiting", str(fields["queued"])),
        *(dropped or [("dropped", "0")]),
        ("sent to nobody", str(fields["unrouted"])),
    ]
    closes = "closes" if fields["ledger_closed"] else "does NOT close"
    return [f"the ledger {closes}  {age}", *(f"  {line}" for line in table(rows))]


def _mailbox(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    app = arguments.app.upper()
    answered = _ask(client, f"{app}.REPORT_MAILBOX", quiet=arguments.json)
    if answered is not ExitCode.OK:
        return answered
    (packet,) = client.telemetry([f"{app}.MAILBOX_REPORT"])
    if arguments.json:
        write(json.dumps(packet))
    else:
        write("\n".join(_mailbox_lines(packet["fields"])))
    return ExitCode.OK


def _mailbox_lines(fields: Mapping[str, Any]) -> list[str]:
    inboxes = zip(("commands", "telemetry", "bulk"), fields["inboxes"], strict=True)
    lines = [
        f"{name}: {inbox['waiting']} wait, at most {inbox['high_water']} ever did, {inbox['depth']} may"
        for name, inbox in inboxes
    ]
    rows = [("message", "delivered", "waits", "limit", "lost", "overflow", "route")]
    rows += [
        (
            f"0x{each['message_id']:04x}",
            str(each["delivered"]),
            str(each["waiting"]),
            str(each["limit"]),
            str(each["lost"]),
            str(each["overflow"]),
            "enabled" if each["enabled"] else "DISABLED",
        )
        for each in fields["subscriptions"]
    ]
    lost = ", ".join(f"{each['count']} {each['reason']}" for each in fields["lost"]) or "nothing"
    return [*lines, f"lost: {lost}", *table(rows)]


def _links(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    answered = _ask(client, "SOFTWARE_BUS.REPORT_LINKS", quiet=arguments.json)
    if answered is not ExitCode.OK:
        return answered
    (packet,) = client.telemetry([LINKS], history=MAX_PROCESSES)
    reports = _newest(packet.get("history", []))
    if arguments.json:
        write(json.dumps(reports))
    elif not reports:
        write("no links: all apps are in one process, or no report has come down")
    else:
        write("\n".join(line for report in reports for line in _link_lines(report)))
    return ExitCode.OK


def _newest(history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The newest report of each process, in the order in which they came."""
    reports = {item["fields"]["process"]: item["fields"] for item in history}
    return list(reports.values())


def _link_lines(report: Mapping[str, Any]) -> list[str]:
    trouble = ("unkept", "foreign", "different", "refused_connections")
    heads = [f"{name.replace('_', ' ')} {report[name]}" for name in trouble if report[name]]
    commands = ", ".join(f"{report[name]} {name}" for name in ("unconfirmed", "resent", "duplicates"))
    rows = [
        (
            f"  to {link['receiver']}",
            f"{link['offered']} offered",
            f"{link['received']} received",
            f"{link['lost']} lost",
        )
        for link in report["links"]
    ]
    return [f"{report['process']}: commands {commands}{''.join(f', {head}' for head in heads)}", *table(rows)]


def _ask(client: ConsoleClient, command: str, *, quiet: bool) -> ExitCode:
    """Ask the spacecraft for a report; OK when it has answered."""

    def tell_contact(record: Mapping[str, Any]) -> None:
        if not quiet:
            note(f"#{record['number']} contact, {record['stage']}")

    record = client.issue(command, {})
    try:
        if record["stage"] == "waiting" and not quiet:
            note(f"#{record['number']} {command} waiting: {contact_text(client.status())}")
        record = follow(client, record, "completed", ANSWER_WITHIN_S, tell_contact)
    except KeyboardInterrupt:
        return interrupted(client, "bus", record["number"])
    if record["verdict"] == "completed":
        return ExitCode.OK
    complain("bus", f"{command} {record['verdict'] or record['stage']}: {record['reason'] or 'no report came'}")
    return ExitCode.NOT_COMPLETED


SHOWS: Mapping[str, Callable[[Namespace, ConsoleClient], ExitCode]] = {
    "ledger": _ledger,
    "mailbox": _mailbox,
    "links": _links,
}
