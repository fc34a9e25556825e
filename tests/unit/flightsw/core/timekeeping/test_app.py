from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flightsw.core.timekeeping.messages import (
    MAX_LEAP_STEPS,
    AdjustTime,
    ClockRestarted,
    ClockStateChanged,
    CorrectionBegun,
    InvalidateTime,
    LeapSecondAdded,
    SetDelay,
    SetLeapSeconds,
    SetMet,
    SetRate,
    SetSource,
    SetStcf,
    SetTai,
    SetUtc,
    SlewTime,
    SourceSelected,
    TimeCorrelation,
    TimeJumped,
    TimeStatus,
    ToneLost,
    ToneRefused,
    ToneVerdict,
)
from flightsw.runtime.followers import follow_time
from flightsw.services.correlation import LAST_TAI_NS, NS_PER_S
from flightsw.services.spacecraft_time import SpacecraftTime, parse_utc
from flightsw.services.time_quality import ClockSource, ClockState
from flightsw.testing import Bench
from tests.unit.flightsw.core.timekeeping.conftest import TAI_START_S, TOML, Timekeeper
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode, Stage

HOUR_NS = 3600 * NS_PER_S
MS = 1_000_000


def followed(keeper: Timekeeper) -> SpacecraftTime:
    """Time as any process reads it."""
    time = SpacecraftTime()
    follow_time(time, keeper.correlation())
    return time


@pytest.fixture
def internal(tmp_path: Path) -> Timekeeper:
    """A timekeeper without any tone."""
    return Timekeeper(tmp_path, with_tone=False)


# -------------------------------------------------------------------- tones


def test_time_becomes_valid_with_enough_tones(keeper: Timekeeper) -> None:
    """INVALID until the tones are in a row, then VALID with a stated uncertainty; TAI is the tones'."""
    assert keeper.correlation().state is ClockState.INVALID
    keeper.offset_ns = 12 * MS
    keeper.hear(8)
    changes = keeper.bench.sent(ClockStateChanged)
    assert [(each.before, each.after) for each in changes] == [(ClockState.INVALID, ClockState.VALID)]
    jump = keeper.bench.latest(TimeJumped)
    assert (jump.delta_ns, jump.cause) == (-12 * MS, "by the tone")
    time = followed(keeper)
    assert time.tai_ns(5 * NS_PER_S + 12 * MS) == (TAI_START_S + 5) * NS_PER_S
    assert time.uncertainty_ns(keeper.now_ns) < 10_000
    assert keeper.correlation().tone_monotonic_ns % NS_PER_S == 12 * MS


def test_a_drifting_oscillator_is_followed(keeper: Timekeeper) -> None:
    """With a clock that runs 2 us a second too fast, TAI stays on the tone by its rate alone, without a jump."""
    for _ in range(120):
        keeper.offset_ns += 2000
        keeper.hear(1)
    status = keeper.status()
    assert status.jumps == 1
    assert abs(status.oscillator_ns_per_s + 2000) <= 2
    assert abs(status.last_error_ns) <= 20
    assert 115 <= status.good == status.tones  # the newest are not read yet


def test_the_unit_is_read_seldom_while_all_is_well(keeper: Timekeeper) -> None:
    """On the tone, the unit is read every four seconds, and no tone is missed by that."""
    keeper.lock()
    before = keeper.bench.app.state.last_tone
    keeper.hear(3)
    assert keeper.bench.app.state.last_tone - before in {0, 4}
    keeper.hear(20)
    assert keeper.status().missed == 0


