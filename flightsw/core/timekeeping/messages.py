"""Interface of the timekeeping app."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from flightsw.services.correlation import MAX_RATE_NS_PER_S, MAX_SLEW_NS_PER_S
from flightsw.services.time_quality import ClockSource, ClockState
from tlm_cmd.definition.fields import I32, I64, U8, U32, U64, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry

MAX_LEAP_STEPS = 8
"""Leap seconds that can be added to the built-in table by command."""
MAX_DELAY_NS = 999_999_999
MAX_CAUSE_OCTETS = 48


@unique
class ToneVerdict(IntEnum):
    """What became of one tone."""

    GOOD = 0
    NOT_VALID = 1
    """The receiver itself does not vouch for its time."""
    NO_MESSAGE = 2
    """No time message came with the tone."""
    MESSAGE_OFF_WINDOW = 3
    """The time message came too early or too late behind the tone: it may belong to another."""
    TONE_OFF_WINDOW = 4
    """The tone did not come a whole number of seconds behind the last good one."""
    TIME_OFF_WINDOW = 5
    """The time of the message is too far from what spacecraft time, with its stated uncertainty, can be."""


# -------------------------------------------------------------------- commands


class SetSource(Command, code=2):
    """Let TAI follow the tone, or the oscillator alone."""

    source: ClockSource


class SetTai(Command, code=3):
    """Make TAI read a value, in one step."""

    tai_ns: Annotated[int, U64, Unit("ns"), "TAI since 1958-01-01 at the command's execution"]


class SetUtc(Command, code=4):
    """Make UTC read a value, in one step."""

    utc: Annotated[str, UpTo(32), "ISO 8601 with Z, at the command's execution"]


class SetMet(Command, code=5):
    """Make mission elapsed time read a value; STCF stays, so TAI jumps as far."""

    met_ns: Annotated[int, U64, Unit("ns"), "MET at the command's execution"]


class SetStcf(Command, code=6):
    """Make TAI less MET a value, in one step."""

    stcf_ns: Annotated[int, I64, Unit("ns"), "TAI less MET"]


class AdjustTime(Command, code=7):
    """Add to TAI in one step."""

    delta_ns: Annotated[int, I64, Unit("ns"), "negative to take off"]


class SlewTime(Command, code=8):
    """Add to TAI little by little; replaces a slew going on."""

    delta_ns: Annotated[int, I64, Unit("ns"), "in all; negative to take off"]
    rate_ns_per_s: Annotated[int, U32, Range(1, MAX_SLEW_NS_PER_S), Unit("ns/s"), "how much in each second"]


class SetRate(Command, code=9):
    """Add to TAI in every second from now on, for good: corrects the oscillator's rate."""

    rate_ns_per_s: Annotated[int, I32, Range(-MAX_RATE_NS_PER_S, MAX_RATE_NS_PER_S), Unit("ns/s"), "0 for none"]


class SetDelay(Command, code=10):
    """Say how much later than its time message a tone is heard: cable, filter, and receiver together."""

    delay_ns: Annotated[int, I32, Range(-MAX_DELAY_NS, MAX_DELAY_NS), Unit("ns")]


class SetLeapSeconds(Command, code=11):
    """Add a leap second to the table, replacing what it said from then on; also says how far the table is known."""

    from_utc: Annotated[str, UpTo(32), "ISO 8601 with Z, a whole second: when the new difference begins"]
    tai_minus_utc_s: Annotated[int, U8, Unit("s"), "one more or one less than before"]
    complete_until_utc: Annotated[str, UpTo(32), "ISO 8601 with Z: no further leap second before"]


class ReportTime(Command, code=12):
    """Send the status of time now."""


class InvalidateTime(Command, code=13):
    """Say that time is not to be believed: the next tones are taken whatever they say, and so is the next command."""


# -------------------------------------------------------------------- telemetry


class LeapStep(Record):
    """One step of TAI less UTC."""

    from_utc_s: Annotated[int, U64, Unit("s"), "UTC since 1970 from which it holds"]
    tai_minus_utc_s: Annotated[int, U8, Unit("s")]


class TimeCorrelation(Telemetry, period_s=10):
    """How every process of the vehicle gets MET, TAI and UTC from the monotonic clock that they share."""

    reference_monotonic_ns: Annotated[int, U64, Unit("ns"), "from when on rate and slew count"]
    met_offset_ns: Annotated[int, I64, Unit("ns"), "MET less monotonic"]
    stcf_ns: Annotated[int, I64, Unit("ns"), "TAI less MET at the reference"]
    rate_ns_per_s: Annotated[int, I32, Unit("ns/s"), "what STCF gains in each second"]
    slew_ns: Annotated[int, I64, Unit("ns"), "what a slew adds in all from the reference on"]
    slew_rate_ns_per_s: Annotated[int, U32, Unit("ns/s")]
    state: ClockState
    source: ClockSource
    uncertainty_ns: Annotated[int, U64, Unit("ns"), "largest error of TAI expected at the last check"]
    checked_monotonic_ns: Annotated[int, U64, Unit("ns"), "last good tone, or command that set the time"]
    growth_ns_per_s: Annotated[int, U32, Unit("ns/s"), "growth of the uncertainty behind the last check"]
    tone_monotonic_ns: Annotated[int, U64, Unit("ns"), "last good tone while TAI follows it, else 0"]
    complete_until_utc_s: Annotated[int, U64, Unit("s"), "no leap second unknown before"]
    leap_steps: Annotated[tuple[LeapStep, ...], UpTo(MAX_LEAP_STEPS), "added to the built-in table, or in its place"]


