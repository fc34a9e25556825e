"""Commands from other processes: each is taken once, in the order of its sender, and waits for room in its inbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.link_counters import LinkCounters
from flightsw.bus.requests import Request
from flightsw.bus.router import Bus, Loss

MAX_HELD = 1024
"""Commands of one sender that may wait for room; more are left to their sender, who sends them again."""

OnRefused = Callable[[Request, Loss], None]


class CommandIntake:
    """Puts commands from links onto the bus.

    A command for which an inbox has no room is held, with all that its sender sent behind it, until apps have dealt
    with some: a burst is worked off, not refused. What is held is not confirmed, so it outlives this process at its
    sender.

    Args:
        bus: the process's bus.
        counters: of the process's links.
        on_refused: told about commands that no app here takes.
    """

    def __init__(self, bus: Bus, counters: LinkCounters, on_refused: OnRefused) -> None:
        self._bus = bus
        self._counters = counters
        self._on_refused = on_refused
        self._held: dict[str, deque[tuple[int, Request]]] = {}

    def take(self, sender: str, arrivals: Arrivals, number: int, message_id: int, request: Request) -> None:
        """Take a command if it is the next one of its sender."""
        held = self._held.setdefault(sender, deque())
        if number <= arrivals.commands:
            self._counters.duplicates += 1
        elif number > arrivals.commands + 1 or len(held) >= MAX_HELD:
            self._counters.out_of_order += 1
        else:
            arrivals.commands = number
            held.append((message_id, request))
            self._feed(held)

    def feed(self) -> None:
        """Put onto the bus what was held and finds room now."""
        for held in self._held.values():
            self._feed(held)

    def held(self, sender: str) -> int:
        """How many commands of one sender wait for room."""
        return len(self._held.get(sender, ()))

    def _feed(self, held: deque[tuple[int, Request]]) -> None:
        while held and self._bus.has_room(held[0][0]):
            message_id, request = held.popleft()
            for refusal in self._bus.deliver_local(message_id, request):
                self._on_refused(request, refusal)
