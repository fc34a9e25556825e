"""Times and amounts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

_NS_PER_S = 1_000_000_000
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_text(tai_ns: int, *, milliseconds: bool = False) -> str:
    """Date and time of a spacecraft time, ``2026-05-15 04:15:22``; empty when it is before 1972."""
    try:
        utc_ns = LEAP_SECONDS.tai_to_utc(tai_ns)
    except ProtocolError:
        return ""
    text = f"{_UNIX_EPOCH + timedelta(seconds=utc_ns // _NS_PER_S):%Y-%m-%d %H:%M:%S}"
    return f"{text}.{utc_ns % _NS_PER_S // 1_000_000:03d}" if milliseconds else text


def duration_text(seconds: float) -> str:
    """A duration as people say it: ``42 s``, ``4:12 min``, ``3:05 h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def octets_text(octets: int) -> str:
    """An amount of data: ``812 B``, ``12.3 kB``, ``4.6 MB``."""
    if octets < 1000:
        return f"{octets} B"
    for size, unit in ((1e9, "GB"), (1e6, "MB")):
        if octets >= size:
            return f"{octets / size:.1f} {unit}"
    return f"{octets / 1e3:.1f} kB"
