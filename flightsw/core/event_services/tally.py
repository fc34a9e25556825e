"""How many events each app had: as heard on the bus, and by the app's own count. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flightsw.core.event_services.messages import AppEvents, EventServicesStatus
from flightsw.messages.life import AppHousekeeping
from flightsw.services.events import MAX_COUNT
from tlm_cmd.definition.message import Severity


class Tally(msgspec.Struct):
    """The events of one app. All counts saturate.

    Attributes:
        heard: on the bus, by severity from DEBUG on.
        sent: by its own count.
        held_back: by its own count.
        unlogged: by its own count.
    """

    heard: list[int] = msgspec.field(default_factory=lambda: [0] * len(Severity))
    sent: int = 0
    held_back: int = 0
    unlogged: int = 0

    def hear(self, severity: Severity) -> None:
        """Count an event that came over the bus."""
        index = severity - Severity.DEBUG
        self.heard[index] = min(self.heard[index] + 1, MAX_COUNT)

    def take(self, packet: AppHousekeeping) -> None:
        """Keep what the app says of itself."""
        held_back = packet.events_disabled + packet.events_filtered + packet.events_squelched
        self.sent, self.held_back, self.unlogged = packet.events, min(held_back, MAX_COUNT), packet.events_unlogged


def status_of(tallies: Mapping[str, Tally], apids: Mapping[str, int], damaged: int) -> EventServicesStatus:
    """All tallies as telemetry.

    Args:
        tallies: by app; one that is missing has counted nothing.
        apids: of all apps, in mission order.
        damaged: log entries that were found damaged.
    """
    all_apps = {app: tallies.get(app, Tally()) for app in apids}
    return EventServicesStatus(
        heard=tuple(
            min(sum(each.heard[index] for each in all_apps.values()), MAX_COUNT) for index in range(len(Severity))
        ),
        damaged=damaged,
        apps=tuple(
            AppEvents(apids[app], tuple(each.heard), each.sent, each.held_back, each.unlogged)
            for app, each in all_apps.items()
        ),
    )