@pytest.mark.untraced
def test_loss_of_the_tone_is_a_flywheel_with_growing_uncertainty(keeper: Timekeeper) -> None:
    """Behind the limit of silence time is FLYWHEEL, its uncertainty grows; beyond the limit it is INVALID."""
    keeper.lock()
    keeper.bench.advance(11)
    assert keeper.correlation().state is ClockState.FLYWHEEL
    assert keeper.correlation().tone_monotonic_ns == 0
    assert len(keeper.bench.sent(ToneLost)) == 1
    time = followed(keeper)
    first, later = time.uncertainty_ns(keeper.now_ns), time.uncertainty_ns(keeper.now_ns + 100 * NS_PER_S)
    assert later - first == 100 * 1000
    keeper.bench.advance(100_000_000 // 1000 + 20)
    assert keeper.correlation().state is ClockState.INVALID
    assert keeper.status().flywheels == 1


def test_the_flywheel_begins_exactly_behind_the_limit(keeper: Timekeeper) -> None:
    """As long as the last good tone is not older than the limit, nothing happens."""
    keeper.lock()
    logic = keeper.bench.app.keeper
    since = logic.state.quality.since_ns
    logic.pass_time(since + 6 * NS_PER_S)
    assert logic.state.quality.state is ClockState.VALID
    logic.pass_time(since + 6 * NS_PER_S + 1)
    assert logic.state.quality.state is ClockState.FLYWHEEL


def test_a_tone_that_comes_back_ends_the_flywheel(keeper: Timekeeper) -> None:
    """Enough good tones make time valid again; a small error is left to the rate, without a jump."""
    keeper.lock()
    keeper.bench.advance(60)
    keeper.offset_ns = 30_000
    keeper.hear(8)
    assert keeper.correlation().state is ClockState.VALID
    assert keeper.status().jumps == 0
    keeper.hear(120)
    assert abs(keeper.status().last_error_ns) < 200


def test_a_tone_that_comes_back_elsewhere_jumps(keeper: Timekeeper) -> None:
    """An error beyond the window, but within the stated uncertainty, is corrected in one step, named by an event."""
    keeper.lock()
    keeper.bench.advance(4000)
    keeper.offset_ns = 3 * MS
    keeper.hear(8)
    jump = keeper.bench.latest(TimeJumped)
    assert (jump.delta_ns, jump.cause) == (-3 * MS, "by the tone")
    assert (jump.before_utc[-5:], jump.after_utc[-5:]) == (".003Z", ".000Z")


def test_tones_off_their_window_do_not_move_time(keeper: Timekeeper) -> None:
    """A receiver that goes wrong is refused with one event for the row, counted, and ends in the flywheel."""
    keeper.lock()
    before = keeper.correlation().stcf_ns
    keeper.offset_ns = 20 * MS
    keeper.hear(15)
    refused = keeper.bench.sent(ToneRefused)
    assert [(each.verdict, each.deviation_us) for each in refused] == [(ToneVerdict.TONE_OFF_WINDOW, 20_000)]
    assert keeper.status().tone_off_window >= 14
    assert keeper.correlation().state is ClockState.FLYWHEEL
    assert abs(keeper.correlation().stcf_ns - before) < 100
    keeper.offset_ns = 0
    keeper.hear(8)
    assert keeper.correlation().state is ClockState.VALID


def test_a_wrong_second_is_refused(keeper: Timekeeper) -> None:
    """A time message that is a second off does not move time."""
    keeper.lock()
    keeper.hear(12, tai_s=TAI_START_S)
    assert keeper.status().time_off_window >= 11
    assert keeper.status().jumps == 0


@pytest.mark.parametrize(
    ("spoilt", "counter"),
    [({"message_ns": None}, "no_message"), ({"message_ns": MS}, "message_off_window"), ({"valid": False}, "not_valid")],
)
def test_tones_without_a_trustworthy_message_are_counted(
    keeper: Timekeeper, spoilt: dict[str, Any], counter: str
) -> None:
    """Tone-to-data: without a message in its window a tone never makes time valid."""
    keeper.hear(20, **spoilt)
    assert getattr(keeper.status(), counter) >= 18
    assert keeper.correlation().state is ClockState.INVALID
    assert len(keeper.bench.sent(ToneRefused)) == 1


def test_an_invalid_clock_takes_up_any_tone(keeper: Timekeeper) -> None:
    """A first tone that was wrong does not keep the right ones out."""
    keeper.hear(1)
    keeper.offset_ns = 300 * MS
    keeper.hear(8)
    assert keeper.correlation().state is ClockState.VALID


def test_overwritten_tones_are_counted(keeper: Timekeeper) -> None:
    """What the unit could not keep until it was read is known by the numbers."""
    keeper.lock()
    keeper.capture.dead = True
    keeper.hear(20)
    keeper.capture.dead = False
    keeper.hear(2)
    status = keeper.status()
    assert status.device_failures >= 10
    assert status.missed >= 10
    assert status.tones + status.missed <= keeper.number


def test_a_unit_that_begins_to_count_again_is_followed(keeper: Timekeeper) -> None:
    """Switched off and on, the unit numbers its tones from 1; they count all the same."""
    keeper.lock()
    keeper.capture.heard.clear()
    keeper.number = 0
    keeper.hear(12)
    assert keeper.correlation().state is ClockState.VALID
    assert keeper.status().missed == 0


# -------------------------------------------------------------------- commands


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS])
def test_an_adjustment_is_a_jump_with_a_name(internal: Timekeeper, jump_ns: int) -> None:
    """One shot of an hour moves TAI, not MET; the event says from when to when, and slots go on."""
    internal.bench.advance(5)
    before = followed(internal)
    now_ns = internal.now_ns
    assert internal.bench.command(AdjustTime(jump_ns)).stage is Stage.COMPLETED
    after = followed(internal)
    assert after.tai_ns(now_ns) - before.tai_ns(now_ns) == jump_ns
    assert after.met_ns(now_ns) == before.met_ns(now_ns)
    event = internal.bench.latest(TimeJumped)
    assert (event.delta_ns, event.cause) == (jump_ns, "adjusted by command")
    assert parse_utc(event.after_utc) - parse_utc(event.before_utc) == jump_ns
    activities = internal.bench.container.state.activities
    internal.bench.advance(10)
    assert internal.bench.container.state.activities - activities == 11


