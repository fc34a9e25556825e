"""Chunks of a campaign: so many inputs for one target, from one seed, and what was found."""

from __future__ import annotations

import gc
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

import msgspec

from tests.fuzz.target import ACCEPTED, BrokenPromiseError, Target
from tests.fuzz.watch import MOST_CPU_S, CpuWatch, HangError

MOST_OUTCOMES = 60
"""Different outcomes that are counted apart; more of them count as ``other``."""
CHECK_EVERY = 50
"""Inputs between two looks at the books."""
_SHOWN_FRAMES = 4
_PAGE_OCTETS = 4096


class Finding(msgspec.Struct, frozen=True):
    """A fault, and how to see it again: the same chunk up to the same input, or the input alone if ``alone``."""

    target: str
    seed: int
    chunk: int
    number: int
    what: str
    case: str
    """The input, as hexadecimal digits."""
    alone: bool
    """Whether a new decoder that gets only this input shows the same fault."""

    def __str__(self) -> str:
        again = f"python -m tests.fuzz --target {self.target} --seed {self.seed} --chunk {self.chunk}"
        how = "by itself" if self.alone else "after the inputs before it"
        return f"{self.target}: {self.what}\n  input {self.number}, {how}: {self.case}\n  again: {again}"


class ChunkReport(msgspec.Struct):
    """What became of the inputs of one chunk: ``inputs`` is the sum of all outcomes."""

    target: str
    chunk: int
    inputs: int = 0
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    findings: list[Finding] = msgspec.field(default_factory=list)
    cpu_s: float = 0.0


def chunk_chance(seed: int, target: str, chunk: int) -> Random:
    """The randomness of one chunk, which depends on nothing else."""
    return Random(f"{seed}/{target}/{chunk}")


def resident_octets() -> int:
    """Memory that this process holds now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_OCTETS


def run_chunk(kind: type[Target], seed: int, chunk: int, inputs: int | None = None) -> ChunkReport:
    """Give a new target of a kind so many inputs, or until a fault is found."""
    report = ChunkReport(kind.name, chunk)
    outcomes: Counter[str] = Counter()
    started_s = time.process_time()
    target = kind(chunk_chance(seed, kind.name, chunk))
    with CpuWatch() as watch:
        wanted = kind.chunk if inputs is None else inputs
        fault: str | None = None
        case = b""
        while fault is None and report.inputs < wanted:
            case = target.case()
            watch.number += 1
            report.inputs += 1
            fault = _run_one(target, case, outcomes)
            if fault is None and (report.inputs % CHECK_EVERY == 0 or report.inputs == wanted):
                watch.number += 1
                fault = _check_books(target, renew=report.inputs == wanted // 2 // CHECK_EVERY * CHECK_EVERY)
    if fault is not None:
        alone = _shows_alone(kind, seed, chunk, case, fault)
        report.findings.append(Finding(kind.name, seed, chunk, report.inputs, fault, case.hex(), alone))
        outcomes["FAULT"] += report.inputs - outcomes.total()
    report.outcomes = dict(outcomes)
    report.cpu_s = time.process_time() - started_s
    return report


def _run_one(target: Target, case: bytes, outcomes: Counter[str]) -> str | None:
    """Run one input and count its outcome; return the fault, if it shows one."""
    try:
        outcome = target.run(case)
    except target.declared as error:
        outcome = _name_of(error)
    except BrokenPromiseError as error:
        return f"broken promise: {error}"
    except HangError as error:
        return f"hang: more than {MOST_CPU_S} s of processor time{_place(error)}"
    except Exception as error:  # noqa: BLE001 - whatever is not declared is what the campaign looks for
        return f"undeclared {type(error).__name__}: {error}{_place(error)}"
    if outcome not in outcomes and len(outcomes) >= MOST_OUTCOMES:
        outcome = "other"
    outcomes[outcome] += 1
    return None


def _name_of(error: Exception) -> str:
    """Return the refusal as an outcome: the error, and the field or structure it names."""
    where = getattr(error, "field", None) or getattr(error, "structure", None)
    if not isinstance(where, str) or any(character.isdigit() for character in where):
        return type(error).__name__
    return f"{type(error).__name__} {where}"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN_FRAMES:]
    return "".join(f" < {Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def _check_books(target: Target, *, renew: bool) -> str | None:
    """Look at the counters and the memory of a target; return the fault, if there is one."""
    try:
        target.check()
        state = target.memory()
        if state is not None:
            packed = msgspec.msgpack.encode(state)
            if len(packed) > target.most_state_octets:
                return f"memory of {len(packed)} octets, {target.most_state_octets} are the bound"
            if renew:
                again = msgspec.msgpack.decode(packed, type=type(state))
                if again != state:
                    return "the state does not survive being packed and unpacked"
                target.restore(again)
    except BrokenPromiseError as error:
        return f"broken promise: {error}"
    except HangError as error:
        return f"hang: more than {MOST_CPU_S} s of processor time at the books{_place(error)}"
    except Exception as error:  # noqa: BLE001 - a state that cannot be packed is a fault of the decoder
        return f"undeclared {type(error).__name__} at the books: {error}{_place(error)}"
    return None


def _shows_alone(kind: type[Target], seed: int, chunk: int, case: bytes, fault: str) -> bool:
    """Whether a new target shows the same kind of fault on one input."""
    fresh = kind(chunk_chance(seed, kind.name, chunk))
    with CpuWatch() as watch:
        watch.number = 1
        again = _run_one(fresh, case, Counter()) or _check_books(fresh, renew=False)
    return again is not None and again.split(":", 1)[0] == fault.split(":", 1)[0]


__all__ = ["ACCEPTED", "ChunkReport", "Finding", "chunk_chance", "resident_octets", "run_chunk"]
