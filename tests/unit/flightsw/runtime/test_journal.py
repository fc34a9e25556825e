"""The journal of a process that dies at any octet of its writing, and of a disk that refuses it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from flightsw.app import Ticket
from flightsw.bus.requests import Passage
from flightsw.hal.nvm import DirectoryNvm
from flightsw.runtime.journal import MAX_VERDICTS, RECORD_OCTETS, Execution, Journal, JournalState
from flightsw.services.store import Store
from tests.power_cut.disk import FOLDER, Disk, Tree, cuts
from tlm_cmd.packets.verification import Stage

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
SENDER = 1
PATH = FOLDER / "core.journal"


def execution(number: int) -> Execution:
    """The command of this number."""
    return Execution(Ticket(0, 0x20, number, 2), Passage(SENDER, 1, number), number)


def ended(number: int) -> Execution:
    """The same, completed."""
    return msgspec.structs.replace(execution(number), stage=Stage.COMPLETED)


def execute(journal: Journal, number: int) -> None:
    """Execute a command, its effect stored."""
    journal.executing(execution(number))
    journal.executing(ended(number))
    journal.executing(None)


def test_a_successor_knows_what_was_executed(tmp_path: Path) -> None:
    """Of the host's file the next incarnation reads what stood there last, and goes on from it."""
    journal = Journal(tmp_path / "a.journal")
    assert journal.state == JournalState()
    execute(journal, 1)
    journal.executing(execution(2))
    journal.close()
    successor = Journal(tmp_path / "a.journal")
    assert successor.state.executing == execution(2)
    assert successor.state.done == {SENDER: Passage(SENDER, 1, 2)}
    assert successor.verdicts_behind(Passage(SENDER, 1, 0)) == [ended(1)]
    successor.inherit(ended(2))
    assert successor.verdicts_behind(Passage(SENDER, 1, 0)) == [ended(1), ended(2)]
    assert successor.verdicts_behind(Passage(SENDER, 1, 2)) == []
    successor.executing(None)
    assert Journal(tmp_path / "a.journal").state.executing is None
    assert (tmp_path / "a.journal").stat().st_size == 2 * RECORD_OCTETS


def test_the_file_does_not_grow(tmp_path: Path) -> None:
    """Whatever was executed, the file keeps its size and the newest verdicts."""
    journal = Journal(tmp_path / "a.journal")
    for number in range(1, 4 * MAX_VERDICTS):
        execute(journal, number)
    assert (tmp_path / "a.journal").stat().st_size == 2 * RECORD_OCTETS
    verdicts = Journal(tmp_path / "a.journal").verdicts_behind(Passage(SENDER, 1, 0))
    assert [each.number for each in verdicts] == list(range(3 * MAX_VERDICTS, 4 * MAX_VERDICTS))


def test_verdicts_are_kept_for_each_sender_until_it_knows_them(tmp_path: Path) -> None:
    """A sender that is slow to confirm loses no verdict to a busy one; what a sender knows is forgotten."""
    journal, other = Journal(tmp_path / "a.journal"), Passage(9, 1, 1)
    journal.executing(msgspec.structs.replace(ended(1), passage=other))
    journal.executing(None)
    for number in range(1, 2 * MAX_VERDICTS):
        execute(journal, number)
    journal.settled(Passage(SENDER, 1, 2 * MAX_VERDICTS - 3))
    journal.settled(Passage(SENDER, 2, 2 * MAX_VERDICTS))  # of another series: says nothing of these
    journal.executing(None)
    successor = Journal(tmp_path / "a.journal")
    assert [each.passage for each in successor.verdicts_behind(Passage(9, 1, 0))] == [other]
    behind = successor.verdicts_behind(Passage(SENDER, 1, 0))
    assert [each.number for each in behind] == [2 * MAX_VERDICTS - 2, 2 * MAX_VERDICTS - 1]


