"""What a process does right now, in a small file that its supervisor reads when the process is dead or hangs.

A page is one record of ``PAGE_OCTETS``: the app and the handler that runs, as ``app NUL handler``, padded with NUL; all
NUL while none runs. It is written by one slice assignment before and behind each handler, and is about the death of a
process, not about a loss of power: nothing flushes it.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

PAGE_OCTETS = 128
MAX_APP_OCTETS = 32
MAX_HANDLER_OCTETS = 64
_IDLE = bytes(PAGE_OCTETS)


class StatusPage:
    """The process's end of the page.

    Args:
        path: made when there is none, and set to idle.
    """

    def __init__(self, path: Path) -> None:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(number, PAGE_OCTETS)
            self._map = mmap.mmap(number, PAGE_OCTETS)
        finally:
            os.close(number)
        self._known: dict[tuple[str, str], bytes] = {}
        self._map[:] = _IDLE

    def enter(self, app: str, handler: str) -> None:
        """A handler begins."""
        octets = self._known.get((app, handler))
        if octets is None:
            octets = self._known[app, handler] = _packed(app, handler)
        self._map[:] = octets

    def leave(self) -> None:
        """It has ended."""
        self._map[:] = _IDLE

    def close(self) -> None:
        """Unmap the page; its content stays."""
        self._map.close()


def read_page(path: Path) -> tuple[str, str] | None:
    """App and handler that a process was running; None when it was running none, or has left no page."""
    try:
        content = path.read_bytes()[:PAGE_OCTETS]
    except OSError:
        return None
    app, _, handler = content.rstrip(b"\0").partition(b"\0")
    if not app or len(content) < PAGE_OCTETS:
        return None
    return app.decode(errors="replace"), handler.decode(errors="replace")


def _packed(app: str, handler: str) -> bytes:
    content = app.encode()[:MAX_APP_OCTETS] + b"\0" + handler.encode()[:MAX_HANDLER_OCTETS]
    return content.ljust(PAGE_OCTETS, b"\0")
