"""The flight software's process of a run: the supervisor, from which all app processes are forked."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flightsw.runtime.supervisor import Supervisor
from ops_tools.run.settings import RunSettings, decode
from ops_tools.run.stop_signal import StopSignal


def fly(settings: RunSettings) -> None:
    """Keep the flight software running until stopped."""
    stop = StopSignal()
    supervisor = Supervisor(settings.mission_file, settings.run_folder, settings.devices, settings.clock())
    supervisor.start()
    written: dict[str, int] = {}
    try:
        while not stop():
            supervisor.poll()
            if supervisor.operational and supervisor.pids != written:
                written = supervisor.pids
                _replace(settings.processes_file, json.dumps(written))
    finally:
        supervisor.stop()


def _replace(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)


if __name__ == "__main__":
    fly(decode(sys.argv[1]))
