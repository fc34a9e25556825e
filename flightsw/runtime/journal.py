"""Which commands a process has executed, in a file that outlives it: so a successor neither loses nor repeats one.

Two records in one file, written in turn, each with its number and a CRC-32: a process that dies in the middle of
writing one leaves the other, which is what stood there before. Either is a truth that a successor can go on from: a
command whose begin was being written has not begun, one whose end was being written has no effect stored yet.

Written without a flush to the disk: it is about the death of a process, not about a loss of power.
"""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec

from flightsw.app import Ticket
from flightsw.bus.requests import MAX_UNDER_WAY, Passage
from flightsw.hal.errors import describe_cause
from flightsw.hal.files import HOST_FILES, Files, write_all
from tlm_cmd.packets.crc import crc32

MAX_VERDICTS = MAX_UNDER_WAY
"""Verdicts on commands of one other process that are remembered, for the case that their reports never left."""
RECORD_OCTETS = 32_768
"""Room of one record, three times what a vehicle of a hundred processes needs; the file has two."""
_MAGIC = b"FSJ1"
_HEADER = struct.Struct(">4sQI")  # magic, number, length
_CRC = struct.Struct(">I")
_DATA_OFFSET = _HEADER.size + _CRC.size


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

    A journal that cannot be written, because the disk is full or read-only, ends nothing: commands are executed all the
    same, and only a process that dies meanwhile leaves a successor that knows less. Its room is taken when it is made,
    so that a disk that fills up later does not matter.

    Args:
        path: made when there is none; one that cannot be read begins anew.
        files: the file system.

    Attributes:
        state: what it says; at the begin what the predecessor has written.
        problem: why it could not be written the last time, empty when it could.
    """

    def __init__(self, path: Path, files: Files = HOST_FILES) -> None:
        self._files = files
        self._descriptor: int | None = None
        self._path = path
        self.problem = ""
        found = [record for record in _records(self._content()) if record is not None]
        newest = max(found, key=lambda record: record.number, default=_Record(1, 0, JournalState()))
        self._place, self._number = newest.place, newest.number
        self.state = newest.state
        self._inherited = list(self.state.verdicts)
        executing = self.state.executing
        if executing is not None and executing.passage is not None:
            self._note(executing.passage)  # whatever became of it, it is not executed again

    def executing(self, execution: Execution | None) -> None:
        """A handler begins, or has ended with its verdict; with None its effect is stored."""
        ended, self.state.executing = self.state.executing, execution
        if execution is None and ended is not None and ended.passage is not None:
            self._remember(ended, ended.passage.sender)
            self._note(ended.passage)
        self._write()

    def settled(self, settled: Passage) -> None:
        """A process knows its commands up to this one to be dealt with: their verdicts need not be remembered.

        Written with the next record; a successor that reads more verdicts than it needs reports some once more.
        """
        verdicts = self.state.verdicts
        verdicts[:] = [each for each in verdicts if each.passage is None or not _is_behind(settled, each.passage)]

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

    def inherit(self, execution: Execution) -> None:
        """Count the command with which the predecessor died among those that it has given a verdict on."""
        self._inherited.append(execution)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            self._files.close(self._descriptor)
            self._descriptor = None

    def _remember(self, ended: Execution, sender: int) -> None:
        verdicts = self.state.verdicts
        verdicts.append(ended)
        of_sender = [each for each in verdicts if each.passage is not None and each.passage.sender == sender]
        if len(of_sender) > MAX_VERDICTS:
            verdicts.remove(of_sender[0])

    def _note(self, passage: Passage) -> None:
        before = self.state.done.get(passage.sender)
        if before is None or before.series != passage.series or before.number < passage.number:
            self.state.done[passage.sender] = passage

    def _content(self) -> bytes:
        """What is in the file, nothing when there is none or it cannot be read."""
        try:
            return self._files.read(self._path)
        except FileNotFoundError:
            return b""
        except OSError as error:
            self.problem = describe_cause(error)
            return b""

    def _write(self) -> None:
        """Write the record that is not the newest; the newest stays until this one is whole."""
        data = msgspec.msgpack.encode(self.state)
        if len(data) > RECORD_OCTETS - _DATA_OFFSET:
            self.problem = f"{len(data)} octets do not fit a record of {RECORD_OCTETS}"
            return
        header = _HEADER.pack(_MAGIC, self._number + 1, len(data))
        place = 1 - self._place
        try:
            descriptor = self._opened()
            octets = b"".join((header, _CRC.pack(crc32(data, crc32(header))), data))
            write_all(self._files, descriptor, octets, place * RECORD_OCTETS)
        except OSError as error:
            self.problem = describe_cause(error)
        else:
            self._place, self._number, self.problem = place, self._number + 1, ""

    def _opened(self) -> int:
        if self._descriptor is None:
            descriptor = self._files.open(self._path, truncate=False)
            try:
                self._files.reserve(descriptor, 2 * RECORD_OCTETS)
            except OSError:
                self._files.close(descriptor)
                raise
            self._descriptor = descriptor
        return self._descriptor


def _is_behind(settled: Passage, passage: Passage) -> bool:
    """Whether a process that knows ``settled`` knows of the other as well."""
    same = (passage.sender, passage.series) == (settled.sender, settled.series)
    return same and passage.number <= settled.number


class _Record(msgspec.Struct, frozen=True):
    place: int
    number: int
    state: JournalState


def _records(content: bytes) -> list[_Record | None]:
    return [_record(place, content[place * RECORD_OCTETS :][:RECORD_OCTETS]) for place in (0, 1)]


def _record(place: int, octets: bytes) -> _Record | None:
    """The record at a place, or None when there is none, or it is torn."""
    if len(octets) < _DATA_OFFSET:
        return None
    header = octets[: _HEADER.size]
    magic, number, length = _HEADER.unpack(header)
    (checksum,) = _CRC.unpack_from(octets, _HEADER.size)
    data = octets[_DATA_OFFSET:][:length]
    if magic != _MAGIC or len(data) != length or crc32(data, crc32(header)) != checksum:
        return None
    try:
        return _Record(place, number, msgspec.msgpack.decode(data, type=JournalState))
    except msgspec.MsgspecError:
        return None
