"""Ends a process in good order when it is asked to, or when the one that started it is gone."""

from __future__ import annotations

import os
import signal


class StopSignal:
    """True once SIGTERM came or the parent process has changed. SIGINT is left to the parent, which ends all."""

    def __init__(self) -> None:
        self._asked = False
        self._parent = os.getppid()
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._asked or os.getppid() != self._parent

    def _ask(self, _number: int, _frame: object) -> None:
        self._asked = True