def test_every_clock_can_be_set(internal: Timekeeper) -> None:
    """TAI, UTC, MET and STCF read what was set, and time is VALID with the accuracy of a command."""
    bench = internal.bench
    bench.advance(3)
    now_ns = internal.now_ns
    bench.command(SetUtc("2026-03-01T12:00:00.5Z"))
    assert followed(internal).utc_ns(now_ns) == parse_utc("2026-03-01T12:00:00.5Z")
    assert internal.correlation().state is ClockState.VALID
    assert followed(internal).uncertainty_ns(now_ns) == 50 * MS
    bench.command(SetTai(2_150_000_000 * NS_PER_S))
    assert followed(internal).tai_ns(now_ns) == 2_150_000_000 * NS_PER_S
    bench.command(SetMet(77 * NS_PER_S))
    assert followed(internal).met_ns(now_ns) == 77 * NS_PER_S
    bench.command(SetStcf(2_100_000_000 * NS_PER_S))
    assert followed(internal).stcf_ns(now_ns) == 2_100_000_000 * NS_PER_S
    assert internal.status().jumps == 4


def test_a_set_time_grows_old(internal: Timekeeper) -> None:
    """Without a tone the uncertainty grows with what the oscillator may drift, until time is INVALID."""
    internal.bench.command(SetUtc("2026-03-01T12:00:00Z"))
    internal.bench.advance(9_999)
    assert internal.correlation().state is ClockState.VALID
    internal.bench.advance(10)
    assert internal.correlation().state is ClockState.INVALID


def test_slew_and_rate_are_corrections_without_a_jump(internal: Timekeeper) -> None:
    """TAI is continuous at the command and has gained what was asked for later."""
    bench = internal.bench
    bench.advance(2)
    now_ns, before = internal.now_ns, followed(internal)
    bench.command(SlewTime(1_000_000, 100_000))
    assert followed(internal).tai_ns(now_ns) == before.tai_ns(now_ns)
    assert internal.status().slewing
    bench.command(SetRate(-7))
    later_ns = now_ns + 20 * NS_PER_S
    assert followed(internal).tai_ns(later_ns) == before.tai_ns(later_ns) + 1_000_000 - 140
    assert bench.sent(CorrectionBegun) == [
        CorrectionBegun("slew", 1_000_000, 100_000),
        CorrectionBegun("rate", 0, -7),
    ]
    assert bench.sent(TimeJumped) == []
    assert internal.status().slews == 1


@pytest.mark.parametrize(
    "command",
    [
        AdjustTime(LAST_TAI_NS),
        SetTai(0),
        SetUtc("yesterday"),
        SetUtc("1960-01-01T00:00:00Z"),
        SetMet(LAST_TAI_NS),
        SetStcf(-(2**62)),
        SlewTime(2**62, 1),
    ],
)
def test_a_correction_out_of_range_is_refused(internal: Timekeeper, command: Command) -> None:
    """It fails with what is allowed, is counted, and changes nothing."""
    before = internal.correlation()
    verdict = internal.bench.command(command)
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert "allowed" in verdict.reason
    assert internal.correlation() == before
    assert internal.status().refused == 1


@pytest.mark.parametrize("command", [AdjustTime(1), SetUtc("2026-03-01T12:00:00Z"), SlewTime(1, 1), SetRate(1)])
def test_a_clock_on_the_tone_takes_no_correction(keeper: Timekeeper, command: Command) -> None:
    """The tone would undo it at once; behind the choice of the internal source it is taken."""
    keeper.lock()
    verdict = keeper.bench.command(command)
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert "select the internal source first" in verdict.reason
    keeper.bench.command(SetSource(ClockSource.INTERNAL))
    assert keeper.bench.command(command).stage is Stage.COMPLETED
    assert keeper.bench.sent(SourceSelected) == [SourceSelected(ClockSource.INTERNAL)]


