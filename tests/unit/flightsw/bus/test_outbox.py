import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.bus.outbox import Outbox

RECEIVERS = ("core", "link")
AREA_OCTETS = 512


def reopened(path: Path, series: int = 99) -> Outbox:
    """The outbox of a successor."""
    return Outbox(path, RECEIVERS, series, area_octets=AREA_OCTETS)


def contents(outbox: Outbox) -> dict[str, tuple[int, list[tuple[int, bytes]]]]:
    """What is settled and what is open, by receiver."""
    return {name: (outbox.kept(name).settled, list(outbox.kept(name).open)) for name in RECEIVERS}


def test_a_successor_finds_what_is_open(tmp_path: Path) -> None:
    """Commands of each receiver, in order, without those that were dealt with; numbers and series go on."""
    path = tmp_path / "outbox"
    first = reopened(path, series=7)
    for number in range(1, 4):
        assert first.keep("core", number, b"command %d" % number)
    assert first.keep("link", 1, b"other")
    first.settle("core", 2)
    first.settle("link", 1)
    successor = reopened(path, series=8)  # the first one was killed: it never closed
    assert contents(successor) == {"core": (2, [(3, b"command 3")]), "link": (1, [])}
    assert (successor.series, successor.kept("core").last, successor.kept("link").last) == (7, 3, 1)


def test_a_lost_file_begins_another_series(tmp_path: Path) -> None:
    """Numbers that begin at 1 again are not those of before; a file that cannot be read is a lost one."""
    path = tmp_path / "outbox"
    reopened(path, series=7).keep("core", 1, b"lost")
    path.write_bytes(b"?" * 2 * AREA_OCTETS)
    successor = reopened(path, series=8)
    assert (successor.series, contents(successor)["core"]) == (8, (0, []))


def test_it_is_bounded(tmp_path: Path) -> None:
    """However much passes through, the file has its size; what is open may fill one area, more is refused."""
    path = tmp_path / "outbox"
    outbox = reopened(path)
    for number in range(1, 200):
        assert outbox.keep("core", number, bytes(40))
        outbox.settle("core", number)
    taken = 0
    while outbox.keep("link", taken + 1, bytes(40)):
        taken += 1
    assert 5 < taken < 12
    assert outbox.refused == 1
    assert path.stat().st_size == 2 * AREA_OCTETS
    assert contents(reopened(path)) == {"core": (199, []), "link": (0, [(n, bytes(40)) for n in range(1, taken + 1)])}
    outbox.settle("link", taken)
    assert outbox.keep("link", taken + 1, bytes(40))


@pytest.mark.parametrize("call", ["open", "posix_fallocate"])
def test_commands_pass_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A full or read-only disk costs the memory of a dead process, not the commands of a living one; it is counted."""

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, refuse)
    outbox = reopened(tmp_path / "outbox")
    assert outbox.unkept == 1
    assert outbox.keep("core", 1, b"command")
    assert list(outbox.kept("core").open) == [(1, b"command")]
    outbox.close()


def test_a_write_that_fails_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command passes all the same."""
    outbox = reopened(tmp_path / "outbox")

    def refuse(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pwrite", refuse)
    assert outbox.keep("core", 1, b"command")
    assert outbox.unkept == 1


def test_memory_alone_keeps_as_well() -> None:
    """Without a file everything is the same but for a death."""
    outbox = Outbox(None, RECEIVERS, 3)
    assert outbox.keep("core", 1, b"command")
    outbox.settle("core", 1)
    assert (outbox.kept("core").settled, outbox.kept("core").last, outbox.unkept) == (1, 1, 0)
    outbox.close()


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(0, 2 * AREA_OCTETS - 1), flip=st.integers(1, 255))
def test_no_damage_gives_a_wrong_command(tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int) -> None:
    """Whatever octet is wrong, what is read is a beginning of what was written, or nothing in another series."""
    path = tmp_path_factory.mktemp("outbox") / "outbox"
    outbox = reopened(path, series=7)
    written = [(number, b"command %d" % number) for number in range(1, 6)]
    for number, item in written:
        outbox.keep("core", number, item)
    octets = bytearray(path.read_bytes())
    octets[cut] ^= flip
    path.write_bytes(octets)
    found = reopened(path, series=8)
    read = list(found.kept("core").open)
    assert read == written[: len(read)]
    assert found.series == 7 or not read


class OutboxRules(RuleBasedStateMachine):
    """An outbox that dies at any moment remembers exactly what was accepted and not dealt with."""

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(os.environ.get("TMPDIR", "/tmp")) / f"outbox-{os.getpid()}-{id(self)}"  # noqa: S108 - removed
        self.outbox = reopened(self.path, series=7)
        self.open: dict[str, list[tuple[int, bytes]]] = {name: [] for name in RECEIVERS}
        self.last = dict.fromkeys(RECEIVERS, 0)

    @rule(receiver=st.sampled_from(RECEIVERS), item=st.binary(min_size=1, max_size=60))
    def keep(self, receiver: str, item: bytes) -> None:
        """A command is accepted, if there is room."""
        if self.outbox.keep(receiver, self.last[receiver] + 1, item):
            self.last[receiver] += 1
            self.open[receiver].append((self.last[receiver], item))

    @rule(receiver=st.sampled_from(RECEIVERS), count=st.integers(1, 9))
    def settle(self, receiver: str, count: int) -> None:
        """Some are dealt with."""
        done = self.open[receiver][:count]
        if done:
            self.outbox.settle(receiver, done[-1][0])
            del self.open[receiver][: len(done)]

    @rule()
    def die(self) -> None:
        """The next incarnation opens the file."""
        self.outbox.close()
        self.outbox = reopened(self.path, series=8)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Open commands and last numbers are what they must be."""
        for name in RECEIVERS:
            assert list(self.outbox.kept(name).open) == self.open[name]
            assert self.outbox.kept(name).last == self.last[name]
        assert (self.outbox.series, self.outbox.unkept) == (7, 0)

    def teardown(self) -> None:
        """Remove the file."""
        self.outbox.close()
        self.path.unlink()


OutboxRules.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOutboxRules = OutboxRules.TestCase
