"""What ``flightsw demo`` and ``flightsw sil`` do: fly, show, write, and say how it went."""

from __future__ import annotations

import argparse
import contextlib
import re
from pathlib import Path
from typing import BinaryIO

import msgspec
from rich.console import Console

from flightsw.runtime.trace import TraceChain
from ops_tools.reference_mission import reference_mission
from ops_tools.result_file import OutputError, write_json
from ops_tools.sil.flight_progress import FlightProgress
from ops_tools.sil.flight_view import FlightView
from ops_tools.sil.report.records import Verdict
from ops_tools.sil.report.render import write
from ops_tools.sil.reporting import mission_report
from ops_tools.sil.result import FlightResult
from ops_tools.sil.runner import Flight
from ops_tools.sil.scenario import LoadedScenario, ScenarioError, load_scenario
from ops_tools.sil.summary import print_commands, print_expectations, print_summary, text_console

ORBIT_S = 5700
SHORTEST_S = 60
EXIT_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 1, Verdict.ERROR: 1}


def run_demo(options: argparse.Namespace) -> int:
    """Fly the reference mission.

    Raises:
        OutputError: result or report could not be written; the flight has been summed up all the same.
    """
    loaded = load_scenario(reference_mission() / "scenarios" / "one_orbit.toml")
    if options.orbits != 1:
        scenario = msgspec.structs.replace(loaded.scenario, name=f"{options.orbits:g} orbits")
        loaded = msgspec.structs.replace(loaded, scenario=scenario)
    flight = Flight(loaded, options.seed, duration_s=max(SHORTEST_S, round(options.orbits * ORBIT_S)))
    if options.headless:
        result = _fly_on(flight)
    else:
        with FlightView(flight, Console(), options.speed) as view:
            result = flight.fly(view.show)
    results = Results(options.json)
    try:
        result = _with_report(flight, result, options.report / report_name(flight))
    finally:
        results.add(result)
        print_summary(result, text_console())
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
    console, results, names = text_console(), Results(options.json), set[str]()
    try:
        for path, scenario in zip(options.scenario, loaded, strict=True):
            flight, result = _fly(scenario, options)
            try:
                if options.out is not None:
                    result = _with_report(flight, result, options.out / _unused(report_name(flight), names))
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


def report_name(flight: Flight) -> str:
    """File name of a flight's report: flights of another mission, scenario, length or seed have another."""
    words = f"{flight.vehicle.mission.name} {flight.loaded.scenario.name} {flight.seed}"
    return re.sub("[^a-z0-9_.]+", "-", words.lower()).strip("-.") + ".html"


def _unused(name: str, used: set[str]) -> str:
    """The name, with a number if another flight of the same command has it already, so that no report is lost."""
    stem, number = name.removesuffix(".html"), 1
    while name in used:
        number += 1
        name = f"{stem}-{number}.html"
    used.add(name)
    return name


def _fly(loaded: LoadedScenario, options: argparse.Namespace) -> tuple[Flight, FlightResult]:
    """Fly one scenario, with the traces that are wanted."""
    with contextlib.ExitStack() as stack:
        trace = None if options.trace is None else TraceChain(stack.enter_context(_opened(options.trace)))
        flight = Flight(loaded, options.seed, trace)
        if options.trace_handlers is not None:
            flight.vehicle.runtime.trace_handlers()
        result = _fly_on(flight)
    if options.trace_handlers is not None:
        flight.vehicle.runtime.write_handler_trace(options.trace_handlers)
    return flight, result


def _fly_on(flight: Flight) -> FlightResult:
    """Fly without a view; whoever waits at a terminal sees how far it is."""
    with FlightProgress(flight, Console(stderr=True)) as progress:
        return flight.fly(progress.show)


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
    print_commands(result, console)
    print_expectations(result, console)
    reason = f": {result.verdict_reason}" if result.verdict_reason else ""
    console.print(
        f"{path.name}: {result.verdict.value}, trace {result.trace_hash}, {result.simulated_s} s simulated, "
        f"{result.cpu_s:.1f} s CPU{reason}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if result.report:
        console.print(f"report {result.report}", highlight=False, markup=False, soft_wrap=True)
