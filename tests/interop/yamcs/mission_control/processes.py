"""The two sides: the spacecraft with its gateway, and the Yamcs server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fprime_yamcs_bundle

from mission_control.namespace import Namespace

JAVA = shutil.which("java")
LOOK_S = 0.2
TRIES = 600
STOP_PATIENCE_S = 20.0


def wait_until(reached: Callable[[], bool], what: Callable[[], str]) -> None:
    """Look again and again whether something has come about; fail after two minutes."""
    for _ in range(TRIES):
        if reached():
            return
        time.sleep(LOOK_S)
    raise AssertionError(what())


class LoggedProcess:
    """A process in a namespace whose output goes into a file.

    Args:
        namespace: where it runs.
        words: its command line.
        folder: its working directory, and where its output goes.
    """

    def __init__(self, namespace: Namespace, words: list[str], folder: Path) -> None:
        self.log = folder / "output.txt"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                namespace.command(*words), cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def output(self) -> str:
        """What it has said."""
        return self.log.read_text(errors="replace")

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_for(self, text: str) -> None:
        """Wait until it has said something."""
        wait_until(lambda: text in self.output() or not self.running(), lambda: f"no {text!r} in:\n{self.output()}")
        assert text in self.output(), self.output()

    def stop(self) -> int:
        """Ask it to end, and end it if it does not; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def start_yamcs(namespace: Namespace, folder: Path) -> LoggedProcess:
    """A Yamcs server with the configuration in ``folder``; a second is enough to compile it only lightly."""
    assert JAVA is not None
    jars = str(fprime_yamcs_bundle.LIB_DIR / "*")
    java = [JAVA, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars, "org.yamcs.YamcsServer"]
    options = ["--etc-dir", str(folder / "etc"), "--data-dir", str(folder / "data"), "--no-color"]
    return LoggedProcess(namespace, [*java, *options], folder)


def start_flight(
    namespace: Namespace, folder: Path, mission: Path, spacecraft: Path, speed: float, gateway: list[str]
) -> LoggedProcess:
    """The simulated spacecraft, with its gateway and the ground that only listens."""
    flightsw = [sys.executable, "-m", "ops_tools.cli", "run", str(mission), "--spacecraft", str(spacecraft)]
    return LoggedProcess(namespace, [*flightsw, *gateway, "--headless", "--speed", str(speed)], folder)
