"""Actions of a command, as in ``flightsw keys create``: each with a help of its own that teaches by examples."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

Subparsers = Any
"""What ``ArgumentParser.add_subparsers`` returns; argparse has no public name for it."""


def epilog(examples: str, exit_codes: str) -> str:
    """What stands behind the arguments: command lines to copy, and what the exit code tells."""
    return f"examples:\n{examples}\n{exit_codes}"


def add_action(actions: Subparsers, name: str, summary: str, behind: str, text: str = "") -> ArgumentParser:
    """Add an action.

    Args:
        actions: of the command.
        name: of the action.
        summary: half a line, for the command's help.
        behind: stands behind the arguments in its own help.
        text: stands before them; the summary if there is none.
    """
    made: ArgumentParser = actions.add_parser(
        name,
        help=summary,
        description=text or f"{summary[0].upper()}{summary[1:]}.",
        epilog=behind,
        formatter_class=RawDescriptionHelpFormatter,
    )
    return made
