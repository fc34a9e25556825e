from __future__ import annotations

from flightsw.app import Ticket
from flightsw.runtime.orders import Orders
from flightsw.runtime.supervision import AppAction

TICKET = Ticket(0, 1, 2, 3)


def test_an_order_leaves_once() -> None:
    """By its answer, with its app, or by its deadline, whichever is first; never twice."""
    orders = Orders()
    first = orders.give(AppAction.STOP, "a", "by command", TICKET, 10)
    second = orders.give(AppAction.RESTART, "b", "hung", None, 20)
    third = orders.give(AppAction.RELOAD, "b", "by command", TICKET, 30)
    assert orders.pending("a")
    assert orders.answered(first.number) == first
    assert orders.answered(first.number) is None
    assert not orders.pending("a")
    assert orders.overdue(19) == []
    assert orders.overdue(20) == [second]
    assert orders.of("b") == [third]
    assert orders.of("b") == []
    assert orders.overdue(1000) == []
