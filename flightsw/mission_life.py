"""What a mission says about the life of its apps: what each needs before it starts, and what follows when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from graphlib import CycleError, TopologicalSorter
from typing import Annotated

import msgspec


@unique
class OnFailure(Enum):
    """What follows when an app dies, hangs, cannot start or fails again and again."""

    IGNORE = "ignore"
    RESTART_APP = "restart_app"
    RESTART_GROUP = "restart_group"
    PROCESSOR_RESET = "processor_reset"


@unique
class WhenExhausted(Enum):
    """What follows when an app has used up its restarts."""

    BY_CRITICALITY = "by_criticality"
    PROCESSOR_RESET = "processor_reset"
    GIVE_UP = "give_up"


@unique
class WithoutNeeds(Enum):
    """What an app does when something that it needs has not come up in time."""

    START = "start"
    STAY_OUT = "stay_out"


class ExecutiveEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the executive.

    Attributes:
        max_processor_resets: resets that nobody commanded within the window; one more, and the vehicle comes up in
            safe mode. 2 as in cFE (``CFE_PLATFORM_ES_MAX_PROCESSOR_RESETS``).
        processor_reset_window_s: vehicle time of that window.
        hang_after_s: host time without a heartbeat after which a process is ended; a driver may try a silent device
            for three seconds.
        start_within_s: host time that a process may take until it is prepared, and an app until it has started.
        watchdog_s: after how long without a stroke the watchdog resets the on-board computer; it is stroked every five
            seconds.
    """

    max_processor_resets: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2
    processor_reset_window_s: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 3600
    hang_after_s: Annotated[float, msgspec.Meta(ge=0.5, le=600)] = 5.0
    start_within_s: Annotated[float, msgspec.Meta(ge=0.5, le=600)] = 30.0
    watchdog_s: Annotated[int, msgspec.Meta(ge=15, le=600)] = 30


def needs_problem(needs: Mapping[str, tuple[str, ...]]) -> str:
    """What is wrong with the needs of a mission's apps, empty when nothing is.

    Args:
        needs: what each app needs, by its name.
    """
    for app, wanted in needs.items():
        for need in wanted:
            if need not in needs:
                return f"{app} needs {need!r}, which is no app; there is {', '.join(needs)} - at `$.apps.{app}.needs`"
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]  # each needs the next
        return f"apps need each other in a circle: {' -> '.join(circle)} - at `$.apps.{circle[0]}.needs`"
    return ""
