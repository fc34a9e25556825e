"""Deadlines of many things at once, cheap to ask while none has come."""

from __future__ import annotations


class Deadlines:
    """The times until which something is waited for, by number."""

    def __init__(self) -> None:
        self._deadlines: dict[int, int] = {}
        self._next_ns: int | None = None

    def set(self, number: int, deadline_ns: int) -> None:
        """Wait for ``number`` until ``deadline_ns``, whatever was set before."""
        self._deadlines[number] = deadline_ns
        if self._next_ns is None or deadline_ns < self._next_ns:
            self._next_ns = deadline_ns

    def cancel(self, number: int) -> None:
        """Wait for ``number`` no longer."""
        self._deadlines.pop(number, None)

    def due(self, now_ns: int) -> list[int]:
        """The numbers whose deadline has come, in the order in which they were first set; they are cancelled."""
        if self._next_ns is None or now_ns < self._next_ns:
            return []
        due = [number for number, deadline_ns in self._deadlines.items() if deadline_ns <= now_ns]
        for number in due:
            del self._deadlines[number]
        self._next_ns = min(self._deadlines.values(), default=None)
        return due
