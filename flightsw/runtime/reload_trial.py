"""Tries new code of an app in a process of its own, which may die or hang of it."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable

from flightsw.runtime.keeping.reload import ReloadError

TRIAL_LIMIT_S = 10.0
"""Host time that new code may take to be imported."""
MAX_REASON_OCTETS = 1000


class ReloadTrial:
    """A fork of this process in which new code is tried.

    Args:
        check: raises ReloadError when the new code cannot be taken.

    Attributes:
        end: becomes readable when the verdict is there, or the process has ended.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self.end, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _try(check, theirs)
        os.close(theirs)

    def wait(self, limit_s: float = TRIAL_LIMIT_S) -> str:
        """Wait for the verdict: why the code cannot be taken, empty when it can; once."""
        poller = select.poll()
        poller.register(self.end, select.POLLIN)
        reason = ""
        if not poller.poll(limit_s * 1000):
            reason = f"the new code was not imported within {limit_s:g} s"
        return self._end(reason)

    def verdict(self) -> str:
        """The verdict, when ``end`` is readable."""
        return self.wait(0)

    def _end(self, reason: str) -> str:
        said = os.read(self.end, MAX_REASON_OCTETS) if not reason else b""
        os.close(self.end)
        os.kill(self._pid, signal.SIGKILL)  # before it is reaped its number belongs to nobody else
        os.waitpid(self._pid, 0)
        if reason:
            return reason
        if not said:
            return "importing the new code ended the process that tried it"
        return said[1:].decode(errors="replace")


def _try(check: Callable[[], None], end: int) -> None:
    """The life of the trial process; never returns. What it says begins with a mark, so that nothing is no verdict."""
    said = b"\n"
    try:
        check()
    except ReloadError as error:
        said += str(error).encode()[: MAX_REASON_OCTETS - 1]
    except BaseException as error:  # noqa: BLE001 - whatever the new code does is a verdict
        said += f"{type(error).__name__}: {error}".encode()[: MAX_REASON_OCTETS - 1]
    finally:
        os.write(end, said)
        os._exit(0)
