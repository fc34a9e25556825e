"""The reference mission over processes: how soon it flies, how soon after a kill it flies again, and its memory."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from flightsw.errors import FlightSoftwareError
from ops_tools.bench.effort import Effort
from ops_tools.bench.figures import Better, Figure, figure, quantile
from ops_tools.reference_mission import reference_mission
from ops_tools.run.settings import RunSettings, encode

SEED = 7
PATIENCE_S = 60.0
LOOK_S = 0.0005
KILL_ROUNDS = 7
"""Kills of each process: one less than a process may be restarted within a minute."""
SETTLE_S = 3.0
"""After boot, before memory is measured."""


class FlightUnderTest:
    """Simulator and flight software of one run. A context manager: entering it boots, leaving it ends both.

    Attributes:
        boot_s: seconds from the start of the flight software's first process to all apps running.
        pid: of the supervisor.
    """

    def __init__(self) -> None:
        self.boot_s = 0.0
        self.pid = 0
        self._folder = Path(tempfile.mkdtemp(prefix="fsb-"))
        self._settings = RunSettings(
            mission_file=reference_mission() / "mission.toml",
            spacecraft_file=None,
            seed=SEED,
            origin_ns=time.monotonic_ns(),
            speed=1.0,
            run_folder=self._folder,
        )
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._start("simulator")
        self._await(self._simulator_listens, "the simulator")
        began_ns = time.perf_counter_ns()
        self.pid = self._start("flight").pid
        self._await(lambda: bool(self.pids()), "the flight software")
        self.boot_s = (time.perf_counter_ns() - began_ns) / 1e9
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pids(self) -> dict[str, int]:
        """Process ids of the flight processes by name; empty before all apps run."""
        try:
            found: dict[str, int] = json.loads(self._settings.processes_file.read_text())
        except FileNotFoundError:
            return {}
        return found

    def recovery_ms(self, process: str) -> float:
        """Kill a process; milliseconds until all of its apps run again."""
        before = self.pids()[process]
        began_ns = time.perf_counter_ns()
        os.kill(before, signal.SIGKILL)
        self._await(lambda: self.pids()[process] not in (0, before), f"process {process}")
        return (time.perf_counter_ns() - began_ns) / 1e6

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", f"ops_tools.run.{name}", encode(self._settings)]
        )
        self._processes.append(process)
        return process

    def _simulator_listens(self) -> bool:
        return Path(self._settings.devices.removeprefix("ipc://")).exists()

    def _await(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not reached():
            if any(process.poll() is not None for process in self._processes) or time.monotonic() > deadline:
                raise FlightSoftwareError(f"{what} did not come up; its messages are above")
            time.sleep(LOOK_S)


def boot(effort: Effort) -> list[Figure]:
    """Boot to operational, and back to operational after the death of a process."""
    boots, halves, nearly_all, imports = [], [], [], []
    for _ in range(effort.runs):
        imports.append(_import_s())
        with FlightUnderTest() as flight:
            boots.append(flight.boot_s)
            recoveries = [flight.recovery_ms(name) for _ in range(effort.count(KILL_ROUNDS)) for name in flight.pids()]
        halves.append(quantile(recoveries, 0.5))
        nearly_all.append(quantile(recoveries, 0.99))
    bare = ("a bare Python that imports zmq and msgspec", imports)
    return [
        figure(("boot", "boot to operational, all apps"), "s", boots, Better.LOWER, must=1.5, aim=0.7, reference=bare),
        figure(("boot", "recovery of a killed process, p50"), "ms", halves, Better.LOWER),
        figure(("boot", "recovery of a killed process, p99"), "ms", nearly_all, Better.LOWER, must=150, aim=50),
    ]


def memory(effort: Effort) -> list[Figure]:
    """Proportional set size of the supervisor and all flight processes, without the inference worker."""
    totals, bare = [], []
    for _ in range(effort.runs):
        with FlightUnderTest() as flight:
            time.sleep(SETTLE_S * effort.share)
            totals.append(sum(_pss_mib(pid) for pid in (flight.pid, *flight.pids().values())))
        bare.append(_bare_pss_mib())
    reference = ("a bare Python that imports zmq and msgspec", bare)
    return [
        figure(
            ("memory", "PSS of all flight processes, without the inference worker"),
            "MiB",
            totals,
            Better.LOWER,
            must=150,
            aim=100,
            reference=reference,
        )
    ]


def _pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise FlightSoftwareError(f"the kernel tells no proportional set size of process {pid}")


def _bare_python() -> subprocess.Popen[bytes]:
    program = "import sys, zmq, msgspec; print('up', flush=True); sys.stdin.read()"
    return subprocess.Popen(  # noqa: S603 - a fixed program, no shell
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _import_s() -> float:
    began_ns = time.perf_counter_ns()
    with _bare_python() as process:
        _hear(process)
        took_s = (time.perf_counter_ns() - began_ns) / 1e9
        process.communicate()
    return took_s


def _bare_pss_mib() -> float:
    with _bare_python() as process:
        _hear(process)
        pss_mib = _pss_mib(process.pid)
        process.communicate()
    return pss_mib


def _hear(process: subprocess.Popen[bytes]) -> None:
    """Wait for the first line of a program."""
    if process.stdout is None or not process.stdout.readline():
        raise FlightSoftwareError("a bare Python did not come up")
