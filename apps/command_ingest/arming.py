"""Two steps for hazardous commands: armed first, then accepted once within a time limit. Pure."""

from __future__ import annotations

import msgspec

MAX_ARMED = 8


class Armed(msgspec.Struct, frozen=True):
    """A hazardous command that may be sent until ``expires_ns``."""

    apid: int
    function: int
    expires_ns: int


def arm(armed: list[Armed], apid: int, function: int, expires_ns: int) -> list[Armed]:
    """Arm a command; the oldest of more than MAX_ARMED is forgotten."""
    others = [each for each in armed if (each.apid, each.function) != (apid, function)]
    return [*others, Armed(apid, function, expires_ns)][-MAX_ARMED:]


def fire(armed: list[Armed], apid: int, function: int, now_ns: int) -> tuple[bool, list[Armed]]:
    """Whether the command is armed now, and what stays armed: a command is armed for one use."""
    found = [each for each in armed if (each.apid, each.function) == (apid, function) and now_ns < each.expires_ns]
    return bool(found), [each for each in armed if each not in found]


def expire(armed: list[Armed], now_ns: int) -> tuple[list[Armed], list[Armed]]:
    """What has expired, and what stays armed."""
    return [each for each in armed if each.expires_ns <= now_ns], [each for each in armed if each.expires_ns > now_ns]
