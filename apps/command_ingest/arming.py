"""Two steps for hazardous commands: armed first, then accepted once within a time limit. Pure."""

from __future__ import annotations

import msgspec

MAX_ARMED = 8
"""Commands that can be armed at once; arming one more is refused."""


class Armed(msgspec.Struct, frozen=True):
    """A hazardous command that may be sent before ``expires_ns``."""

    apid: int
    function: int
    expires_ns: int


def arm(armed: list[Armed], apid: int, function: int, expires_ns: int) -> list[Armed] | None:
    """What is armed with one command more, or armed anew; None when ``MAX_ARMED`` others are."""
    others = [each for each in armed if (each.apid, each.function) != (apid, function)]
    return None if len(others) >= MAX_ARMED else [*others, Armed(apid, function, expires_ns)]


def fire(armed: list[Armed], apid: int, function: int, now_ns: int) -> tuple[bool, list[Armed]]:
    """Whether the command is armed now, and what stays armed: a command is armed for one use."""
    found = [each for each in armed if (each.apid, each.function) == (apid, function) and now_ns < each.expires_ns]
    return bool(found), [each for each in armed if each not in found]


def expire(armed: list[Armed], now_ns: int, longest_ns: int) -> tuple[list[Armed], list[Armed]]:
    """What has expired, and what stays armed.

    What would stay armed for longer than ``longest_ns`` was armed before the clock started again; it has expired.
    """
    valid = [each for each in armed if now_ns < each.expires_ns <= now_ns + longest_ns]
    return [each for each in armed if each not in valid], valid
