from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from apps.attitude.messages import Navigation
from apps.housekeeping.messages import AppHeardAgain, AppSilent, SystemStatus
from flightsw.messages.life import AppHousekeeping
from flightsw.services.spacecraft_time import parse_utc
from flightsw.testing import Bench
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

OTHERS = ("attitude", "power", "thermal")
UTC_NS = parse_utc("2026-07-01T10:30:00Z")
NAVIGATION = Navigation(
    valid=True,
    time_tai_ns=LEAP_SECONDS.utc_to_tai(UTC_NS),
    position=(7000.0, 0.0, 0.0),
    velocity=(0.0, 7.5, 0.0),
    latitude=0.0,
    longitude=0.0,
    altitude=622.0,
    sun=(1.0, 0.0, 0.0),
    sunlit=True,
)


def counters(**changes: int) -> AppHousekeeping:
    """An app's counters, all 0 but those named."""
    zero = AppHousekeeping(*[0] * 15, (0, 0, 0))
    return msgspec.structs.replace(zero, **changes)


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    """The app with three others."""
    return bench_of("housekeeping", {}, others=OTHERS)


def all_report(bench: Bench, seconds: int) -> None:
    """Let time pass in which every app sends its counters each ten seconds."""
    for _ in range(seconds // 10):
        for app in OTHERS:
            bench.deliver(counters(), sender=app)
        bench.container.housekeeping()
        bench.advance(10)


def test_the_vehicle_at_a_glance(bench: Bench) -> None:
    """The summary adds up what all apps counted, and lists each app that was heard of."""
    bench.deliver(counters(accepted=5, failed=1, errors=2, events=7), sender="power")
    bench.deliver(counters(accepted=50, failed=10, errors=70_000, events=70, restarts=3), sender="thermal")
    bench.advance(10)
    status = bench.latest(SystemStatus)
    assert (status.accepted, status.failed, status.errors, status.events) == (55, 11, 70_002, 77)
    apids = [bench.dictionary.apid_of(app) for app in ("power", "thermal")]
    assert [app.apid for app in status.apps] == apids
    thermal = status.apps[1]
    assert (thermal.errors, thermal.restarts, thermal.failed, thermal.silent_s) == (65_535, 3, 10, 9)
    assert status.dictionary == bytes.fromhex(bench.dictionary.content_hash)[:8]


def test_totals_saturate(bench: Bench) -> None:
    """Counters that are full do not overflow the summary."""
    full = 2**32 - 1
    for app in OTHERS:
        bench.deliver(counters(accepted=full, failed=full, errors=full, events=full), sender=app)
    bench.advance(10)
    status = bench.latest(SystemStatus)
    assert (status.accepted, status.failed, status.errors, status.events) == (full,) * 4


def test_only_the_newest_counters_count(bench: Bench) -> None:
    """A later packet of an app replaces the earlier one."""
    bench.deliver(counters(accepted=5), sender="power")
    bench.deliver(counters(accepted=6), sender="power")
    bench.advance(10)
    assert bench.latest(SystemStatus).accepted == 6


def test_a_silent_app_is_reported_once(bench: Bench) -> None:
    """After three missing packets an app is reported as silent, once, and counted until it is heard again."""
    all_report(bench, 40)
    assert (bench.sent(AppSilent), bench.latest(SystemStatus).silent_apps) == ([], 0)
    for _ in range(5):
        for app in ("power", "thermal"):
            bench.deliver(counters(), sender=app)
        bench.container.housekeeping()
        bench.advance(10)
    assert bench.sent(AppSilent) == [AppSilent("attitude", 39)]
    assert bench.latest(SystemStatus).silent_apps == 1
    bench.deliver(counters(), sender="attitude")
    assert bench.sent(AppHeardAgain) == [AppHeardAgain("attitude")]
    all_report(bench, 10)
    assert bench.latest(SystemStatus).silent_apps == 0


def test_an_app_that_was_never_heard_of(bench: Bench) -> None:
    """An app that never reports is silent from the start on, but not in the list of those heard of."""
    bench.advance(30)
    assert bench.sent(AppSilent) == []
    bench.advance(10)
    assert {event.app for event in bench.sent(AppSilent)} == {"housekeeping", *OTHERS}
    assert (bench.latest(SystemStatus).silent_apps, bench.latest(SystemStatus).apps) == (4, ())


def test_a_late_start_accuses_nobody(bench_of: Callable[..., Bench]) -> None:
    """Starting late, or again after a pause, the app gives all others the full time to report."""
    bench = bench_of("housekeeping", {}, others=OTHERS, start_ns=10**12)
    all_report(bench, 20)
    bench.clock.advance_to(bench.now_ns() + 10**11)
    bench.schedule.begin(bench.now_ns())
    bench.restart()
    bench.advance(20)
    assert bench.sent(AppSilent) == []


def test_the_clock_starts_again(bench: Bench, bench_of: Callable[..., Bench]) -> None:
    """After a processor reset silence is counted from boot, and the time is unknown until navigation has it."""
    all_report(bench, 50)
    bench.deliver(NAVIGATION)
    all_report(bench, 50)
    again = bench_of("housekeeping", {}, others=OTHERS, memory_of=bench)
    again.advance(20)
    status = again.latest(SystemStatus)
    assert (again.sent(AppSilent), status.utc_s) == ([], 0)
    assert [app.silent_s for app in status.apps] == [19] * 4


def test_utc(bench: Bench) -> None:
    """UTC follows the newest valid fix, and goes on without one."""
    bench.advance(10)
    assert bench.latest(SystemStatus).utc_s == 0
    bench.deliver(NAVIGATION)
    bench.advance(10)
    assert bench.latest(SystemStatus).utc_s == UTC_NS // 10**9 + 9
    bench.deliver(msgspec.structs.replace(NAVIGATION, valid=False, time_tai_ns=5))
    bench.advance(100)
    assert bench.latest(SystemStatus).utc_s == UTC_NS // 10**9 + 109


def test_an_absurd_time(bench: Bench) -> None:
    """A fix with a time before leap seconds were invented reads as 0, not as an error."""
    bench.deliver(msgspec.structs.replace(NAVIGATION, time_tai_ns=1))
    bench.advance(10)
    assert bench.latest(SystemStatus).utc_s == 0
    assert bench.container.state.errors == 0


def test_what_was_heard_survives_a_crash(bench: Bench) -> None:
    """After a crash the summary still knows what the apps reported before."""
    bench.deliver(counters(accepted=5), sender="power")
    bench.container.checkpoint()
    bench.restart()
    bench.advance(10)
    assert bench.latest(SystemStatus).accepted == 5
