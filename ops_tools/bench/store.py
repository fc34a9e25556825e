"""The store, beside plain files written, flushed and renamed as safely, and as unsafely as can be."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from flightsw.hal.nvm import DirectoryNvm
from flightsw.services.store import Store
from ops_tools.bench.effort import Effort
from ops_tools.bench.figures import Better, Figure, figure, quantile

CHECKPOINT = bytes(range(256)) * 8
"""2 KiB: the size of a large checkpoint of the reference mission."""
SAVES = 100
LOADS = 2000
ENTRIES = 11


def measure(effort: Effort) -> list[Figure]:
    """Microseconds for one value stored, and for one loaded."""
    saves, files, loads, reads = [], [], [], []
    folder = Path(tempfile.mkdtemp(prefix="flightsw-bench-"))
    try:
        for run in range(effort.runs):
            store = Store(DirectoryNvm(folder / f"store{run}"))
            saves.append(quantile(_saves_us(store, effort.count(SAVES)), 0.5))
            loads.append(quantile(_loads_us(store, effort.count(LOADS)), 0.5))
            files.append(quantile(_file_writes_us(folder / f"file{run}", effort.count(SAVES)), 0.5))
            reads.append(quantile(_file_reads_us(folder / f"file{run}", effort.count(LOADS)), 0.5))
    finally:
        shutil.rmtree(folder)
    peer = ("write, fsync, rename, fsync folder", files)
    return [
        figure(("store", "2 KiB stored, flushed to the disk, p50"), "us", saves, Better.LOWER, reference=peer),
        figure(("store", "2 KiB loaded and checked, p50"), "us", loads, Better.LOWER, reference=("read", reads)),
    ]


def _saves_us(store: Store, count: int) -> list[float]:
    for number in range(ENTRIES):
        store.save(f"checkpoint.{number}", CHECKPOINT)
    times = []
    for number in range(count):
        before = time.perf_counter_ns()
        store.save(f"checkpoint.{number % ENTRIES}", CHECKPOINT)
        times.append((time.perf_counter_ns() - before) / 1000)
    return times


def _loads_us(store: Store, count: int) -> list[float]:
    times = []
    for number in range(count):
        before = time.perf_counter_ns()
        found = store.load(f"checkpoint.{number % ENTRIES}")
        times.append((time.perf_counter_ns() - before) / 1000)
        if found != CHECKPOINT:
            raise AssertionError("the store gave back something else")
    return times


def _file_writes_us(path: Path, count: int) -> list[float]:
    times = []
    for _ in range(count):
        before = time.perf_counter_ns()
        beside = path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(CHECKPOINT)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        times.append((time.perf_counter_ns() - before) / 1000)
    return times


def _file_reads_us(path: Path, count: int) -> list[float]:
    times = []
    for _ in range(count):
        before = time.perf_counter_ns()
        path.read_bytes()
        times.append((time.perf_counter_ns() - before) / 1000)
    return times
