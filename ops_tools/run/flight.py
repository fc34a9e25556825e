"""The flight software's process of a run: the supervisor, from which all app processes are forked."""

from __future__ import annotations

import sys

from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.supervisor import Supervisor
from ops_tools.run.processes_file import ProcessesFile
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
        host=settings.host,
        keys_folder=settings.keys_folder,
    )
    supervisor.start(cause, REASONS[cause])
    processes = ProcessesFile(settings.processes_file)
    try:
        while not stop():
            supervisor.poll()
            processes.update(supervisor.pids, settled=supervisor.settled)
    finally:
        supervisor.stop()


if __name__ == "__main__":
    fly(decode(sys.argv[1]), ResetSubtype[sys.argv[2]] if len(sys.argv) > 2 else ResetSubtype.POWER_CYCLE)
