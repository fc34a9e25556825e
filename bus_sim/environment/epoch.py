"""From nanoseconds since scenario start to Julian dates, without losing a nanosecond on the way.

Time inside the simulator is an integer number of nanoseconds. The scenario's start is a UTC instant; no leap second
falls inside a scenario, so UTC advances evenly. UT1 is taken equal to UTC (the difference stays below 0.9 s, 0.4 km of
Earth rotation at the equator, and is far smaller in practice).
"""

import datetime as dt

from bus_sim.errors import ParameterError

NS_PER_S = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_S
J2000_JD = 2_451_545.0
TAI_MINUS_UTC_S = 37
"""International atomic time minus UTC [s], in force since 2017 (IERS Bulletin C)."""

TT_MINUS_UTC_S = 32.184 + TAI_MINUS_UTC_S
"""Terrestrial time minus UTC [s]."""

_ORDINAL_TO_JD = 1_721_424.5
_TAI_EPOCH = dt.datetime(1958, 1, 1, tzinfo=dt.UTC)


class Epoch:
    """The scenario's start, and the dates of the times counted from it."""

    def __init__(self, start_utc: dt.datetime) -> None:
        if start_utc.tzinfo is None:
            raise ParameterError(
                "start_utc", f"{start_utc.isoformat()} names no time zone", ("an instant ending in Z",)
            )
        self.start_utc = start_utc.astimezone(dt.UTC)
        midnight = dt.datetime.combine(self.start_utc.date(), dt.time(), dt.UTC)
        since_midnight = self.start_utc - midnight
        self._start_of_day_ns = since_midnight.seconds * NS_PER_S + since_midnight.microseconds * 1000
        self._midnight_jd = self.start_utc.toordinal() + _ORDINAL_TO_JD

    def julian_date(self, now_ns: int) -> tuple[float, float]:
        """Julian date (UTC) of ``now_ns``: that of the first day's midnight, and the days since [d]."""
        return self._midnight_jd, (self._start_of_day_ns + now_ns) / NS_PER_DAY

    def days_since_j2000(self, now_ns: int) -> float:
        """Days since 2000-01-01 12:00, in the time scale of the start (UTC)."""
        return (self._midnight_jd - J2000_JD) + (self._start_of_day_ns + now_ns) / NS_PER_DAY

    def utc(self, now_ns: int) -> dt.datetime:
        """The instant as a date, to the microsecond below."""
        return self.start_utc + dt.timedelta(microseconds=now_ns // 1000)

    def tai_ns(self, now_ns: int) -> int:
        """International atomic time of ``now_ns`` [ns since 1958-01-01], as a GPS receiver derives it."""
        start = self.start_utc - _TAI_EPOCH
        start_ns = (start.days * 86_400 + start.seconds + TAI_MINUS_UTC_S) * NS_PER_S + start.microseconds * 1000
        return start_ns + now_ns