def copied(state: JournalState) -> JournalState:
    """The state as it is now."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=JournalState)


def test_a_torn_record_leaves_the_one_before() -> None:
    """At whatever octet a process dies, its successor finds the journal as it was before or behind that write."""
    disk = Disk()
    journal = Journal(PATH, disk)
    states = [(0, JournalState())]
    for number in range(1, 12):
        for each in (execution(number), ended(number), None):
            journal.executing(each)
            states.append((len(disk.steps), copied(journal.state)))
        journal.dealt_with([Passage(2, 1, number)])
        states.append((len(disk.steps), copied(journal.state)))
    cases = 0
    for done, tree in cuts(disk.steps):
        before = max(index for index, (steps, _) in enumerate(states) if steps <= done)
        allowed = [state.executing for _, state in states[before : before + 2]]
        found = Journal(PATH, Disk(tree)).state
        assert found.executing in allowed, f"step {done}"
        assert found.verdicts in [state.verdicts for _, state in states[before : before + 2]], f"step {done}"
        cases += 1
    assert cases > 5000


def test_every_flipped_bit_leaves_the_record_before() -> None:
    """A record that is not as it was written counts for nothing."""
    disk = Disk()
    journal = Journal(PATH, disk)
    journal.executing(execution(1))
    journal.executing(ended(1))
    whole = disk.tree()[PATH.name]
    for bit in range(8 * RECORD_OCTETS, 8 * len(whole.rstrip(b"\0"))):
        octets = bytearray(whole)
        octets[bit // 8] ^= 0x80 >> bit % 8
        found = Journal(PATH, Disk({PATH.name: bytes(octets)})).state
        assert found.executing == execution(1), f"bit {bit}"


# -------------------------------------------------------------------- nothing lost, nothing repeated


class Effects(msgspec.Struct):
    """The memory of an app: which commands had their effect, and how many were executed."""

    numbers: list[int] = []
    executed: int = 0


class Life:
    """One incarnation of a process with one app, which takes numbered commands in order; as the runtime does it.

    Attributes:
        effects: the app's memory.
        failed: commands with which this process, or one before it, died.
        next: the first command that a sender who knows only the journal has to send again.
    """

    def __init__(self, disk: Disk) -> None:
        self._store = Store(DirectoryNvm(FOLDER, files=disk))
        stored = self._store.load("checkpoint.app")
        self.effects = msgspec.msgpack.decode(stored, type=Effects) if stored else Effects()
        self._journal = Journal(PATH, disk)
        there = self._journal.state.executing
        if there is not None and not (there.stage and there.number <= self.effects.executed):
            self._journal.executing(msgspec.structs.replace(there, stage=Stage.FAILED))
        self._journal.executing(None)
        verdicts = self._journal.state.verdicts
        self.failed = [each.ticket.sequence for each in verdicts if each.stage == Stage.FAILED]
        last = self._journal.state.done.get(SENDER)
        self.next = 1 if last is None else last.number + 1

    def execute(self, number: int) -> None:
        """Take one command."""
        self.effects.executed += 1
        begun = Execution(Ticket(0, 0x20, number, 2), Passage(SENDER, 1, number), self.effects.executed)
        self._journal.executing(begun)
        self.effects.numbers.append(number)
        self._journal.executing(msgspec.structs.replace(begun, stage=Stage.COMPLETED))
        self._store.save("checkpoint.app", msgspec.msgpack.encode(self.effects))
        self._journal.executing(None)


def deaths(commands: int, chance: random.Random) -> Iterator[Tree]:
    """What is left by a process that died at any octet; and now and then by its successor, which died as well."""
    disk = Disk()
    life = Life(disk)
    for number in range(1, commands + 1):
        life.execute(number)
    for _, tree in cuts(disk.steps):
        yield tree
        if chance.random() < 0.005:
            again = _laid(tree)
            begun = len(again.steps)
            second = Life(again)
            for number in range(second.next, commands + 1):
                second.execute(number)
            yield from (left for done, left in cuts(again.steps) if done >= begun and chance.random() < 0.02)


def _laid(tree: Tree) -> Disk:
    """A disk that has got its files step by step."""
    disk = Disk()
    for name, data in tree.items():
        disk.write(disk.open(FOLDER / name, truncate=True), data, 0)
    return disk


@pytest.mark.soak
def test_no_death_loses_or_repeats_a_command() -> None:
    """Every command takes effect exactly once, but for one in whose handler the process died: that has failed."""
    cases, commands = 0, 3
    for tree in (tree for seed in range(SOAK) for tree in deaths(commands, random.Random(seed))):
        life = Life(Disk(tree))
        for number in range(life.next, commands + 1):
            life.execute(number)
        assert life.effects.numbers == [n for n in range(1, commands + 1) if n not in life.failed], f"case {cases}"
        assert len(life.failed) <= 2
        cases += 1
    assert cases > 1000 * SOAK


# -------------------------------------------------------------------- a disk that refuses


def test_a_disk_that_fills_up_does_not_matter() -> None:
    """The journal's room is its own from the first write on."""
    disk = Disk()
    journal = Journal(PATH, disk)
    execute(journal, 1)
    disk.room = 0
    execute(journal, 2)
    assert journal.problem == ""
    assert Journal(PATH, disk).state.done == {SENDER: Passage(SENDER, 1, 2)}


def test_a_disk_that_is_full_from_the_begin_is_named_until_it_is_not() -> None:
    """Commands go on, the problem stands there, and the first write that works puts everything down."""
    disk = Disk()
    disk.room = 100
    journal = Journal(PATH, disk)
    execute(journal, 1)
    assert journal.problem == "No space left on device (ENOSPC)"
    disk.room = None
    execute(journal, 2)
    assert journal.problem == ""
    assert Journal(PATH, disk).verdicts_behind(Passage(SENDER, 1, 0)) == [ended(1), ended(2)]


def test_a_read_only_disk_is_named_and_what_stood_there_stays() -> None:
    """The newest record is never the one that is written."""
    disk = Disk()
    journal = Journal(PATH, disk)
    execute(journal, 1)
    disk.read_only = True
    execute(journal, 2)
    assert journal.problem == "Read-only file system (EROFS)"
    assert Journal(PATH, disk).state.done == {SENDER: Passage(SENDER, 1, 1)}
    disk.read_only = False
    journal.executing(None)
    assert (journal.problem, Journal(PATH, disk).state.done[SENDER].number) == ("", 2)


def test_a_journal_that_cannot_be_read_begins_anew() -> None:
    """As one that is not there."""
    disk = Disk()
    execute(Journal(PATH, disk), 1)
    disk.unreadable = (PATH.name,)
    journal = Journal(PATH, disk)
    assert (journal.state, journal.problem) == (JournalState(), "Input/output error (EIO)")


def test_more_than_a_record_holds_is_a_problem_and_no_end() -> None:
    """A vehicle of more processes than the journal was made for is told."""
    journal = Journal(PATH, Disk())
    journal.dealt_with([Passage(sender, 2**31, 2**40 + sender) for sender in range(4000)])
    assert "do not fit a record" in journal.problem
