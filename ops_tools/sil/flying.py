"""What ``flightsw demo`` and ``flightsw sil`` do: fly, show, write, and say how it went."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from flightsw.runtime.trace import TraceChain
from ops_tools.reference_mission import reference_mission
from ops_tools.sil.flight_view import FlightView
from ops_tools.sil.report.records import Verdict
from ops_tools.sil.report.render import write
from ops_tools.sil.reporting import mission_report
from ops_tools.sil.result import FlightResult
from ops_tools.sil.runner import Flight
from ops_tools.sil.scenario import load_scenario

ORBIT_S = 5700
EXIT_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 1, Verdict.ERROR: 1}


def run_demo(options: argparse.Namespace) -> int:
    """Fly the reference mission."""
    loaded = load_scenario(reference_mission() / "scenarios" / "one_orbit.toml")
    duration_s = max(60, round(options.orbits * ORBIT_S))
    flight = Flight(loaded, options.seed, duration_s=duration_s)
    console = Console()
    if options.headless:
        result = flight.fly()
    else:
        with FlightView(flight, console, options.speed) as view:
            result = flight.fly(view.show)
    report = write(mission_report(flight, result), options.report / f"urbanwatch-{options.seed}.html")
    result = msgspec.structs.replace(result, report=str(report))
    _write_json(options.json, [result])
    print_summary(result, console)
    return EXIT_STATUS[result.verdict]


def run_sil(options: argparse.Namespace) -> int:
    """Fly scenarios, one after the other."""
    console, results = Console(), []
    for path in options.scenario:
        loaded = load_scenario(path)
        with contextlib.ExitStack() as stack:
            trace = None if options.trace is None else TraceChain(stack.enter_context(options.trace.open("wb")))
            flight = Flight(loaded, options.seed, trace)
            if options.trace_handlers is not None:
                flight.vehicle.runtime.trace_handlers()
            result = flight.fly()
        if options.trace_handlers is not None:
            flight.vehicle.runtime.write_handler_trace(options.trace_handlers)
        if options.out is not None:
            report = write(mission_report(flight, result), options.out / f"{path.stem}-{options.seed}.html")
            result = msgspec.structs.replace(result, report=str(report))
        results.append(result)
        reason = f": {result.verdict_reason}" if result.verdict_reason else ""
        console.print(
            f"{path.name}: {result.verdict.value}, trace {result.trace_hash}, {result.simulated_s} s simulated, "
            f"{result.cpu_s:.1f} s CPU{reason}",
            highlight=False,
            soft_wrap=True,
        )
    _write_json(options.json, results)
    return max(EXIT_STATUS[result.verdict] for result in results)


def _write_json(path: Path | None, results: list[FlightResult]) -> None:
    if path is not None:
        content: object = results[0] if len(results) == 1 else results
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


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
