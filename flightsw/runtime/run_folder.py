"""The folder of one flight: sockets, checkpoints and logs of its processes."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from flightsw.bus.addresses import check_address
from flightsw.errors import FlightSoftwareError
from flightsw.hal.nvm import DirectoryNvm
from flightsw.runtime.host import TABLE_MEMORY_OCTETS

LOCK_FILE = "supervisor.lock"
STORE_FOLDER = "store"
TRACE_FOLDER = "traces"
RETAINED_FOLDER = "retained"
"""What a processor reset leaves as it is."""
SECURITY_FOLDER = "security"
"""What no reset erases: which numbers the keys of the links have been used with."""
LASTING_FOLDER = "lasting"
"""What no reset erases of the apps: which numbers were used that must not come twice."""
LINK_KEYS_FILE = "link_keys.toml"
"""The keys of the radio links, if the mission protects them."""


class RunFolderError(FlightSoftwareError):
    """A run folder that another flight uses; end that one, or choose another folder."""


def inbox_address(run_folder: Path, process: str) -> str:
    """Where a process's inbox is."""
    return f"ipc://{run_folder}/{process}.bus"


def status_page(run_folder: Path, process: str) -> Path:
    """Where a process shows what it does right now."""
    return run_folder / f"{process}.status"


def table_memory(run_folder: Path, app: str) -> DirectoryNvm:
    """Where files of an app's tables are loaded from and dumped to: ``tables/APP`` in the run folder."""
    return DirectoryNvm(run_folder / "tables" / app, TABLE_MEMORY_OCTETS)


def forget_all(run_folder: Path) -> None:
    """Remove what a power-on does not keep: stored memory, journals, logs and traces; sockets and the lock stay."""
    for folder in (STORE_FOLDER, TRACE_FOLDER, RETAINED_FOLDER):
        shutil.rmtree(run_folder / folder, ignore_errors=True)
    for pattern in ("*.journal", "*.outbox", "*.events.jsonl*"):
        for file in run_folder.glob(pattern):
            file.unlink(missing_ok=True)


def take(run_folder: Path, processes: Iterable[str]) -> IO[bytes]:
    """Make the folder, with mode 0700, and hold it: two flights in one would steal each other's sockets.

    Returns:
        The lock; it is free when this is closed here and in all processes forked meanwhile.

    Raises:
        AddressError: the path is too long for a socket of one of the processes.
        RunFolderError: another flight holds it.
    """
    for process in processes:
        check_address(inbox_address(run_folder, process))
    run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (run_folder / LOCK_FILE).open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise RunFolderError(f"another flight uses the run folder {run_folder}") from error
    return file
