"""The campaign from the command line: ``python -m tests.fuzz``, see ``docs/fuzzing.md``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.campaign import ChunkReport, run_chunk
from tests.fuzz.plan import jobs_of
from tests.fuzz.processes import run_campaign
from tests.fuzz.registry import TARGETS, target_named
from tests.fuzz.results import Results

INPUTS = 10_000_000
INTERRUPTED = 130
"""What a shell takes for the end by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign, or one chunk of it again; returns 1 if there is a fault, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Changed inputs for every decoder.")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="over all targets (default: %(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the inputs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--target", action="append", help="only this target; may be given several times")
    parser.add_argument("--chunk", type=int, help="run this chunk of the one target again, and nothing else")
    parser.add_argument("--json", type=Path, help="document to write, and to go on with if it is not complete")
    given = parser.parse_args(arguments)
    targets = [target_named(name) for name in given.target] if given.target else list(TARGETS)
    if given.chunk is not None:
        report = run_chunk(targets[0], given.seed, given.chunk)
        return _finish(_results_of(given.seed, report), None)
    inputs = int(given.inputs * given.scale)
    jobs = jobs_of(targets, given.seed, inputs)
    results = Results.resume(given.json, given.seed, inputs, len(jobs))
    try:
        run_campaign(jobs, results, given.processes, given.json, _say)
    except KeyboardInterrupt:
        goes_on = "begins anew, since there was no --json FILE" if given.json is None else "goes on"
        _say(f"stopped at {results.percent} %; the same command {goes_on}")
        return INTERRUPTED
    return _finish(results, given.json)


def _results_of(seed: int, report: ChunkReport) -> Results:
    results = Results(seed, report.inputs, 1, 1)
    results.add(report)
    for finding in report.findings:
        _say(f"FAULT {finding}")
    return results


def _finish(results: Results, path: Path | None) -> int:
    _say(results.table())
    if path is not None:
        _say(f"written to {path}")
    return 1 if results.faults else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
