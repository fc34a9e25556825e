"""What a benchmark finds out: figures over several runs, beside a reference, with what must be reached and the aim."""

from __future__ import annotations

import math
import os
import platform
import statistics
from collections.abc import Sequence
from enum import StrEnum, unique
from pathlib import Path
from typing import Any

import msgspec


@unique
class Better(StrEnum):
    """Which way a figure improves."""

    HIGHER = "higher"
    LOWER = "lower"


class Reference(msgspec.Struct, frozen=True):
    """What else was measured in the same run, in the unit of the figure.

    Attributes:
        name: what it is.
        median: over the runs.
    """

    name: str
    median: float


class Figure(msgspec.Struct, frozen=True):
    """One result of one benchmark; serialised as it stands.

    Attributes:
        bench: name of the benchmark.
        figure: what was measured.
        unit: of all numbers.
        median: over the runs.
        min: smallest run.
        max: largest run.
        runs: how many.
        reference: a peer measured in the same run, or None.
        must: what has to be reached, or None.
        aim: what is aimed at, or None.
        better: which way it improves.
        ok: whether the median reaches ``must``; true when there is none.
    """

    bench: str
    figure: str
    unit: str
    median: float
    min: float
    max: float
    runs: int
    reference: Reference | None
    must: float | None
    aim: float | None
    better: Better
    ok: bool


def figure(
    name: tuple[str, str],
    unit: str,
    values: Sequence[float],
    better: Better,
    *,
    must: float | None = None,
    aim: float | None = None,
    reference: tuple[str, Sequence[float]] | None = None,
) -> Figure:
    """Sum several runs up.

    Args:
        name: of the benchmark, and of what was measured.
        unit: of the values.
        values: one per run, at least one.
        better: which way the figure improves.
        must: what has to be reached.
        aim: what is aimed at.
        reference: name and values of a peer in the same run.
    """
    median = statistics.median(values)
    reached = must is None or (median >= must if better is Better.HIGHER else median <= must)
    return Figure(
        bench=name[0],
        figure=name[1],
        unit=unit,
        median=median,
        min=min(values),
        max=max(values),
        runs=len(values),
        reference=Reference(reference[0], statistics.median(reference[1])) if reference else None,
        must=must,
        aim=aim,
        better=better,
        ok=reached,
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def machine() -> dict[str, Any]:
    """What the benchmarks ran on."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
