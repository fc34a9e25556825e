from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.products.queue import Product, Seen, change, least_valuable, may_ask, most_valuable

MODEST = settings(max_examples=80, deadline=None)
WAITING = st.lists(st.tuples(st.floats(0, 10), st.booleans()), min_size=1, max_size=8).map(
    lambda drawn: [Product(number, 0, 1800, value, asked=asked) for number, (value, asked) in enumerate(drawn)]
)


def product(number: int, value: float, *, asked: bool = False, sent_once: bool = False) -> Product:
    """A product."""
    return Product(number, 100 + number, 1800, value, asked=asked, sent_once=sent_once)


def test_the_most_valuable_goes_first() -> None:
    """The most valuable is next, the older of equals; one that was asked for already is not next."""
    queue = [product(3, 1.0), product(1, 5.0), product(2, 5.0), product(4, 9.0, asked=True)]
    assert most_valuable(queue) is queue[1]
    assert most_valuable(queue[3:]) is None
    assert most_valuable([]) is None


def test_one_after_the_other() -> None:
    """One more may be asked for when all of those before were sent, and not too many are unconfirmed."""
    sent = [product(number, 1.0, asked=True, sent_once=True) for number in range(3)]
    assert may_ask([*sent, product(4, 1.0)], 4)
    assert not may_ask([*sent, product(4, 1.0)], 3)
    assert not may_ask([*sent, product(4, 1.0, asked=True)], 9)
    assert may_ask([], 1)


def test_the_least_valuable_is_given_up() -> None:
    """The least valuable is given up, the older of equals; one already begun only when all are."""
    queue = [product(3, 1.0), product(2, 1.0), product(1, 5.0), product(4, 0.5, asked=True)]
    assert least_valuable(queue) is queue[1]
    assert least_valuable(queue[3:]) is queue[3]
    with pytest.raises(ValueError, match="empty"):
        least_valuable([])


@MODEST
@given(WAITING)
def test_what_goes_next_is_not_what_is_given_up(waiting: list[Product]) -> None:
    """What goes next is never what is given up, unless it is the last, or all are worth the same."""
    first, last = most_valuable(waiting), least_valuable(waiting)
    assert last in waiting
    left = [product for product in waiting if not product.asked]
    assert (first is None) is (not left)
    if len({product.value for product in left}) > 1:
        assert first is not last


@pytest.mark.parametrize(
    ("before", "now", "size", "finding"),
    [
        (None, Seen(0.5, 0.1), 0.0, "not seen before"),
        (Seen(0.5, 0.1), Seen(0.5, 0.1), 0.0, "green cover from 50% to 50%"),
        (Seen(0.5, 0.1), Seen(0.4, 0.15), 0.1, "green cover from 50% to 40%"),
        (Seen(0.5, 0.1), Seen(0.51, 0.0), 0.1, "water from 10% to 0%"),
    ],
)
def test_changes(before: Seen | None, now: Seen, size: float, finding: str) -> None:
    """The larger of both changes counts, in size and words; a place seen for the first time has none."""
    found = change(before, now)
    assert found.size == pytest.approx(size)
    assert found.finding == finding
