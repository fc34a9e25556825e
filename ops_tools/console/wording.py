"""Times and amounts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ops_tools.ground.contact_plan import ContactOutlook
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


def time_left_text(span_ns: int, speed: float | None = None) -> str:
    """A span of vehicle time, and how long that lasts for somebody who watches at another speed."""
    text = duration_text(span_ns / _NS_PER_S)
    if speed is None or speed == 1.0:
        return text
    return f"{text} ({duration_text(span_ns / _NS_PER_S / speed)} at \u00d7{speed:,.3g})"


def outlook_text(outlook: ContactOutlook, speed: float | None = None) -> str:
    """Whether there is contact, and how long it lasts or when the next one begins.

    Args:
        outlook: contact at a moment.
        speed: vehicle seconds per second of whoever reads it; None or 1 tells vehicle time only.
    """
    now_ns, following = outlook.now_ns, outlook.following
    if outlook.in_contact:
        station = f" with {outlook.station}" if outlook.station else ""
        lasts = "" if outlook.end_ns is None else f" for {time_left_text(outlook.end_ns - now_ns, speed)} more"
        return f"contact{station}{lasts}"
    silence = "yet" if outlook.last_ns is None else f"for {duration_text((now_ns - outlook.last_ns) / _NS_PER_S)}"
    if outlook.end_ns is not None:
        return f"no contact {silence}, though it should go on for {time_left_text(outlook.end_ns - now_ns, speed)} more"
    if following is None:
        return f"no contact {silence}"
    return f"no contact {silence}; next: {following.station} in {time_left_text(following.begin_ns - now_ns, speed)}"


def octets_text(octets: int) -> str:
    """An amount of data: ``812 B``, ``12.3 kB``, ``4.6 MB``."""
    if octets < 1000:
        return f"{octets} B"
    for size, unit in ((1e9, "GB"), (1e6, "MB")):
        if octets >= size:
            return f"{octets / size:.1f} {unit}"
    return f"{octets / 1e3:.1f} kB"


def transfer_text(progress: int, octets: int | None) -> str:
    """How far a file has got, in words."""
    if octets is None:
        return "asked for"
    return f"{progress * 100 // octets if octets else 100} % of {octets_text(octets)}"
