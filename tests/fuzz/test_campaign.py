"""The campaign finds what it looks for: decoders with planted faults are found out, each by what it does wrong."""

from __future__ import annotations

import multiprocessing
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import ClassVar

import msgspec
import pytest

from tests.fuzz import campaign
from tests.fuzz.__main__ import main
from tests.fuzz.campaign import ChunkReport, run_chunk
from tests.fuzz.mutation import Field, Mutator
from tests.fuzz.plan import jobs_of
from tests.fuzz.processes import run_campaign
from tests.fuzz.registry import TARGETS, target_named
from tests.fuzz.results import MOST_GROWTH_OCTETS, Results
from tests.fuzz.target import BrokenPromiseError, MutatedTarget, promise_sum
from tests.fuzz.watch import CpuWatch, HangError
from tlm_cmd.errors import TooShortError


class PlantedState(msgspec.Struct):
    """What the planted decoder remembers."""

    octets: int = 0
    kept: bytes = b""
    odd: object = None


class Planted(MutatedTarget):
    """A decoder that is sound, until a subclass lets it do something to an input with the octet 0x80 in front."""

    name = "planted"
    most_state_octets = 100
    state_kind: ClassVar[type[PlantedState]] = PlantedState

    def __init__(self, chance: Random) -> None:
        super().__init__(chance, [bytes(range(30))])
        self.state = self.state_kind()
        self.fed = 0

    def run(self, case: bytes) -> str:
        """Count octets."""
        if not case:
            raise TooShortError("planted", 1, 0)
        self.fed += len(case)
        self.state.octets += len(case)
        if case[0] == 0x80:
            self.fault(case)
        return "accepted"

    def fault(self, case: bytes) -> None:
        """What is wrong with it: nothing."""

    def check(self) -> None:
        """Octets add up."""
        promise_sum("octets", self.state.octets, self.fed)

    def memory(self) -> msgspec.Struct:
        """The state."""
        return self.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, PlantedState)
        self.state = state


class Raising(Planted):
    """Raises what it has not declared."""

    def fault(self, case: bytes) -> None:
        """Look behind the end."""
        raise IndexError(case[500] if len(case) > 500 else "index out of range")


class Endless(Planted):
    """Never comes back."""

    def fault(self, case: bytes) -> None:
        """Go round and round, and let no exception pass."""
        while True:
            try:
                self.fed += 0
            except Exception:  # noqa: BLE001, S112 - a decoder that swallows everything is what is planted
                continue


class Losing(Planted):
    """Forgets to count."""

    def fault(self, case: bytes) -> None:
        """Lose an octet."""
        self.state.octets -= 1


class Growing(Planted):
    """Keeps everything."""

    def fault(self, case: bytes) -> None:
        """Keep it."""
        self.state.kept += case * 10


class Forgetting(Planted):
    """Its state comes back as another one."""

    def fault(self, case: bytes) -> None:
        """Remember a pair, which comes back as a list."""
        self.state.odd = (1, 2)


