"""``flightsw files``: files on ground, and files that go down and up."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ops_tools.cli_commands.ground_parsers import Pause, Subparsers, ground_parser, note_contact, seconds
from ops_tools.cli_commands.local_files import own_name, unwritable, write_out
from ops_tools.cli_commands.output import ExitCode, complain, note, table, write
from ops_tools.console.client import ConsoleClient
from ops_tools.console.printable import printable
from ops_tools.console.wording import octets_text, transfer_text

WAIT_STEP_S = 10.0
"""How long one request waits at the server; longer waits are several requests."""
AS_IT_SHOULD_BE = ("files", "completed", "pdus_down", "pdus_up", "accepted")
"""Counters that ``list`` does not mention; all of them are in its ``--json``."""
MAX_DIGITS = 18
"""Longest number of a transfer."""

HELP = """\
List the files that have come down and the transfers under way, or carry a file.

put sends a file up, get has one sent down, and ls lists a directory on board. Each waits until it is done, over as many
passes as that takes; interrupt it, and it goes on by itself. save writes a file that is on ground to this host. cancel,
suspend and resume take the number of a transfer.
"""
EXAMPLES = """\
examples:
  flightsw files
  flightsw files put notes.txt uploads/notes.txt
  flightsw files get products/00012.mask mask.bin
  flightsw files save products/00011.mask
  flightsw files ls products
  flightsw files cancel 7

Tables are not loaded from files that went up: 'flightsw table build --commands' prints the commands that load one.

