from __future__ import annotations

import pytest

from apps.telemetry_output.receiver_reports import (
    PATIENCE_NS,
    REPORTS_PER_SECURITY_REPORT,
    ReceiverReports,
    ReceiverReportsState,
)
from tlm_cmd.frames.clcw import Clcw

UNKNOWN = Clcw(virtual_channel=1, lockout=True)
REPORT = Clcw(virtual_channel=1, report_value=9)
SECURITY = 0xA000_0107
START_NS = 40_000_000_000


def number(clcw: Clcw) -> int:
    """A report as the receiver's app sends it."""
    return int.from_bytes(clcw.pack(), "big")


def test_before_any_report_nothing_can_be_built_on_what_is_said() -> None:
    """Frames go out, and say that the receiver is locked out."""
    reports = ReceiverReports(ReceiverReportsState(), UNKNOWN, START_NS)
    assert not reports.outdated(START_NS)
    assert reports.control_words() == [UNKNOWN.pack()]


def test_the_report_of_security_comes_now_and_then() -> None:
    """One word of eight is of the security, where there is any."""
    reports = ReceiverReports(ReceiverReportsState(), UNKNOWN, START_NS)
    reports.take(number(REPORT), 0)
    assert reports.control_words() == [REPORT.pack()]
    reports.take(number(REPORT), SECURITY)
    words = reports.control_words()
    assert words == [REPORT.pack()] * REPORTS_PER_SECURITY_REPORT + [SECURITY.to_bytes(4, "big")]


def test_after_a_restart_a_new_report_is_awaited() -> None:
    """The old one is not told; the first new one ends the wait."""
    reports = ReceiverReports(ReceiverReportsState(number(REPORT), SECURITY), UNKNOWN, START_NS)
    assert reports.outdated(START_NS)
    assert reports.outdated(START_NS + PATIENCE_NS - 1)
    reports.take(number(REPORT), 0)
    assert not reports.outdated(START_NS + 1)
    assert reports.control_words() == [REPORT.pack()]


@pytest.mark.parametrize("now_ns", [START_NS + PATIENCE_NS, START_NS - 1])
def test_patience_ends(now_ns: int) -> None:
    """A receiver that stays silent, or a clock that began anew: the old report is forgotten, not told."""
    state = ReceiverReportsState(number(REPORT), SECURITY)
    reports = ReceiverReports(state, UNKNOWN, START_NS)
    assert not reports.outdated(now_ns)
    assert state == ReceiverReportsState()
    assert reports.control_words() == [UNKNOWN.pack()]


def test_what_is_no_report_is_forgotten() -> None:
    """A word of another kind in the memory is not passed on."""
    state = ReceiverReportsState()
    reports = ReceiverReports(state, UNKNOWN, START_NS)
    reports.take(0x8000_0000, 0)
    assert reports.control_words() == [UNKNOWN.pack()]
    assert state.clcw is None
