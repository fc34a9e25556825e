"""What a campaign has found so far: a table for people, a document to go on with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import msgspec

from tests.fuzz.campaign import ChunkReport, Finding

MOST_GROWTH_OCTETS = 24 << 20
"""By how much a process may grow over the jobs of one target, the first of them aside: what an allocator keeps."""
MOST_FINDINGS = 100
"""Findings that are kept; all are counted."""
_SHOWN_OUTCOMES = 12


class TargetResult(msgspec.Struct):
    """The sums of one target: ``inputs`` is the sum of all outcomes."""

    inputs: int = 0
    cpu_s: float = 0.0
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    faults: int = 0
    growth_octets: int = 0
    """By how much a process grew at most, from the end of its first job of this target on."""

    @property
    def rate(self) -> float:
        """Inputs per second of processor time."""
        return self.inputs / self.cpu_s if self.cpu_s else 0.0

    def __str__(self) -> str:
        named = sorted(self.outcomes.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{name} {count}" for name, count in named[:_SHOWN_OUTCOMES])
        more = f", {len(named) - _SHOWN_OUTCOMES} more" if len(named) > _SHOWN_OUTCOMES else ""
        return (
            f"{self.inputs:>10,} inputs {self.rate:>9,.0f}/s  {self.faults} faults  "
            f"{self.growth_octets / (1 << 20):+.1f} MiB\n    {shown}{more}"
        )


class Results(msgspec.Struct):
    """A campaign, under way or complete."""

    seed: int
    inputs_wanted: int
    jobs_wanted: int
    jobs_done: int = 0
    targets: dict[str, TargetResult] = msgspec.field(default_factory=dict)
    findings: list[Finding] = msgspec.field(default_factory=list)

    @classmethod
    def resume(cls, path: Path | None, seed: int, inputs: int, jobs: int) -> Self:
        """Results to go on with, if the document holds an unfinished campaign of the same seed and size; else new."""
        fresh = cls(seed, inputs, jobs)
        if path is None or not path.exists():
            return fresh
        try:
            found = msgspec.json.decode(path.read_bytes(), type=cls)
        except msgspec.MsgspecError:
            return fresh
        same = (found.seed, found.inputs_wanted, found.jobs_wanted) == (seed, inputs, jobs)
        return found if same and found.jobs_done < jobs else fresh

    @property
    def inputs(self) -> int:
        """Over all targets."""
        return sum(result.inputs for result in self.targets.values())

    @property
    def percent(self) -> int:
        """Of the jobs, how many are done."""
        return 100 * self.jobs_done // self.jobs_wanted

    @property
    def faults(self) -> int:
        """Over all targets: findings, and memory that is not flat."""
        return sum(result.faults for result in self.targets.values()) + len(self.growing)

    @property
    def growing(self) -> list[str]:
        """Targets whose process grew by more than it may."""
        return [name for name, result in self.targets.items() if result.growth_octets > MOST_GROWTH_OCTETS]

    def add(self, report: ChunkReport) -> None:
        """Take the report of a chunk."""
        result = self.targets.setdefault(report.target, TargetResult())
        result.inputs += report.inputs
        result.cpu_s += report.cpu_s
        for outcome, count in report.outcomes.items():
            result.outcomes[outcome] = result.outcomes.get(outcome, 0) + count
        result.faults += len(report.findings)
        self.findings += report.findings[: max(0, MOST_FINDINGS - len(self.findings))]

    def save(self, path: Path) -> None:
        """Write the document, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))
        os.replace(beside, path)  # noqa: PTH105 - the same as Path.replace, and shorter to read

    def table(self) -> str:
        """All targets, and the sums."""
        lines = [f"{name:24}{result}" for name, result in self.targets.items()]
        cpu_s = sum(result.cpu_s for result in self.targets.values())
        lines.append(
            f"{'all':24}{self.inputs:>10,} inputs {self.inputs / max(cpu_s, 1e-9):>9,.0f}/s  {self.faults} faults  "
            f"{cpu_s:.0f} s of processor time, seed {self.seed}"
        )
        lines += [f"{name}: the process grew by more than {MOST_GROWTH_OCTETS >> 20} MiB" for name in self.growing]
        return "\n".join(lines)
