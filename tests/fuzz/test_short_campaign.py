"""The short campaign: some thousand changed inputs for every decoder; ``make fuzz`` runs ten million."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fuzz.campaign import run_chunk
from tests.fuzz.plan import jobs_of, run_job
from tests.fuzz.registry import TARGETS
from tests.fuzz.target import Target

SEED = 2026
INPUTS = 60_000
LEAST_PER_TARGET = 400
"""Or one chunk."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_decoder_keeps_its_promises(target: type[Target]) -> None:
    """Whatever comes: no other exception than the declared ones, no hang, books that add up to the inputs.

    And the inputs get deep: every outcome that the target names is seen.
    """
    shares = sum(each.share for each in TARGETS)
    left = max(INPUTS * target.share // shares, min(LEAST_PER_TARGET, target.chunk))
    outcomes: Counter[str] = Counter()
    inputs = 0
    for job in jobs_of([target], SEED, left):
        for report in run_job(job).chunks:
            assert not report.findings, str(report.findings[0])
            assert report.inputs == sum(report.outcomes.values())
            inputs += report.inputs
            outcomes.update(report.outcomes)
    assert inputs == left
    chunk = 1000
    while target.reaches - set(outcomes) and chunk < 1020:  # a rare one may need a few more inputs
        report = run_chunk(target, SEED, chunk)
        assert not report.findings, str(report.findings[0])
        outcomes.update(report.outcomes)
        chunk += 1
    assert not target.reaches - set(outcomes)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_chunk_is_the_same_again(target: type[Target]) -> None:
    """A seed and a number are enough to see a fault again."""
    first, second = (run_chunk(target, SEED, 7, min(100, target.chunk // 4)) for _ in range(2))
    assert first.outcomes == second.outcomes