class TimeStatus(Telemetry, period_s=10):
    """Spacecraft time, how far it can be trusted, and what became of the tones."""

    state: ClockState
    source: ClockSource
    uncertainty_us: Annotated[int, U64, Unit("us"), "largest error of TAI expected now"]
    met_ns: Annotated[int, U64, Unit("ns"), "MET now"]
    stcf_ns: Annotated[int, I64, Unit("ns"), "TAI less MET now"]
    tai_minus_utc_s: Annotated[int, U8, Unit("s"), "now"]
    leap_seconds_known: Annotated[bool, "the table is sure to be complete now"]
    rate_ns_per_s: Annotated[int, I32, Unit("ns/s"), "what TAI gains on the oscillator"]
    oscillator_ns_per_s: Annotated[int, I32, Unit("ns/s"), "what the oscillator is known to lose, by the tones"]
    slewing: bool
    delay_ns: Annotated[int, I32, Unit("ns"), "tone behind its time message"]
    last_error_ns: Annotated[int, I64, Unit("ns"), "TAI of the last good tone less ours"]
    tones: Annotated[int, U32, "tones heard"]
    good: Annotated[int, U32, "tones that passed all checks"]
    not_valid: Annotated[int, U32, "tones of which the receiver does not vouch"]
    no_message: Annotated[int, U32, "tones without a time message"]
    message_off_window: Annotated[int, U32, "tones whose time message came too early or too late"]
    tone_off_window: Annotated[int, U32, "tones that came too early or too late"]
    time_off_window: Annotated[int, U32, "tones whose time cannot be"]
    missed: Annotated[int, U32, "tones that the capture unit overwrote before they were read"]
    device_failures: Annotated[int, U32, "readings of the capture unit that failed"]
    flywheels: Annotated[int, U32, "times that the tone was lost"]
    jumps: Annotated[int, U32, "times that TAI or MET was set in one step"]
    last_jump_ns: Annotated[int, I64, Unit("ns"), "how far TAI jumped at the last of them"]
    slews: Annotated[int, U32, "corrections by slewing"]
    refused: Annotated[int, U32, "corrections refused"]


# -------------------------------------------------------------------- events


class ClockStateChanged(Event, code=32, severity=Severity.INFO, text="time {before} -> {after}: {cause}"):
    """What is known of TAI has changed."""

    before: ClockState
    after: ClockState
    cause: Annotated[str, UpTo(MAX_CAUSE_OCTETS)]


class ToneLost(Event, code=33, severity=Severity.ERROR, text="tone lost, flywheel; uncertainty {uncertainty_us} us"):
    """No good tone has come for too long; TAI goes on with the oscillator."""

    uncertainty_us: Annotated[int, U64]


class TimeJumped(
    Event,
    code=34,
    severity=Severity.INFO,
    text="TAI jumped by {delta_ns} ns, UTC {before_utc} to {after_utc}: {cause}",
):
    """TAI was corrected in one step. Intervals and slots are not affected; see docs/time.md."""

    delta_ns: Annotated[int, I64]
    before_utc: Annotated[str, UpTo(32)]
    after_utc: Annotated[str, UpTo(32)]
    cause: Annotated[str, UpTo(MAX_CAUSE_OCTETS)]


class SourceSelected(Event, code=35, severity=Severity.INFO, text="time follows {source}"):
    """TAI follows another source."""

    source: ClockSource


class ToneRefused(
    Event, code=36, severity=Severity.ERROR, text="tone {tone} refused: {verdict}, off by {deviation_us} us"
):
    """The first of a row of tones that failed a check; the others are only counted."""

    tone: Annotated[int, U32]
    verdict: ToneVerdict
    deviation_us: Annotated[int, I64]


class LeapSecondAdded(
    Event, code=37, severity=Severity.INFO, text="TAI - UTC is {tai_minus_utc_s} s from UTC second {from_utc_s} on"
):
    """The leap-second table has changed."""

    from_utc_s: Annotated[int, U64]
    tai_minus_utc_s: Annotated[int, U8]


class ClockRestarted(
    Event, code=38, severity=Severity.ERROR, text="monotonic clock set back by {back_ns} ns; MET goes on at {met_ns} ns"
):
    """The processor's clock has begun again; MET goes on from what was stored, TAI is late by the time it took."""

    back_ns: Annotated[int, U64]
    met_ns: Annotated[int, U64]


class CorrectionBegun(Event, code=39, severity=Severity.INFO, text="{kind}: {delta_ns} ns at {rate_ns_per_s} ns/s"):
    """TAI is corrected little by little, by command."""

    kind: Annotated[str, UpTo(16)]
    delta_ns: Annotated[int, I64]
    rate_ns_per_s: Annotated[int, I32]
