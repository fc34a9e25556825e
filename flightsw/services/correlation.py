"""How mission elapsed time and TAI follow from the monotonic clock, as a value, and every way to correct it.

All times are integer nanoseconds; ``rate`` and ``slew`` are nanoseconds per second, which is parts per 10^9.
"""

from __future__ import annotations

import msgspec

from flightsw.errors import FlightSoftwareError
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

MAX_SLEW_NS_PER_S = 100_000_000
"""A slew changes the rate of TAI by at most a tenth, so TAI goes on rising."""
MAX_RATE_NS_PER_S = 1_000_000
"""A lasting rate corrects an oscillator, and none that still works is a thousandth wrong."""
NS_PER_S = 1_000_000_000
FIRST_TAI_NS = LEAP_SECONDS.utc_to_tai(LEAP_SECONDS.steps[0][0] * NS_PER_S)
"""1972-01-01, when UTC began to differ from TAI by whole seconds."""
LAST_TAI_NS = 2**32 * NS_PER_S - 1
"""What a packet header can carry, in the year 2094."""


class SpacecraftTimeError(FlightSoftwareError):
    """A time or a correction that is not allowed; the correlation stays as it was."""

    def __init__(self, what: str, found: object, allowed: str) -> None:
        super().__init__(f"{what} is {found}, allowed is {allowed}")
        self.what, self.found, self.allowed = what, found, allowed


