"""``flightsw bench``: named benchmarks, each beside its reference in the same run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops_tools.cli_commands.output import ExitCode, table, write

if TYPE_CHECKING:
    from ops_tools.bench.figures import Figure

DESCRIPTION = """\
Measures, and prints each figure as the median over at least 5 runs, with its smallest and largest, beside a reference
measured in the same run. Machines differ and are noisy: compare the ratio to the reference, and figures of one run.
"""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``bench``."""
    parser = commands.add_parser(
        "bench",
        help="measure, each figure beside a reference in the same run",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Examples: flightsw bench --list; flightsw bench bus.inproc bus.rtt --json figures.json",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    parser.add_argument("--list", action="store_true", help="say which there are, and measure nothing")
    parser.add_argument("--runs", type=_runs, default=5, metavar="N", help="runs of each, 5 or more (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure; the exit status says nothing of how good the figures are: a benchmark measures, a test asserts."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - only when used

    from ops_tools.bench.catalogue import chosen  # noqa: PLC0415
    from ops_tools.bench.effort import Effort  # noqa: PLC0415
    from ops_tools.bench.figures import machine  # noqa: PLC0415

    benchmarks = chosen(options.names)
    if options.list:
        for line in table([(benchmark.name, benchmark.summary) for benchmark in benchmarks]):
            write(line)
        return ExitCode.OK
    figures: list[Figure] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    from rich.console import Console  # noqa: PLC0415

    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        for benchmark in benchmarks:
            task = progress.add_task(f"{benchmark.name}: {benchmark.summary}")
            figures += benchmark.run(Effort(runs=options.runs))
            progress.remove_task(task)
    for line in report(figures):
        write(line)
    if options.json:
        from msgspec import to_builtins  # noqa: PLC0415

        document: dict[str, Any] = {"machine": machine(), "results": to_builtins(figures)}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return ExitCode.OK


def report(figures: Sequence[Figure]) -> list[str]:
    """The figures as a table for people."""
    head = ("bench", "figure", "median", "min … max", "unit", "must", "aim", "", "reference in the same run")
    rows: list[Sequence[str]] = [head]
    for each in figures:
        verdict = "" if each.must is None else "ok" if each.ok else "NOT REACHED"
        reference = f"{short(each.reference.median)} {each.reference.name}" if each.reference else ""
        spread = f"{short(each.min)} … {short(each.max)}"
        bounds = (short(each.must), short(each.aim))
        rows.append((each.bench, each.figure, short(each.median), spread, each.unit, *bounds, verdict, reference))
    return table(rows)


def short(value: float | None) -> str:
    """A number with three significant digits and k or M."""
    if value is None:
        return ""
    for size, suffix in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def _runs(text: str) -> int:
    runs = int(text)
    if runs < 5:
        raise argparse.ArgumentTypeError(f"{text} is less than 5, of which a median means something")
    return runs