def test_the_source_can_be_changed_and_changed_back(keeper: Timekeeper) -> None:
    """VALID stays VALID on the oscillator; back on the tone it is a flywheel until the tone is acquired again."""
    keeper.lock()
    keeper.bench.command(SetSource(ClockSource.INTERNAL))
    keeper.hear(10)
    assert keeper.correlation().state is ClockState.VALID
    assert keeper.correlation().source is ClockSource.INTERNAL
    keeper.bench.command(SetSource(ClockSource.TONE))
    assert keeper.correlation().state is ClockState.FLYWHEEL
    keeper.hear(8)
    assert keeper.correlation().state is ClockState.VALID


def test_time_can_be_set_while_the_tone_is_away(keeper: Timekeeper) -> None:
    """It is a flywheel then: the tone has still to confirm it."""
    keeper.bench.advance(3)
    assert keeper.bench.command(SetUtc("2026-01-01T00:00:03Z")).stage is Stage.COMPLETED
    assert keeper.correlation().state is ClockState.FLYWHEEL


def test_a_time_set_wrong_is_declared_invalid(keeper: Timekeeper) -> None:
    """A minute off, the tones are refused as long as time claims to know better; declared invalid, it takes them."""
    keeper.lock()
    keeper.bench.command(SetSource(ClockSource.INTERNAL))
    keeper.bench.command(AdjustTime(60 * NS_PER_S))
    keeper.hear(8)
    assert keeper.bench.sent(ToneRefused) == []  # nobody follows them
    keeper.bench.command(SetSource(ClockSource.TONE))
    keeper.hear(8)
    assert keeper.correlation().state is ClockState.FLYWHEEL
    assert keeper.bench.command(InvalidateTime()).stage is Stage.COMPLETED
    assert keeper.correlation().state is ClockState.INVALID
    keeper.hear(8)
    assert keeper.correlation().state is ClockState.VALID
    assert abs(keeper.bench.latest(TimeJumped).delta_ns + 60 * NS_PER_S) < 1000


def test_without_a_capture_unit_there_is_no_tone_to_select(internal: Timekeeper) -> None:
    """The mission without the device begins on its oscillator, whatever the table says, and stays there."""
    assert internal.correlation().source is ClockSource.INTERNAL
    verdict = internal.bench.command(SetSource(ClockSource.TONE))
    assert verdict.stage is Stage.FAILED
    assert "no tone to follow" in verdict.reason


def test_the_delay_is_added_to_the_tones_time(keeper: Timekeeper) -> None:
    """A tone that is heard 500 us late began 500 us before its edge."""
    keeper.bench.command(SetDelay(500_000))
    keeper.lock()
    assert followed(keeper).tai_ns(5 * NS_PER_S) == (TAI_START_S + 5) * NS_PER_S + 500_000
    assert keeper.status().delay_ns == 500_000


def test_a_leap_second_is_added(internal: Timekeeper) -> None:
    """UTC takes the step at its time, TAI does not; the table is known for as long as the command says."""
    internal.bench.command(SetUtc("2026-06-30T23:59:58Z"))
    assert not internal.status().leap_seconds_known
    verdict = internal.bench.command(SetLeapSeconds("2026-07-01T00:00:00Z", 38, "2027-01-01T00:00:00Z"))
    assert verdict.stage is Stage.COMPLETED
    start_ns, time = internal.now_ns, followed(internal)
    first = parse_utc("2026-06-30T23:59:58Z")
    assert [time.utc_ns(start_ns + at * NS_PER_S) - first for at in range(5)] == [
        at * NS_PER_S for at in (0, 1, 2, 2, 3)
    ]
    assert internal.status().leap_seconds_known
    assert internal.bench.latest(LeapSecondAdded).tai_minus_utc_s == 38


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (SetLeapSeconds("2026-07-01T00:00:00Z", 37, "2027-01-01T00:00:00Z"), "allowed are 36 and 38"),
        (SetLeapSeconds("2026-07-01T00:00:00Z", 39, "2027-01-01T00:00:00Z"), "allowed are 36 and 38"),
        (SetLeapSeconds("2026-07-01T00:00:00.5Z", 38, "2027-01-01T00:00:00Z"), "no whole second"),
        (SetLeapSeconds("soon", 38, "2027-01-01T00:00:00Z"), "ISO 8601"),
        (SetLeapSeconds("1960-07-01T00:00:00Z", 38, "2027-01-01T00:00:00Z"), "allowed is"),
    ],
)
def test_a_leap_second_that_cannot_be_is_refused(internal: Timekeeper, command: SetLeapSeconds, reason: str) -> None:
    """The refusal says what is allowed."""
    verdict = internal.bench.command(command)
    assert verdict.stage is Stage.FAILED
    assert reason in verdict.reason


