"""Which commands a process has executed, in a file that outlives it: so a successor neither loses nor repeats one.

Written without a flush to the disk: it is about the death of a process, not about a loss of power.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from flightsw.app import Ticket
from flightsw.bus.requests import Passage

MAX_VERDICTS = 64
"""Verdicts on commands from other processes that are remembered, for the case that their reports never left."""
_LENGTH_OCTETS = 4
_MOST_OCTETS = 65_536


class Execution(msgspec.Struct, frozen=True, array_like=True):
    """A command that an app has begun to execute.

    Attributes:
        ticket: the command.
        passage: how it had come from another process, if it had.
        number: of the command among those that the app has executed.
        stage: its verdict, STARTED when it was deferred, 0 while its handler runs.
        code: why it failed.
    """

    ticket: Ticket
    passage: Passage | None
    number: int
    stage: int = 0
    code: int = 0


class JournalState(msgspec.Struct, array_like=True):
    """The content of a journal.

    Attributes:
        executing: the command whose handler runs, or whose effect is about to be stored.
        done: the last command of each other process that was dealt with, by number of the process.
        verdicts: commands from other processes that were executed last, oldest first.
    """

    executing: Execution | None = None
    done: dict[int, Passage] = {}
    verdicts: list[Execution] = []


class Journal:
    """The file of one process.

    Args:
        path: made when there is none; one that cannot be read begins anew.

    Attributes:
        state: what it says; at the begin what the predecessor has written.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        data = os.pread(self._file, _MOST_OCTETS, 0)
        length = int.from_bytes(data[:_LENGTH_OCTETS], "big")
        try:
            self.state = msgspec.msgpack.decode(data[_LENGTH_OCTETS:][:length], type=JournalState)
        except msgspec.MsgspecError:
            self.state = JournalState()
        self._inherited = tuple(self.state.verdicts)
        executing = self.state.executing
        if executing is not None and executing.passage is not None:
            self._note(executing.passage)  # whatever became of it, it is not executed again

    def executing(self, execution: Execution | None) -> None:
        """A handler begins, or has ended with its verdict; with None its effect is stored."""
        ended, self.state.executing = self.state.executing, execution
        if execution is None and ended is not None and ended.passage is not None:
            self.state.verdicts.append(ended)
            del self.state.verdicts[:-MAX_VERDICTS]
            self._note(ended.passage)
        self._write()

    def dealt_with(self, passages: list[Passage]) -> None:
        """All commands of some processes up to these have been executed or refused."""
        for passage in passages:
            self._note(passage)
        if passages:
            self._write()

    def verdicts_behind(self, settled: Passage) -> list[Execution]:
        """What became of the commands of one process behind one of them in the predecessor's life, oldest first."""
        return [
            each
            for each in self._inherited
            if each.passage is not None
            and (each.passage.sender, each.passage.series) == (settled.sender, settled.series)
            and each.passage.number > settled.number
        ]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _note(self, passage: Passage) -> None:
        before = self.state.done.get(passage.sender)
        if before is None or before.series != passage.series or before.number < passage.number:
            self.state.done[passage.sender] = passage

    def _write(self) -> None:
        data = msgspec.msgpack.encode(self.state)
        os.pwrite(self._file, len(data).to_bytes(_LENGTH_OCTETS, "big") + data, 0)
