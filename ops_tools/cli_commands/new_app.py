"""``flightsw new-app``: a working, tested skeleton."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from ops_tools.new_app.create import create_app


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``new-app``."""
    parser = commands.add_parser(
        "new-app",
        help="write a working, tested skeleton of an app",
        description="Writes an app with its test, and a mission and a scenario that fly it beside the reference apps.",
        epilog="Then: pytest NAME, and flightsw sil NAME/scenario.toml.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the app, snake case")
    parser.add_argument("--into", type=Path, metavar="DIR", help="folder to write into (default: a new folder NAME)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the app."""
    folder = options.into or Path(options.name)
    console = Console()
    for path in create_app(options.name, folder):
        console.print(f"wrote {path}", highlight=False, soft_wrap=True)
    console.print(f"test it:  pytest {folder}", highlight=False, soft_wrap=True)
    console.print(f"fly it:   flightsw sil {folder / 'scenario.toml'}", highlight=False, soft_wrap=True)
    return 0