@pytest.mark.parametrize(
    ("kind", "what", "alone"),
    [
        (Raising, "undeclared IndexError", True),
        (Endless, "hang", True),
        (Losing, "broken promise: octets", True),
        (Growing, "memory of", True),
        (Forgetting, "the state does not survive", False),
    ],
)
def test_a_planted_fault_is_found(
    kind: type[Planted], what: str, *, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its report tells the input, and whether that alone shows it again."""
    monkeypatch.setattr(CpuWatch, "most_cpu_s", 0.05)
    monkeypatch.setattr(CpuWatch, "tick_s", 0.02)
    found = run_chunk(kind, 1, 0).findings
    assert found[0].what.startswith(what)
    if kind in (Raising, Endless):
        assert bytes.fromhex(found[0].case)[0] == 0x80
        assert found[0].alone is alone
    assert "--target planted --seed 1 --chunk" in str(found[0])


def test_a_fault_is_seen_again_by_its_chunk() -> None:
    """The same seed and chunk lead to the same input."""
    first, second = (run_chunk(Raising, 1, chunk) for chunk in (0, 0))
    assert first.findings == second.findings
    assert first.outcomes == second.outcomes
    assert first.inputs == sum(first.outcomes.values())


def test_a_sound_decoder_has_no_findings() -> None:
    """Nothing but accepted and declared refusals."""
    report = run_chunk(Planted, 1, 0)
    assert (report.findings, set(report.outcomes)) == ([], {"accepted", "TooShortError planted"})


def test_a_late_tick_is_a_hang_too() -> None:
    """One operation that takes long holds the timer up; when it comes, it counts."""
    watch = CpuWatch()
    watch.number = 1
    watch._last_tick_s = -10.0
    with pytest.raises(HangError):
        watch._tick(0, None)


def test_too_many_outcomes_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no message of a decoder can fill the memory of the campaign; the sum still holds."""
    monkeypatch.setattr(campaign, "MOST_OUTCOMES", 2)
    report = run_chunk(target_named("tc_frame"), 1, 0)
    assert len(report.outcomes) == 3
    assert sum(report.outcomes.values()) == report.inputs


def test_changes_reach_fields_edges_and_lengths() -> None:
    """A length field comes to hold 0, all ones, one more and one less; octets grow, shrink and stay."""
    chance = Random(1)
    mutator = Mutator(chance, [bytes(10)], (Field(2, 2),))
    changed = [mutator.mutate(b"\0\0\1\0" + bytes(6)) for _ in range(5000)]
    values = {int.from_bytes(octets[2:4], "big") for octets in changed if len(octets) >= 4}
    assert {0, 0xFFFF, 0x7FFF, 0x8000, 0x101, 0xFF, 10, 9, 11} <= values
    assert {len(octets) for octets in changed} >= {0, 5, 9, 10, 11, 30}
    assert mutator.mutate(b"") is not None


def test_jobs_cover_the_inputs_once() -> None:
    """Every target has its share, in chunks that follow each other."""
    jobs = jobs_of(TARGETS, 1, 200_000)
    assert 200_000 <= sum(job.inputs for job in jobs) < 200_000 + len(TARGETS)
    for target in TARGETS:
        own = [job for job in jobs if job.target == target.name]
        assert own
        assert own[0].first_chunk == 0
        for before, after in pairwise(own):
            assert after.first_chunk == before.first_chunk + before.chunks
            assert before.inputs == before.chunks * target.chunk


def test_a_campaign_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    """The results of both parts are those of one campaign; another seed begins anew."""
    path = tmp_path / "fuzz.json"
    targets = [target_named("tc_frame"), target_named("control_words")]
    jobs = jobs_of(targets, 3, 30_000)
    whole = Results.resume(None, 3, 30_000, len(jobs))
    run_campaign(jobs, whole, 1, None, lambda _: None)
    first = Results.resume(path, 3, 30_000, len(jobs))
    run_campaign(jobs[:1], first, 1, path, lambda _: None)
    second = Results.resume(path, 3, 30_000, len(jobs))
    assert second.jobs_done == 1
    run_campaign(jobs, second, 1, path, lambda _: None)
    assert {name: result.outcomes for name, result in second.targets.items()} == {
        name: result.outcomes for name, result in whole.targets.items()
    }
    assert second.inputs == whole.inputs >= 30_000
    assert Results.resume(path, 3, 30_000, len(jobs)).jobs_done == 0
    assert Results.resume(path, 4, 30_000, len(jobs)).jobs_done == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_an_interrupted_campaign_says_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """One line instead of a traceback, no process is left, and what was done is not done again."""
    path, save = tmp_path / "fuzz.json", Results.save

    def interrupt(results: Results, to: Path) -> None:
        save(results, to)
        raise KeyboardInterrupt

    few = ["--inputs", "30000", "--processes", str(processes), "--target", "tc_frame", "--json", str(path)]
    monkeypatch.setattr(Results, "save", interrupt)
    assert main(few) == 130
    jobs = len(jobs_of([target_named("tc_frame")], 1, 30_000))
    assert capsys.readouterr().out == f"stopped at {100 // jobs} %; the same command goes on\n"
    assert multiprocessing.active_children() == []
    assert Results.resume(path, 1, 30_000, jobs).jobs_done == 1


def test_memory_that_is_not_flat_is_a_fault() -> None:
    """Growth beyond what an allocator keeps counts, and is named."""
    results = Results(1, 1, 1)
    results.add(ChunkReport("planted", 0, 1, {"accepted": 1}))
    assert results.faults == 0
    results.targets["planted"].growth_octets = MOST_GROWTH_OCTETS + 1
    assert results.faults == 1
    assert "planted: the process grew" in results.table()


def test_the_command_line_tells_faults_by_its_exit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 without a fault, 1 with one; a table and a document either way."""
    path = tmp_path / "fuzz.json"
    few = ["--inputs", "3000", "--processes", "1", "--target", "tc_frame", "--json", str(path)]
    assert main(few) == 0
    assert "tc_frame" in capsys.readouterr().out
    assert msgspec.json.decode(path.read_bytes())["targets"]["tc_frame"]["inputs"] == 3000
    monkeypatch.setattr("tests.fuzz.__main__.target_named", lambda _: Raising)
    assert main(["--target", "planted", "--chunk", "0"]) == 1
    assert "FAULT planted: undeclared IndexError" in capsys.readouterr().out


def test_sums_that_do_not_hold_are_told() -> None:
    """With the numbers."""
    with pytest.raises(BrokenPromiseError, match=r"octets: 3 is not 1 \+ 1"):
        promise_sum("octets", 3, 1, 1)
