"""How far spacecraft time can be trusted: its state, its source, and an uncertainty that grows until the next check."""

from __future__ import annotations

from enum import IntEnum, unique

import msgspec

from flightsw.services.correlation import NS_PER_S

UNKNOWN_NS = 2**63 - 1
"""The uncertainty of a time that nobody has set or vouched for."""


@unique
class ClockState(IntEnum):
    """What is known of TAI."""

    INVALID = 0
    """TAI is not known to within the mission's limit."""
    VALID = 1
    """TAI follows its source."""
    FLYWHEEL = 2
    """The tone is lost; TAI goes on with the oscillator, and its uncertainty grows."""


@unique
class ClockSource(IntEnum):
    """What TAI follows."""

    INTERNAL = 0
    """The processor's oscillator, corrected by command."""
    TONE = 1
    """A 1 Hz tone with a time message from outside."""


class TimeQuality(msgspec.Struct, frozen=True):
    """State and stated uncertainty of TAI.

    Attributes:
        state: what is known of TAI.
        source: what it follows.
        uncertainty_ns: largest error expected at ``since_ns``.
        since_ns: monotonic time of the last check: a tone, or a command that set the time.
        growth_ns_per_s: how much the uncertainty grows in each second behind it.
    """

    state: ClockState = ClockState.INVALID
    source: ClockSource = ClockSource.INTERNAL
    uncertainty_ns: int = UNKNOWN_NS
    since_ns: int = 0
    growth_ns_per_s: int = 0

    def uncertainty_at_ns(self, monotonic_ns: int) -> int:
        """Largest error of TAI expected at a monotonic time, ``UNKNOWN_NS`` at most."""
        grown_ns = max(monotonic_ns - self.since_ns, 0) * self.growth_ns_per_s // NS_PER_S
        return min(self.uncertainty_ns + grown_ns, UNKNOWN_NS)
