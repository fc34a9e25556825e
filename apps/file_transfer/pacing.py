"""How many PDUs may be given to the downlink now, so that none finds its channel full. Pure."""

from __future__ import annotations

import msgspec

NANOSECONDS = 1_000_000_000
MODULO = 2**32


class PacingState(msgspec.Struct):
    """What is remembered of the downlink.

    Attributes:
        given: PDUs put on the bus so far, modulo 2^32.
        taken: how many of them the telemetry output had taken by its newest report, by its own count.
        given_before: ``given`` at that report.
        allowance: PDUs that the rate allows.
        refilled_ns: when that was worked out.
        reported_ns: when the newest report came.
        granted: PDUs that may still be given until the next one.
    """

    given: int = 0
    taken: int = 0
    given_before: int = 0
    allowance: float = 0.0
    refilled_ns: int = 0
    reported_ns: int = 0
    granted: int = 0


def grant(state: PacingState, taken: int, room: int, per_s: int, now_ns: int) -> None:
    """Take a report, and work out how many PDUs may be given until the next one.

    Of the room that was reported, those not yet taken at that time need a part. When nothing was given and nothing
    taken between two reports, nothing is on its way: what is missing in the count was lost with a restart of one end.

    Args:
        state: brought up to date.
        taken: PDUs taken, modulo 2^32.
        room: packets for which the channel has room.
        per_s: PDUs a second, on average and at once.
        now_ns: vehicle time.
    """
    if state.given == state.given_before and taken == state.taken:
        state.given = taken
    state.taken, state.given_before, state.reported_ns = taken, state.given, now_ns
    on_the_way = (state.given - taken) % MODULO
    elapsed_ns = max(0, now_ns - state.refilled_ns)
    state.allowance = min(float(per_s), state.allowance + per_s * elapsed_ns / NANOSECONDS)
    state.refilled_ns = now_ns
    state.granted = max(0, min(room - on_the_way, int(state.allowance)))


def give(state: PacingState) -> None:
    """One PDU was put on the bus."""
    state.given = (state.given + 1) % MODULO
    state.allowance -= 1
    state.granted -= 1
