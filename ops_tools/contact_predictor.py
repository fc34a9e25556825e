"""Predicts contacts from orbit and stations, as flight dynamics does for a ground segment.

In a simulation the elements are those that the simulator flies, so the prediction is exact.
"""

from __future__ import annotations

from bus_sim.environment.epoch import Epoch
from bus_sim.environment.sample import Environment
from bus_sim.errors import OrbitError
from bus_sim.parameters import SpacecraftParameters
from ops_tools.ground.contact_plan import PlannedContact

HORIZON_NS = 24 * 3600 * 1_000_000_000
"""How far ahead a contact is looked for."""
SCAN_NS = 10_000_000_000
"""Distance between two looks: a contact that is shorter may be missed."""
EDGE_NS = 100_000_000
"""How exactly begin and end are found."""


class ContactPredictor:
    """A contact plan, computed as far as it is asked for.

    Args:
        spacecraft: orbit, scenario start and stations.
    """

    def __init__(self, spacecraft: SpacecraftParameters) -> None:
        self._environment = Environment(Epoch(spacecraft.start_utc), spacecraft.orbit, spacecraft.stations)
        self._contacts: list[PlannedContact] = []
        self._scanned_ns = 0
        self._seen_by = self._station(0)
        self._since_ns = 0

    def current(self, now_ns: int) -> PlannedContact | None:
        """The contact that should go on at a time, None between contacts."""
        self._scan(now_ns)
        for contact in reversed(self._contacts):
            if contact.end_ns <= now_ns:
                return None
            if contact.begin_ns <= now_ns:
                return contact
        return None

    def following(self, now_ns: int) -> PlannedContact | None:
        """The next contact that begins after a time, None when there is none within HORIZON_NS."""
        self._scan(now_ns)
        return next((contact for contact in self._contacts if contact.begin_ns > now_ns), None)

    def _scan(self, now_ns: int) -> None:
        """Look ahead until a contact is known that begins after ``now_ns``, and forget those that are over."""
        while len(self._contacts) > 1 and self._contacts[0].end_ns <= now_ns:
            del self._contacts[0]
        while self._scanned_ns < now_ns + HORIZON_NS and not self._knows_after(now_ns):
            if not self._look(self._scanned_ns + SCAN_NS):
                return

    def _knows_after(self, now_ns: int) -> bool:
        return bool(self._contacts) and self._contacts[-1].begin_ns > now_ns

    def _look(self, at_ns: int) -> bool:
        """One look; False when the orbit cannot be predicted so far."""
        try:
            station = self._station(at_ns)
            if station != self._seen_by:
                edge_ns = self._edge(self._scanned_ns, at_ns)
                if self._seen_by:
                    self._contacts.append(PlannedContact(self._seen_by, self._since_ns, edge_ns))
                self._seen_by, self._since_ns = station, edge_ns
        except OrbitError:
            return False
        self._scanned_ns = at_ns
        return True

    def _edge(self, before_ns: int, after_ns: int) -> int:
        """When another station than at ``before_ns`` begins to see the spacecraft, or none does any more."""
        first = self._station(before_ns)
        while after_ns - before_ns > EDGE_NS:
            middle_ns = (before_ns + after_ns) // 2
            if self._station(middle_ns) == first:
                before_ns = middle_ns
            else:
                after_ns = middle_ns
        return after_ns

    def _station(self, at_ns: int) -> str:
        index = self._environment.at(at_ns).station
        return self._environment.stations[index].name if index >= 0 else ""
