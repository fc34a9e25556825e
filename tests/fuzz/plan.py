"""How the inputs of a campaign are divided: among the targets by their shares, and into jobs."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from tests.fuzz.campaign import ChunkReport, resident_octets, run_chunk
from tests.fuzz.registry import target_named
from tests.fuzz.target import Target

CHUNKS_PER_JOB = 10


class Job(msgspec.Struct, frozen=True):
    """Some chunks of one target, one behind the other in one process."""

    target: str
    seed: int
    first_chunk: int
    chunks: int
    inputs: int
    """Over all chunks; the last one may be shorter."""


def jobs_of(targets: Sequence[type[Target]], seed: int, inputs: int) -> list[Job]:
    """The jobs of a campaign of at least so many inputs, target by target."""
    shares = sum(target.share for target in targets)
    jobs = []
    for target in targets:
        left = -(-inputs * target.share // shares)
        chunk = 0
        while left > 0:
            taken = min(left, CHUNKS_PER_JOB * target.chunk)
            chunks = -(-taken // target.chunk)
            jobs.append(Job(target.name, seed, chunk, chunks, taken))
            chunk += chunks
            left -= taken
    return jobs


class JobReport(msgspec.Struct):
    """What the chunks of a job gave."""

    chunks: list[ChunkReport]
    process: int
    """Number of the process that ran it."""
    resident_octets: int
    """Memory of this process behind it."""


def run_job(job: Job) -> JobReport:
    """Run the chunks of a job."""
    target = target_named(job.target)
    reports = []
    left = job.inputs
    for chunk in range(job.first_chunk, job.first_chunk + job.chunks):
        inputs = min(left, target.chunk)
        reports.append(run_chunk(target, job.seed, chunk, inputs))
        left -= inputs
    return JobReport(reports, os.getpid(), resident_octets())