def test_added_leap_seconds_are_bounded(internal: Timekeeper) -> None:
    """Beyond what the correlation can carry one more is refused; an earlier one replaces those behind it."""
    for number in range(MAX_LEAP_STEPS):
        command = SetLeapSeconds(f"{2027 + number}-01-01T00:00:00Z", 38 + number, "2050-01-01T00:00:00Z")
        assert internal.bench.command(command).stage is Stage.COMPLETED
    more = SetLeapSeconds("2040-01-01T00:00:00Z", 38 + MAX_LEAP_STEPS, "2050-01-01T00:00:00Z")
    assert internal.bench.command(more).stage is Stage.FAILED
    again = SetLeapSeconds("2026-12-01T00:00:00Z", 38, "2050-01-01T00:00:00Z")
    assert internal.bench.command(again).stage is Stage.COMPLETED
    assert len(internal.correlation().leap_steps) == 1


# -------------------------------------------------------------------- restarts


def test_time_survives_a_restart_of_the_app(keeper: Timekeeper) -> None:
    """The app goes on with what it remembers, tells everybody at once, and hears the next tones."""
    keeper.lock()
    before = keeper.correlation()
    keeper.bench.container.checkpoint()
    keeper.bench.restart()
    after = keeper.correlation()
    assert (after.stcf_ns, after.rate_ns_per_s, after.state) == (before.stcf_ns, before.rate_ns_per_s, before.state)
    keeper.hear(8)
    assert keeper.correlation().state is ClockState.VALID
    assert keeper.bench.sent(ClockRestarted) == []


def test_a_timekeeper_that_dies_at_once_takes_nothing_back(keeper: Timekeeper) -> None:
    """What it has told the others it knows again, however soon it dies: nobody's TAI jumps there and back."""
    keeper.offset_ns = 12 * MS
    keeper.lock()
    before = followed(keeper)
    keeper.bench.restart()
    after = followed(keeper)
    assert after.quality.state is ClockState.VALID
    assert after.tai_ns(keeper.now_ns) == before.tai_ns(keeper.now_ns)


def test_a_clock_that_starts_again_is_noticed(tmp_path: Path, keeper: Timekeeper) -> None:
    """After a processor reset MET goes on from what was stored, TAI counts as INVALID until the tone is back."""
    keeper.lock()
    keeper.bench.advance(20)
    stored_met = keeper.bench.container.state and followed(keeper).met_ns(keeper.bench.app.state.keeper.seen_ns)
    keeper.bench.container.checkpoint()
    stored = keeper.bench.recall("checkpoint.timekeeping").data
    assert stored is not None
    again = Bench("flightsw.core.timekeeping", devices=keeper.bench._devices, tables=tmp_path, start_ns=2 * NS_PER_S)
    again.store("checkpoint.timekeeping", stored)
    again.start()
    event = again.latest(ClockRestarted)
    assert event.met_ns == stored_met
    correlation = again.latest(TimeCorrelation)
    assert correlation.state is ClockState.INVALID
    time = SpacecraftTime()
    follow_time(time, correlation)
    assert time.met_ns(2 * NS_PER_S) == stored_met


def test_status_comes_regularly(keeper: Timekeeper) -> None:
    """Every ten seconds, and so does the correlation."""
    keeper.hear(61)
    assert len(keeper.bench.sent(TimeStatus)) == 6
    assert len(keeper.bench.sent(TimeCorrelation)) >= 6


@pytest.mark.parametrize(
    "wrong",
    ["message_earliest_us = 300_000", "set_accuracy_ms = 100"],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, wrong: str) -> None:
    """A table with which time could never be valid is not taken."""
    name = wrong.split(" ", maxsplit=1)[0]
    lines = [wrong if line.startswith(name) else line for line in TOML.splitlines()]
    (tmp_path / "clock.toml").write_text("\n".join(lines))
    with pytest.raises(Exception, match=name):
        Bench("flightsw.core.timekeeping", tables=tmp_path)