class Correlation(msgspec.Struct, frozen=True):
    """One straight line from monotonic time to MET and TAI, with at most one slew.

    Every correction returns a new one, whose reference is the moment of the correction.

    Attributes:
        reference_ns: monotonic time from which rate and slew count.
        met_offset_ns: MET less monotonic.
        stcf_ns: spacecraft time correlation factor at the reference: TAI less MET. Default is MET 0 at
            2000-01-01T00:00:00 UTC.
        rate_ns_per_s: what STCF gains in each second, for good.
        slew_ns: what a slew adds besides, in all; negative to take off.
        slew_rate_ns_per_s: how much of it in each second; 0 when there is no slew.
    """

    reference_ns: int = 0
    met_offset_ns: int = 0
    stcf_ns: int = LEAP_SECONDS.utc_to_tai(946_684_800 * NS_PER_S)
    rate_ns_per_s: int = 0
    slew_ns: int = 0
    slew_rate_ns_per_s: int = 0

    # ---------------------------------------------------------------- reading

    def met_ns(self, monotonic_ns: int) -> int:
        """MET at a monotonic time."""
        return monotonic_ns + self.met_offset_ns

    def gained_ns(self, monotonic_ns: int) -> int:
        """What rate and slew have added to STCF between the reference and a monotonic time."""
        since_ns = monotonic_ns - self.reference_ns
        gained_ns = since_ns * self.rate_ns_per_s // NS_PER_S
        return gained_ns + self._slewed_ns(since_ns) if self.slew_ns else gained_ns

    def stcf_at_ns(self, monotonic_ns: int) -> int:
        """TAI less MET at a monotonic time."""
        return self.stcf_ns + self.gained_ns(monotonic_ns)

    def tai_ns(self, monotonic_ns: int) -> int:
        """TAI at a monotonic time."""
        return monotonic_ns + self.met_offset_ns + self.stcf_ns + self.gained_ns(monotonic_ns)

    def is_slewing(self, monotonic_ns: int) -> bool:
        """Whether a slew is going on at a monotonic time."""
        return self.slew_ns != 0 and self._slewed_ns(monotonic_ns - self.reference_ns) != self.slew_ns

    def _slewed_ns(self, since_ns: int) -> int:
        done_ns = max(since_ns, 0) * self.slew_rate_ns_per_s // NS_PER_S
        return min(done_ns, self.slew_ns) if self.slew_ns > 0 else max(-done_ns, self.slew_ns)

    # ---------------------------------------------------------------- correcting in one step

    def with_tai(self, monotonic_ns: int, tai_ns: int) -> Correlation:
        """TAI reads ``tai_ns`` at a monotonic time; the rate stays, a slew going on ends.

        Raises:
            SpacecraftTimeError: TAI before 1972 or beyond 2094.
        """
        _check_tai(tai_ns)
        return Correlation(monotonic_ns, self.met_offset_ns, tai_ns - self.met_ns(monotonic_ns), self.rate_ns_per_s)

    def with_stcf(self, monotonic_ns: int, stcf_ns: int) -> Correlation:
        """TAI less MET is ``stcf_ns`` at a monotonic time; the rate stays, a slew going on ends.

        Raises:
            SpacecraftTimeError: TAI would be before 1972 or beyond 2094.
        """
        return self.with_tai(monotonic_ns, self.met_ns(monotonic_ns) + stcf_ns)

    def with_met(self, monotonic_ns: int, met_ns: int) -> Correlation:
        """MET reads ``met_ns`` at a monotonic time; STCF stays, so TAI jumps as far as MET does.

        Raises:
            SpacecraftTimeError: MET is negative, or TAI would be before 1972 or beyond 2094.
        """
        if met_ns < 0:
            raise SpacecraftTimeError("MET [ns]", met_ns, "0 or more")
        stcf_ns = self.stcf_at_ns(monotonic_ns)
        _check_tai(met_ns + stcf_ns)
        return Correlation(monotonic_ns, met_ns - monotonic_ns, stcf_ns, self.rate_ns_per_s)

    def resumed(self, monotonic_ns: int, met_ns: int, stored_ns: int) -> Correlation:
        """Go on after the monotonic clock was set back, as by a processor reset: MET reads ``met_ns`` now.

        What rate and slew had added stays, the rest of a slew is dropped. TAI is late by the time the reset took.

        Args:
            monotonic_ns: the new clock's time now.
            met_ns: the last MET that was stored.
            stored_ns: the old clock's time of it.
        """
        return Correlation(monotonic_ns, met_ns - monotonic_ns, self.stcf_at_ns(stored_ns), self.rate_ns_per_s)

    # ---------------------------------------------------------------- correcting little by little

    def with_slew(self, monotonic_ns: int, delta_ns: int, rate_ns_per_s: int) -> Correlation:
        """Add ``delta_ns`` to TAI little by little from a monotonic time on; replaces a slew going on.

        Args:
            monotonic_ns: when it begins.
            delta_ns: how much in all; negative to take off.
            rate_ns_per_s: nanoseconds per second of the monotonic clock, 1 to ``MAX_SLEW_NS_PER_S``.

        Raises:
            SpacecraftTimeError: the rate is out of range, or TAI would be.
        """
        if not 1 <= rate_ns_per_s <= MAX_SLEW_NS_PER_S:
            raise SpacecraftTimeError("slew rate [ns/s]", rate_ns_per_s, f"1 to {MAX_SLEW_NS_PER_S}")
        _check_tai(self.tai_ns(monotonic_ns) + delta_ns)
        stcf_ns = self.stcf_at_ns(monotonic_ns)
        return Correlation(monotonic_ns, self.met_offset_ns, stcf_ns, self.rate_ns_per_s, delta_ns, rate_ns_per_s)

    def with_rate(self, monotonic_ns: int, rate_ns_per_s: int) -> Correlation:
        """TAI gains ``rate_ns_per_s`` on the monotonic clock from a time on; a slew going on goes on.

        Raises:
            SpacecraftTimeError: more than ``MAX_RATE_NS_PER_S`` either way.
        """
        if abs(rate_ns_per_s) > MAX_RATE_NS_PER_S:
            raise SpacecraftTimeError("rate [ns/s]", rate_ns_per_s, f"-{MAX_RATE_NS_PER_S} to {MAX_RATE_NS_PER_S}")
        slew_ns = self.slew_ns - self._slewed_ns(monotonic_ns - self.reference_ns) if self.slew_ns else 0
        return Correlation(
            reference_ns=monotonic_ns,
            met_offset_ns=self.met_offset_ns,
            stcf_ns=self.stcf_at_ns(monotonic_ns),
            rate_ns_per_s=rate_ns_per_s,
            slew_ns=slew_ns,
            slew_rate_ns_per_s=self.slew_rate_ns_per_s if slew_ns else 0,
        )


def _check_tai(tai_ns: int) -> None:
    if not FIRST_TAI_NS <= tai_ns <= LAST_TAI_NS:
        raise SpacecraftTimeError("TAI [ns since 1958]", tai_ns, f"{FIRST_TAI_NS} to {LAST_TAI_NS}")
