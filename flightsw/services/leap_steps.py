"""The leap-second table with steps that were added in flight."""

from __future__ import annotations

from collections.abc import Sequence

from tlm_cmd.packets.leap_seconds import LEAP_SECONDS, LeapSecondTable


def with_leap_steps(steps: Sequence[tuple[int, int]], complete_until_s: int) -> LeapSecondTable:
    """The built-in table, from the first of ``steps`` on replaced by them.

    Args:
        steps: (UTC second since 1970 from which it holds, TAI - UTC in seconds), ascending.
        complete_until_s: UTC second since 1970 before which no further leap second can come.

    Raises:
        ProtocolError: the steps do not ascend.
    """
    if not steps and complete_until_s == LEAP_SECONDS.complete_until_s:
        return LEAP_SECONDS
    kept = [step for step in LEAP_SECONDS.steps if not steps or step[0] < steps[0][0]]
    return LeapSecondTable((*kept, *steps), complete_until_s)
