"""What the payload reports fits its fields."""

from __future__ import annotations

import pytest

from apps.payload.jobs import Job
from apps.payload.messages import ComputeMode, JobOutcome
from apps.payload.reports import MAX_REASON_OCTETS, fit, job_report, payload_status
from apps.payload.state import PayloadState
from tlm_cmd.definition.codec import codec_of


@pytest.mark.parametrize(
    ("text", "octets", "kept"), [("abc", 3, "abc"), ("abcd", 3, "abc"), ("aöö", 4, "aö"), ("", 1, "")]
)
def test_a_text_is_cut_between_characters(text: str, octets: int, kept: str) -> None:
    """Never more octets than allowed, and never half a character."""
    assert fit(text, octets) == kept


def test_a_fresh_payload_can_be_reported() -> None:
    """The status of an app that has heard nothing yet is complete and fits its packet."""
    status = payload_status(PayloadState(), ComputeMode.OFF)
    assert codec_of(type(status)).decode(codec_of(type(status)).encode(status)) == status


def test_counters_saturate_at_their_field() -> None:
    """Counters of 16 bits stay at their highest value."""
    state = PayloadState(planner_failures=70_000, board_failures=70_000)
    status = payload_status(state, ComputeMode.OFF)
    assert (status.planner_failures, status.board_failures) == (65_535, 65_535)


def test_a_job_that_never_started_has_waited_until_its_end() -> None:
    """Waiting counts to the end, the temperature is 0 when none was measured, a long reason is cut."""
    job = Job(1, 2, 3, 4, 5.0, 1_000_000_000, 9_000_000_000)
    report = job_report(job, JobOutcome.FAILED, "x" * 200, 4_000_000_000, value=0.0, cloud_fraction=0.0)
    assert (report.wait_s, report.peak_temperature, len(report.reason)) == (3.0, 0.0, MAX_REASON_OCTETS)
    job.waited_ns = 500_000_000
    report = job_report(job, JobOutcome.FAILED, "", 4_000_000_000, value=0.0, cloud_fraction=0.0)
    assert report.wait_s == 0.5
