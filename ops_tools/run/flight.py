"""The flight software's process of a run: the supervisor, from which all app processes are forked."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.supervisor import Supervisor
from ops_tools.run.settings import RunSettings, decode
from ops_tools.run.stop_signal import StopSignal

REASONS = {
    ResetSubtype.POWER_CYCLE: "",
    ResetSubtype.WATCHDOG: "the watchdog was not stroked in time",
    ResetSubtype.EXCEPTION: "the flight software had ended",
}


def fly(settings: RunSettings, cause: ResetSubtype) -> None:
    """Keep the flight software running until stopped.

    Args:
        settings: of the run.
        cause: what has reset the on-board computer, as its hardware tells.
    """
    stop = StopSignal()
    supervisor = Supervisor(
        settings.mission_file,
        settings.run_folder,
        settings.devices,
        settings.clock(),
        trace_all=settings.trace_handlers,
    )
    supervisor.start(cause, REASONS[cause])
    written: dict[str, int] = {}
    try:
        while not stop():
            supervisor.poll()
            if supervisor.settled and supervisor.pids != written:
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
    fly(decode(sys.argv[1]), ResetSubtype[sys.argv[2]] if len(sys.argv) > 2 else ResetSubtype.POWER_CYCLE)
