"""Forks a warm process into one that flies apps."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterable
from typing import Protocol

from flightsw.runtime import control
from flightsw.runtime.process import ProcessRuntime, ProcessSettings

NAME_OCTETS = 15
"""Longest name that the kernel keeps of a process, see prctl(2)."""
_PR_SET_NAME = 15


class Closable(Protocol):
    """Something that the new process must not hold."""

    def close(self) -> None:
        """Let go of it."""
        ...


def fork(settings: ProcessSettings, others: Iterable[Closable]) -> tuple[int, socket.socket]:
    """Start a process of a flight; ``ps`` shows it under the name that the mission gives it, as in ``fsw:imaging``.

    Args:
        settings: what it is told.
        others: what belongs to this process only; closed in the new one.

    Returns:
        Its process id, and this end of the connection to it.
    """
    ours, theirs = control.pair()
    pid = os.fork()
    if pid == 0:
        _live(settings, theirs, (*others, ours))
    theirs.close()
    return pid, ours


def _live(settings: ProcessSettings, end: socket.socket, others: Iterable[Closable]) -> None:
    """The life of a forked process; never returns."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_NAME, f"fsw:{settings.name}"[:NAME_OCTETS].encode())
        for other in others:
            other.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C is for the supervisor
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        runtime = ProcessRuntime(settings, end)
        signal.signal(signal.SIGTERM, lambda _number, _frame: runtime.stop())
        runtime.run()
        status = 0
    except BaseException:  # noqa: BLE001 - the last line of a process: say why it ends
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(status)
