"""What ``flightsw demo`` and ``flightsw sil`` do: fly, show, write, and say how it went."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
from rich.console import Console
from rich.table import Table

from flightsw.runtime.trace import TraceChain
from ops_tools.reference_mission import reference_mission
from ops_tools.result_file import OutputError, write_json
from ops_tools.sil.flight_view import FlightView
from ops_tools.sil.report.records import Verdict
from ops_tools.sil.report.render import write
from ops_tools.sil.reporting import mission_report
from ops_tools.sil.result import FlightResult
from ops_tools.sil.runner import Flight
from ops_tools.sil.scenario import LoadedScenario, ScenarioError, load_scenario

ORBIT_S = 5700
SHORTEST_S = 60
EXIT_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 1, Verdict.ERROR: 1}


def run_demo(options: argparse.Namespace) -> int:
    """Fly the reference mission.

    Raises:
        OutputError: result or report could not be written; the flight has been summed up all the same.
    """
    loaded = load_scenario(reference_mission() / "scenarios" / "one_orbit.toml")
    duration_s = max(SHORTEST_S, round(options.orbits * ORBIT_S))
    flight = Flight(loaded, options.seed, duration_s=duration_s)
    console = Console()
    if options.headless:
        result = flight.fly()
    else:
        with FlightView(flight, console, options.speed) as view:
            result = flight.fly(view.show)
    results = Results(options.json)
    try:
        result = _with_report(flight, result, options.report / f"urbanwatch-{options.seed}.html")
    finally:
        results.add(result)
        print_summary(result, console)
        results.write()
    return EXIT_STATUS[result.verdict]


def run_sil(options: argparse.Namespace) -> int:
    """Fly scenarios, one after the other; what has been flown is kept when a later one cannot be.

    Raises:
        ScenarioError: a file is none, or there are several and one trace is wanted; nothing has been flown.
        OutputError: result, report or trace could not be written.
    """
    for option, file in (("--trace", options.trace), ("--trace-handlers", options.trace_handlers)):
        if file is not None and len(options.scenario) > 1:
            number = len(options.scenario)
            raise ScenarioError(f"{option} takes one scenario, {number} are to be flown; fly them one by one")
    loaded = [load_scenario(path) for path in options.scenario]
    console, results = Console(), Results(options.json)
    reports = report_names(options.scenario, options.seed)
    try:
        for path, scenario, name in zip(options.scenario, loaded, reports, strict=True):
            flight, result = _fly(scenario, options)
            try:
                if options.out is not None:
                    result = _with_report(flight, result, options.out / name)
            finally:
                results.add(result)
                _tell(path, result, console)
    finally:
        results.write()
    return max(EXIT_STATUS[result.verdict] for result in results.flown)


class Results:
    """The results of one command, written together; a list unless it is one.

    Args:
        path: where, None for nowhere.
    """

    def __init__(self, path: Path | None) -> None:
        self.flown: list[FlightResult] = []
        self._path = path

    def add(self, result: FlightResult) -> None:
        """Take the result of a flight."""
        self.flown.append(result)

    def write(self) -> None:
        """Write what has been flown, if anything has.

        Raises:
            OutputError: the file cannot be written.
        """
        if self._path is not None and self.flown:
            write_json(self._path, self.flown[0] if len(self.flown) == 1 else self.flown)


def report_names(scenarios: Sequence[Path], seed: int) -> list[str]:
    """A name for the report of each scenario file; files of the same name get numbers, so that none is lost."""
    names: list[str] = []
    for number, path in enumerate(scenarios):
        alike = sum(other.stem == path.stem for other in scenarios[:number])
        names.append(f"{path.stem}-{seed}{f'-{alike + 1}' if alike else ''}.html")
    return names


def _fly(loaded: LoadedScenario, options: argparse.Namespace) -> tuple[Flight, FlightResult]:
    """Fly one scenario, with the traces that are wanted."""
    with contextlib.ExitStack() as stack:
        trace = None if options.trace is None else TraceChain(stack.enter_context(_opened(options.trace)))
        flight = Flight(loaded, options.seed, trace)
        if options.trace_handlers is not None:
            flight.vehicle.runtime.trace_handlers()
        result = flight.fly()
    if options.trace_handlers is not None:
        flight.vehicle.runtime.write_handler_trace(options.trace_handlers)
    return flight, result


def _opened(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _with_report(flight: Flight, result: FlightResult, path: Path) -> FlightResult:
    try:
        return msgspec.structs.replace(result, report=str(write(mission_report(flight, result), path)))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _tell(path: Path, result: FlightResult, console: Console) -> None:
    reason = f": {result.verdict_reason}" if result.verdict_reason else ""
    console.print(
        f"{path.name}: {result.verdict.value}, trace {result.trace_hash}, {result.simulated_s} s simulated, "
        f"{result.cpu_s:.1f} s CPU{reason}",
        highlight=False,
        soft_wrap=True,
    )


def print_summary(result: FlightResult, console: Console) -> None:
    """What came of a flight, for people."""
    table = Table(title="Commands", title_justify="left", box=None, pad_edge=False)
    for heading in ("#", "command", "verdict", "reason"):
        table.add_column(heading)
    for command in result.commands:
        mark = " (hazardous)" if command.hazardous else " (forced octets)" if command.forced else ""
        style = "" if command.verdict == command.expected else "bold red"
        name = (command.name or "?") + mark
        table.add_row(str(command.sequence), name, command.verdict, command.reason, style=style)
    console.print(table)
    console.print()
    saved = 1 - result.downlink.sent_bytes / result.downlink.raw_bytes if result.downlink.raw_bytes else 0.0
    images, products, ledger = result.images, result.products, result.ledger
    rows = {
        "images": f"{images.taken} taken, {images.discarded} discarded as cloudy, {images.processed} processed",
        "products": f"{products.files} files down, {products.bytes} octets, {products.alerts} alerts",
        "downlink": f"{result.downlink.sent_bytes} of {result.downlink.raw_bytes} octets sent, {saved:.2%} saved",
        "limits": f"violated for {result.limits.violations} s, "
        f"lowest state of charge {result.limits.lowest_state_of_charge:.1%}",
        "ledger": f"{ledger.offered} offered, {ledger.delivered} delivered, {sum(ledger.dropped.values())} dropped, "
        f"closed: {ledger.closed}",
        "trace": result.trace_hash,
        "time": f"{result.simulated_s} s simulated in {result.wall_s:.1f} s, {result.cpu_s:.1f} s CPU, "
        f"{result.rss_mb:.0f} MB, workers {result.worker_rss_mb:.0f} MB",
    }
    for name, text in rows.items():
        console.print(f"[bold]{name:9s}[/bold] {text}", highlight=False, soft_wrap=True)
    for expectation in result.expectations:
        console.print(
            f"{expectation.verdict.value:>9s} {expectation.requirement} {expectation.text} ({expectation.detail})",
            highlight=False,
            soft_wrap=True,
        )
    if result.report:
        console.print(f"[bold]report   [/bold] {result.report}", highlight=False, soft_wrap=True)
    console.print(
        f"[bold]verdict  [/bold] {result.verdict.value} {result.verdict_reason}", highlight=False, soft_wrap=True
    )
