"""Spacecraft time: mission elapsed time, its correlation to TAI, and UTC, all in integer nanoseconds.

Four clocks, each derived from the one before:

- **monotonic**: the processor's; starts again at a processor reset, never jumps otherwise. Every function takes it.
- **MET**: mission elapsed time, monotonic plus an offset that only a processor reset changes. For intervals.
- **TAI**: MET plus the spacecraft time correlation factor (STCF), since 1958-01-01T00:00:00 TAI. The ground corrects
  it, in one step or by slewing; neither touches MET.
- **UTC**: TAI less leap seconds, as POSIX time since 1970-01-01T00:00:00 UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from flightsw.errors import FlightSoftwareError
from tlm_cmd.packets.cfs_header import split_time
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS, LeapSecondTable

MAX_SLEW_NS_PER_S = 100_000_000
"""A slew changes the rate of TAI by at most a tenth, so TAI goes on rising."""

_NS_PER_S = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TAI_NS = 2**32 * _NS_PER_S - 1  # what a packet header can carry, in the year 2094


class SpacecraftTimeError(FlightSoftwareError):
    """A time or a correction that is not allowed; the correlation stays as it was."""

    def __init__(self, what: str, found: object, allowed: str) -> None:
        super().__init__(f"{what} is {found}, allowed is {allowed}")
        self.what, self.found, self.allowed = what, found, allowed


class TimeState(msgspec.Struct):
    """The memory of spacecraft time.

    Attributes:
        met_offset_ns: MET less monotonic.
        stcf_ns: TAI less MET, before what the slew has added; default is MET 0 at 2000-01-01T00:00:00 UTC.
        slew_ns: how much a slew adds in all.
        slew_start_ns: monotonic time at which the slew began.
        slew_rate: nanoseconds added, or taken off, per second; 0 when none was ever commanded.
        correlated: whether TAI was set since the last processor reset.
        jumps: corrections of TAI in one step.
        last_jump_ns: how far TAI jumped at the last of them; forward is positive.
        slews: corrections of TAI by slewing.
        refused: corrections refused.
    """

    met_offset_ns: int = 0
    stcf_ns: int = LEAP_SECONDS.utc_to_tai(946_684_800 * _NS_PER_S)
    slew_ns: int = 0
    slew_start_ns: int = 0
    slew_rate: int = 0
    correlated: bool = False
    jumps: int = 0
    last_jump_ns: int = 0
    slews: int = 0
    refused: int = 0


class SpacecraftTime:
    """Derives mission elapsed time, TAI and UTC from the monotonic clock.

    Attributes:
        state: correlation and counters.
        leap_seconds: the table in use.
    """

    def __init__(self, state: TimeState | None = None, leap_seconds: LeapSecondTable = LEAP_SECONDS) -> None:
        self.state = TimeState() if state is None else state
        self.leap_seconds = leap_seconds

    # ---------------------------------------------------------------- reading

    def met_ns(self, monotonic_ns: int) -> int:
        """MET at a monotonic time."""
        return monotonic_ns + self.state.met_offset_ns

    def stcf_ns(self, monotonic_ns: int) -> int:
        """TAI less MET at a monotonic time."""
        return self.state.stcf_ns + self._slewed_ns(monotonic_ns)

    def tai_ns(self, monotonic_ns: int) -> int:
        """TAI at a monotonic time."""
        state = self.state
        tai_ns = monotonic_ns + state.met_offset_ns + state.stcf_ns
        return tai_ns + self._slewed_ns(monotonic_ns) if state.slew_ns else tai_ns

    def utc_ns(self, monotonic_ns: int) -> int:
        """UTC at a monotonic time."""
        return self.leap_seconds.tai_to_utc(self.tai_ns(monotonic_ns))

    def header_time(self, monotonic_ns: int) -> tuple[int, int]:
        """TAI as a packet header carries it: whole seconds, and 1/65536 seconds rounded down."""
        return split_time(self.tai_ns(monotonic_ns))

    def is_slewing(self, monotonic_ns: int) -> bool:
        """Whether a slew is going on at a monotonic time."""
        return self._slewed_ns(monotonic_ns) != self.state.slew_ns

    def knows_leap_seconds(self, monotonic_ns: int) -> bool:
        """Whether the leap-second table is sure to be complete at a monotonic time; if not, UTC may be late."""
        return self.leap_seconds.is_complete(self.utc_ns(monotonic_ns))

    # ---------------------------------------------------------------- correcting

    def set_tai(self, monotonic_ns: int, tai_ns: int) -> None:
        """Make TAI read ``tai_ns`` at a monotonic time, in one step; a slew going on ends here.

        Raises:
            SpacecraftTimeError: TAI before 1972 or beyond 2094.
        """
        self._check_tai(tai_ns)
        state = self.state
        state.last_jump_ns = tai_ns - self.tai_ns(monotonic_ns)
        state.stcf_ns = tai_ns - self.met_ns(monotonic_ns)
        state.slew_ns = 0
        state.jumps += 1
        state.correlated = True

    def set_utc(self, monotonic_ns: int, utc_ns: int) -> None:
        """Make UTC read ``utc_ns`` at a monotonic time, in one step; a slew going on ends here.

        Raises:
            SpacecraftTimeError: UTC before 1972 or beyond 2094.
        """
        first_ns = self.leap_seconds.steps[0][0] * _NS_PER_S
        if not first_ns <= utc_ns <= _MAX_TAI_NS:
            raise self._refusal("UTC [ns since 1970]", utc_ns, f"{first_ns} to {_MAX_TAI_NS}")
        self.set_tai(monotonic_ns, self.leap_seconds.utc_to_tai(utc_ns))

    def adjust(self, monotonic_ns: int, delta_ns: int) -> None:
        """Add ``delta_ns`` to TAI at a monotonic time, in one step; a slew going on ends here.

        Raises:
            SpacecraftTimeError: TAI would be before 1972 or beyond 2094.
        """
        self.set_tai(monotonic_ns, self.tai_ns(monotonic_ns) + delta_ns)

    def slew(self, monotonic_ns: int, delta_ns: int, rate_ns_per_s: int) -> None:
        """Add ``delta_ns`` to TAI little by little from a monotonic time on; it replaces a slew going on.

        Args:
            monotonic_ns: when it begins.
            delta_ns: how much in all; negative to take off.
            rate_ns_per_s: nanoseconds per second of the monotonic clock, 1 to ``MAX_SLEW_NS_PER_S``.

        Raises:
            SpacecraftTimeError: the rate is out of range, or TAI would be.
        """
        if not 1 <= rate_ns_per_s <= MAX_SLEW_NS_PER_S:
            raise self._refusal("slew rate [ns/s]", rate_ns_per_s, f"1 to {MAX_SLEW_NS_PER_S}")
        self._check_tai(self.tai_ns(monotonic_ns) + delta_ns)
        state = self.state
        state.stcf_ns = self.stcf_ns(monotonic_ns)
        state.slew_ns, state.slew_start_ns, state.slew_rate = delta_ns, monotonic_ns, rate_ns_per_s
        state.slews += 1

    def resume(self, monotonic_ns: int, met_ns: int) -> None:
        """Go on after a processor reset, which set the monotonic clock back: MET reads ``met_ns`` at ``monotonic_ns``.

        ``met_ns`` is the last MET that was stored. What a slew had added until then stays, the rest is dropped. TAI is
        late by the time the reset took, so it counts as not correlated until it is set.
        """
        state = self.state
        state.stcf_ns = self.stcf_ns(met_ns - state.met_offset_ns)
        state.slew_ns = 0
        state.met_offset_ns = met_ns - monotonic_ns
        state.correlated = False

    # ---------------------------------------------------------------- inside

    def _slewed_ns(self, monotonic_ns: int) -> int:
        state = self.state
        if state.slew_ns == 0:
            return 0
        done_ns = max(monotonic_ns - state.slew_start_ns, 0) * state.slew_rate // _NS_PER_S
        return min(done_ns, state.slew_ns) if state.slew_ns > 0 else max(-done_ns, state.slew_ns)

    def _check_tai(self, tai_ns: int) -> None:
        first_ns = self.leap_seconds.utc_to_tai(self.leap_seconds.steps[0][0] * _NS_PER_S)
        if not first_ns <= tai_ns <= _MAX_TAI_NS:
            raise self._refusal("TAI [ns since 1958]", tai_ns, f"{first_ns} to {_MAX_TAI_NS}")

    def _refusal(self, what: str, found: object, allowed: str) -> SpacecraftTimeError:
        self.state.refused += 1
        return SpacecraftTimeError(what, found, allowed)


def parse_utc(text: str) -> int:
    """UTC nanoseconds since 1970 of an ISO 8601 time with ``Z`` or an offset; microseconds at the finest.

    Raises:
        SpacecraftTimeError: no such time, or one without a time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SpacecraftTimeError("UTC", repr(text), "ISO 8601 such as 2026-07-01T10:30:00Z") from None
    if moment.tzinfo is None:
        raise SpacecraftTimeError("UTC", repr(text), "ISO 8601 with Z, such as 2026-07-01T10:30:00Z")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def format_utc(utc_ns: int) -> str:
    """UTC nanoseconds since 1970 as ISO 8601 with ``Z``, to the millisecond, rounded down."""
    moment = _EPOCH + timedelta(milliseconds=utc_ns // 1_000_000)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
