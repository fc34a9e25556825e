"""The jobs of a campaign in several processes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from tests.fuzz.plan import Job, JobReport, run_job
from tests.fuzz.results import Results

_AHEAD = 4
"""Jobs handed out ahead, per process."""
_JOBS_PER_LINE = 20


def run_campaign(
    jobs: Sequence[Job], results: Results, processes: int, path: Path | None, say: Callable[[str], None]
) -> None:
    """Run the jobs that are not done yet, save the results behind each, and say now and then how far it is."""
    first_resident: dict[tuple[str, int], int] = {}
    for job in _finished(islice(jobs, results.jobs_done, None), processes):
        results.jobs_done += 1
        for report in job.chunks:
            results.add(report)
            for finding in report.findings:
                say(f"FAULT {finding}")
        target = job.chunks[-1].target
        first = first_resident.setdefault((target, job.process), job.resident_octets)
        result = results.targets[target]
        result.growth_octets = max(result.growth_octets, job.resident_octets - first)
        if path is not None:
            results.save(path)
        if results.jobs_done % _JOBS_PER_LINE == 0 or results.jobs_done == results.jobs_wanted:
            say(f"{results.percent:>3} %  {results.inputs:,} inputs, {results.faults} faults, at {target} {result}")


def _finished(jobs: Iterable[Job], processes: int) -> Iterator[JobReport]:
    """The reports of jobs, in the order of the jobs."""
    if processes <= 1:
        yield from map(run_job, jobs)
        return
    waiting = iter(jobs)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _leave_interrupts) as pool:
        under_way = [pool.submit(run_job, job) for job in islice(waiting, processes * _AHEAD)]
        try:
            while under_way:
                yield under_way.pop(0).result()
                under_way += [pool.submit(run_job, job) for job in islice(waiting, 1)]
        finally:
            if under_way:  # whoever turns away does not wait for jobs whose reports nobody takes
                for process in multiprocessing.active_children():
                    process.terminate()


def _leave_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the one that has begun the campaign."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
