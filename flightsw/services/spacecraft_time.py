"""Spacecraft time: mission elapsed time, its correlation to TAI, and UTC, all in integer nanoseconds.

Four clocks, each derived from the one before. Every time that is stored or sent says by its name which one it is
(``_monotonic_ns``, ``_met_ns``, ``_tai_ns``, ``_utc_s`` ...); packet headers carry TAI.

- **monotonic**: the processor's; starts again at a processor reset, never jumps otherwise. Every function takes it.
  For intervals and for the slots of the cyclic scheduler.
- **MET**: mission elapsed time, monotonic plus an offset that only a processor reset or a command changes.
- **TAI**: MET plus the spacecraft time correlation factor (STCF), since 1958-01-01T00:00:00 TAI. A tone or the ground
  corrects it, in one step, by slewing or by rate; none of these touches MET.
- **UTC**: TAI less leap seconds, as POSIX time since 1970-01-01T00:00:00 UTC.

An app only reads. Where the mission has a timekeeper, every process follows what it publishes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flightsw.services.correlation import LAST_TAI_NS, NS_PER_S, Correlation, SpacecraftTimeError
from flightsw.services.time_quality import TimeQuality
from tlm_cmd.packets.cfs_header import split_time
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS, LeapSecondTable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SpacecraftTime:
    """Derives mission elapsed time, TAI and UTC from the monotonic clock.

    Attributes:
        correlation: how MET and TAI follow from the monotonic clock.
        leap_seconds: the table in use.
        quality: how far TAI can be trusted.
    """

    def __init__(self, correlation: Correlation | None = None, leap_seconds: LeapSecondTable = LEAP_SECONDS) -> None:
        self.correlation = correlation or Correlation()
        self.leap_seconds = leap_seconds
        self.quality = TimeQuality()

    # ---------------------------------------------------------------- reading

    def met_ns(self, monotonic_ns: int) -> int:
        """MET at a monotonic time."""
        return self.correlation.met_ns(monotonic_ns)

    def stcf_ns(self, monotonic_ns: int) -> int:
        """TAI less MET at a monotonic time."""
        return self.correlation.stcf_at_ns(monotonic_ns)

    def tai_ns(self, monotonic_ns: int) -> int:
        """TAI at a monotonic time."""
        return self.correlation.tai_ns(monotonic_ns)

    def utc_ns(self, monotonic_ns: int) -> int:
        """UTC at a monotonic time."""
        return self.leap_seconds.tai_to_utc(self.correlation.tai_ns(monotonic_ns))

    def header_time(self, monotonic_ns: int) -> tuple[int, int]:
        """TAI as a packet header carries it: whole seconds, and 1/65536 seconds rounded down."""
        return split_time(self.correlation.tai_ns(monotonic_ns))

    def is_slewing(self, monotonic_ns: int) -> bool:
        """Whether a slew is going on at a monotonic time."""
        return self.correlation.is_slewing(monotonic_ns)

    def uncertainty_ns(self, monotonic_ns: int) -> int:
        """Largest error of TAI expected at a monotonic time; ``UNKNOWN_NS`` while nobody vouches for it."""
        return self.quality.uncertainty_at_ns(monotonic_ns)

    def knows_leap_seconds(self, monotonic_ns: int) -> bool:
        """Whether the leap-second table is sure to be complete at a monotonic time; if not, UTC may be late."""
        return self.leap_seconds.is_complete(self.utc_ns(monotonic_ns))

    # ---------------------------------------------------------------- following

    def follow(self, correlation: Correlation, leap_seconds: LeapSecondTable, quality: TimeQuality) -> None:
        """Take over what the timekeeper says."""
        self.correlation, self.leap_seconds, self.quality = correlation, leap_seconds, quality

    def set_utc(self, monotonic_ns: int, utc_ns: int) -> None:
        """Make UTC read ``utc_ns`` at a monotonic time: how time begins, before any timekeeper has spoken.

        Raises:
            SpacecraftTimeError: UTC before 1972 or beyond 2094.
        """
        self.correlation = self.correlation.with_tai(monotonic_ns, utc_to_tai(utc_ns, self.leap_seconds))


def utc_to_tai(utc_ns: int, leap_seconds: LeapSecondTable) -> int:
    """TAI of a UTC time.

    Raises:
        SpacecraftTimeError: UTC before 1972 or beyond 2094.
    """
    first_ns = leap_seconds.steps[0][0] * NS_PER_S
    if not first_ns <= utc_ns <= LAST_TAI_NS:
        raise SpacecraftTimeError("UTC [ns since 1970]", utc_ns, f"{first_ns} to {LAST_TAI_NS}")
    return leap_seconds.utc_to_tai(utc_ns)


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


__all__ = [
    "SpacecraftTime",
    "SpacecraftTimeError",
    "format_utc",
    "parse_utc",
    "utc_to_tai",
]
