"""What the supervisor has told processes to do with apps and has no answer to yet. Pure."""

from __future__ import annotations

import msgspec

from flightsw.app import Ticket
from flightsw.runtime.supervision import AppAction


class Order(msgspec.Struct, frozen=True):
    """One thing to be done with one app.

    Attributes:
        number: from 1.
        action: what.
        app: its name.
        cause: why, for people.
        ticket: the command that asked for it, None when a policy did.
        deadline_ns: host time at which it is given up.
    """

    number: int
    action: AppAction
    app: str
    cause: str
    ticket: Ticket | None
    deadline_ns: int


class Orders:
    """Every open order; an order leaves by its answer, by the end of the app's process, or by its deadline."""

    def __init__(self) -> None:
        self._open: dict[int, Order] = {}
        self._numbers = 0

    def give(self, action: AppAction, app: str, cause: str, ticket: Ticket | None, deadline_ns: int) -> Order:
        """Open an order."""
        self._numbers += 1
        order = self._open[self._numbers] = Order(self._numbers, action, app, cause, ticket, deadline_ns)
        return order

    def answered(self, number: int) -> Order | None:
        """Take the order with a number, if it is still open."""
        return self._open.pop(number, None)

    def of(self, app: str) -> list[Order]:
        """Take all open orders for an app, oldest first."""
        return [self._open.pop(order.number) for order in tuple(self._open.values()) if order.app == app]

    def pending(self, app: str) -> bool:
        """Whether an order for an app is open."""
        return any(order.app == app for order in self._open.values())

    def overdue(self, now_ns: int) -> list[Order]:
        """Take the orders whose deadline has passed."""
        late = [order for order in self._open.values() if now_ns >= order.deadline_ns]
        for order in late:
            del self._open[order.number]
        return late
