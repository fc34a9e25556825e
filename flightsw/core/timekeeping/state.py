"""What the timekeeping app remembers."""

from __future__ import annotations

import msgspec

from flightsw.core.timekeeping.keeper import KeeperState
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS


class TimekeepingState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        keeper: time itself.
        begun: the app has started before.
        last_tone: number of the last tone read.
        missed: tones that the capture unit overwrote before they were read.
        device_failures: readings of the capture unit that failed.
        slews: corrections by slewing.
        refused: corrections refused.
        leap_steps: (UTC second, TAI - UTC) added to the built-in table, or in its place.
        complete_until_utc_s: no leap second unknown before.
    """

    keeper: KeeperState = msgspec.field(default_factory=KeeperState)
    begun: bool = False
    last_tone: int = 0
    missed: int = 0
    device_failures: int = 0
    slews: int = 0
    refused: int = 0
    leap_steps: list[tuple[int, int]] = []
    complete_until_utc_s: int = LEAP_SECONDS.complete_until_s
