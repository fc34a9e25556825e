"""What the command lines that speak with a running ground have in common, and how they tell of contact."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

import msgspec

from ops_tools.cli_commands.output import note
from ops_tools.console.client import DEFAULT_URL, ConsoleClient
from ops_tools.console.wording import outlook_text
from ops_tools.ground.contact_plan import ContactOutlook

Subparsers = Any
"""What ``ArgumentParser.add_subparsers`` returns; argparse has no public name for it."""
Pause = Callable[[float], None]
"""Waits so many seconds."""


def ground_parser(subparsers: Subparsers, name: str, summary: str, text: str, examples: str) -> ArgumentParser:
    """A parser with the options that all of them have."""
    parser: ArgumentParser = subparsers.add_parser(
        name, help=summary, description=text, epilog=examples, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default=DEFAULT_URL, help=f"address of the console (default {DEFAULT_URL})")
    parser.add_argument("--json", action="store_true", help="write what the console answers, for programs")
    parser.set_defaults(ground_command=name)
    return parser


def seconds(text: str) -> float:
    """An argument that is a time in seconds, from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds")
    return value


def contact_text(status: Mapping[str, Any]) -> str:
    """Contact in words, from the console's status."""
    return outlook_text(msgspec.convert(status["contact"], ContactOutlook), status["speed"])


def note_contact(client: ConsoleClient) -> None:
    """Say on standard error, beside what was asked for, that there is no contact and when the next one begins."""
    status = client.status()
    if not status["contact"]["in_contact"]:
        note(contact_text(status))