exit codes: 0 done; 1 not done: it failed, was cancelled or takes longer; 2 wrong usage or refused on ground
"""


def register(subparsers: Subparsers) -> ArgumentParser:
    """Add ``files`` to the command line."""
    parser = ground_parser(subparsers, "files", "list files and carry them down and up", HELP, EXAMPLES)
    parser.add_argument("what", nargs="?", choices=tuple(ACTIONS), default="list", help="what to do (default list)")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="LOCAL REMOTE, REMOTE LOCAL, REMOTE, NAME [LOCAL], or the number"
    )
    parser.add_argument("--no-wait", action="store_true", help="return when it has begun")
    parser.add_argument(
        "--timeout", metavar="S", type=seconds, default=3600.0, help="longest wait, in seconds of this shell (3600)"
    )
    parser.add_argument("--unacknowledged", action="store_true", help="put: send once, what is lost stays lost")
    return parser


def run(arguments: Namespace, client: ConsoleClient, _pause: Pause) -> ExitCode:
    """Do what was asked for."""
    action, names = ACTIONS[arguments.what], NAMES[arguments.what]
    optional = [name for name in names if name.startswith("[")]
    if not len(names) - len(optional) <= len(arguments.names) <= len(names):
        wanted = " ".join(names) or "nothing"
        return complain("files", f"{arguments.what} needs {wanted} behind it, {len(arguments.names)} names are given")
    return action(arguments, client)


def _list(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    found = client.files()
    if arguments.json:
        write(json.dumps(found))
        return ExitCode.OK
    files = [(printable(file["name"]), octets_text(file["octets"])) for file in found["files"]]
    transfers = [_row(transfer) for transfer in found["transfers"]]
    write("\n".join([*table(files), *table(transfers)]) or "no file on ground, and no transfer so far")
    if amiss := _amiss(found["counters"]):
        note(f"counted: {amiss}")
    note_contact(client)
    return ExitCode.OK


def _amiss(counters: Mapping[str, Any]) -> str:
    """What was counted that is not as it should be, in words."""
    flat = {**counters.get("files", {}), **counters}
    return ", ".join(
        f"{name.replace('_', ' ')} {flat[name]}" for name in flat if name not in AS_IT_SHOULD_BE and flat[name]
    )


def _row(transfer: Mapping[str, Any]) -> tuple[str, str, str, str]:
    reason = f": {_reason(transfer)}" if transfer["outcome"] == "failed" else ""
    known = transfer["outcome"] == "open" and transfer["octets"] is not None
    how_far = transfer_text(transfer["progress"], transfer["octets"]) if known else ""
    return (
        f"#{transfer['number']}",
        transfer["kind"],
        printable(transfer["remote"]),
        f"{transfer['phase']}{reason}  {how_far}".rstrip(),
    )


def _put(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    local, remote = arguments.names
    try:
        content = Path(local).read_bytes()
    except OSError as error:
        return complain("files", f"{local}: {error.strerror or error}")
    transfer = _wait(arguments, client, client.put_file(remote, content, acknowledged=not arguments.unacknowledged))
    return _tell(arguments, transfer)


def _get(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    remote, local = arguments.names
    if arguments.no_wait:
        return complain("files", "get writes the file when it has come; --no-wait is for put")
    if problem := unwritable(local):
        return complain("files", problem)
    if any(file["name"] == remote for file in client.files()["files"]):
        note(f"{printable(remote)} is on ground already; 'flightsw files save' would write it without the spacecraft")
    transfer = _wait(arguments, client, client.get_file(remote))
    if transfer["outcome"] == "open":
        note(f"when it has come, 'flightsw files save {transfer['local']} {printable(local)}' writes it")
    elif transfer["outcome"] == "finished" and (problem := write_out(local, client.file_content(transfer["local"]))):
        return complain("files", problem)
    return _tell(arguments, transfer)


def _save(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    name, *given = arguments.names
    local = given[0] if given else own_name(name)
    if problem := unwritable(local):
        return complain("files", problem)
    if not given and os.path.lexists(local):
        return complain("files", f"{local} is there already; say where to write it: save NAME LOCAL")
    content = client.file_content(name)
    if problem := write_out(local, content):
        return complain("files", problem)
    told = {"name": name, "local": local, "octets": len(content)}
    write(json.dumps(told) if arguments.json else f"{printable(local)}, {len(content)} octets")
    return ExitCode.OK


def _ls(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    (remote,) = arguments.names
    if arguments.no_wait:
        return complain("files", "ls shows the listing when it has come; --no-wait is for put")
    transfer = _wait(arguments, client, client.list_directory(remote))
    if transfer["outcome"] != "finished":
        return _tell(arguments, transfer)
    lines = client.file_content(transfer["local"]).decode(errors="replace").splitlines()
    entries = [line.partition("\t") for line in lines]
    if arguments.json:
        write(json.dumps({name: int(octets) if octets else None for name, _, octets in entries}))
    else:
        write("\n".join(table([(printable(name), printable(octets)) for name, _, octets in entries])) or "empty")
    return ExitCode.OK


def _change(arguments: Namespace, client: ConsoleClient) -> ExitCode:
    (text,) = arguments.names
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        return complain("files", f"{text!r} is no number of a transfer; 'flightsw files' lists them")
    transfer = client.change_transfer(int(text), arguments.what)
    write(json.dumps(transfer) if arguments.json else f"#{transfer['number']} {transfer['phase']}")
    return ExitCode.OK


def _wait(arguments: Namespace, client: ConsoleClient, transfer: dict[str, Any]) -> dict[str, Any]:
    """Wait until a transfer is over, and say how far it has got when that has changed."""
    if arguments.no_wait:
        return transfer
    left_s, told = arguments.timeout, ""
    note_contact(client)
    try:
        while transfer["outcome"] == "open" and left_s > 0:
            step_s = min(left_s, WAIT_STEP_S)
            transfer = client.transfer(transfer["number"], step_s)
            left_s -= step_s
            now = f"#{transfer['number']} {_row(transfer)[-1]}"
            if transfer["outcome"] == "open" and now != told:
                note(now)
                told = now
    except KeyboardInterrupt:
        note(f"#{transfer['number']} goes on; 'flightsw files cancel {transfer['number']}' would end it")
    return transfer


def _tell(arguments: Namespace, transfer: Mapping[str, Any]) -> ExitCode:
    if arguments.json:
        write(json.dumps(transfer))
    else:
        octets = "" if transfer["octets"] is None else f", {transfer['octets']} octets"
        failed = f": {_reason(transfer)}" if transfer["outcome"] == "failed" else octets
        write(f"#{transfer['number']} {printable(transfer['remote'])} {transfer['outcome']}{failed}")
    begun = arguments.no_wait and transfer["outcome"] == "open"
    return ExitCode.OK if begun or transfer["outcome"] == "finished" else ExitCode.NOT_COMPLETED


def _reason(transfer: Mapping[str, Any]) -> str:
    condition = str(transfer["condition"]).replace("_", " ").lower()
    if transfer["kind"] == "put" and transfer["condition"] == "FILESTORE_REJECTION":
        condition += "; why, the spacecraft has said in an event: flightsw events"
    return printable(transfer["reason"]) or condition


ACTIONS: Mapping[str, Callable[[Namespace, ConsoleClient], ExitCode]] = {
    "list": _list,
    "put": _put,
    "get": _get,
    "ls": _ls,
    "save": _save,
    "cancel": _change,
    "suspend": _change,
    "resume": _change,
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "list": (),
    "put": ("LOCAL", "REMOTE"),
    "get": ("REMOTE", "LOCAL"),
    "ls": ("REMOTE",),
    "save": ("NAME", "[LOCAL]"),
    "cancel": ("NUMBER",),
    "suspend": ("NUMBER",),
    "resume": ("NUMBER",),
}
