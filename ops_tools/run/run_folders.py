"""Folders of runs: made with a lock that ends with the run, so that the next run can remove what a dead one left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from flightsw.runtime.run_folder import LOCK_FILE as SUPERVISOR_LOCK

PREFIX = "flightsw-"
RUN_LOCK = "run.lock"
LOOKS, LOOK_S = 100, 0.05
"""How often, and after how many seconds, one looks whether the last process of a run has ended."""
MAX_LOOKED_AT = 1000
"""Folders that one start looks at, so that a full temporary folder holds up nobody."""


def make_folder() -> tuple[Path, IO[bytes]]:
    """Make the folder of a run, held by this process.

    Returns:
        The folder, and its lock, which is free when it is closed or this process has ended.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    draft = folder / f"{RUN_LOCK}.new"
    lock = draft.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.rename(folder / RUN_LOCK)  # nobody ever sees it there and free while the run lives
    return folder, lock


def remove_folder(folder: Path, pause: Callable[[float], None] = time.sleep) -> bool:
    """Remove the folder of a run that is over, once its flight software has ended and writes no more.

    Args:
        folder: whose processes have been told to end.
        pause: waits so many seconds of the host.

    Returns:
        Whether it is gone; a process that does not end keeps it, and the next run removes it.
    """
    for _ in range(LOOKS):
        if _is_free(folder / SUPERVISOR_LOCK, missing=True):
            shutil.rmtree(folder, ignore_errors=True)
            return not folder.exists()
        pause(LOOK_S)
    return False


def remove_leftovers() -> list[Path]:
    """Remove this user's run folders whose run and flight software have both ended; returns them."""
    removed = []
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))[:MAX_LOOKED_AT]:
        if (
            _is_ours(folder)
            and _is_free(folder / RUN_LOCK, missing=False)
            and _is_free(folder / SUPERVISOR_LOCK, missing=True)
        ):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def _is_ours(folder: Path) -> bool:
    try:
        return not folder.is_symlink() and folder.is_dir() and folder.stat().st_uid == os.getuid()
    except OSError:
        return False  # somebody else has just removed it


def _is_free(lock: Path, *, missing: bool) -> bool:
    """Whether nobody holds a lock; ``missing`` is the answer when it is not there."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return missing
    except OSError:
        return False
    return True
