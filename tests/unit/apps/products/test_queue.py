from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.products.queue import Product, Seen, change, least_valuable, most_valuable

MODEST = settings(max_examples=80, deadline=None)
WAITING = st.lists(st.tuples(st.floats(0, 10), st.sampled_from([0, 0, 0, 900])), min_size=1, max_size=8).map(
    lambda drawn: [Product(number, 0, 1800, value, offset=offset) for number, (value, offset) in enumerate(drawn)]
)


def product(number: int, value: float, offset: int = 0) -> Product:
    """A product of two segments."""
    return Product(number, 100 + number, 1800, value, offset=offset)


def test_the_most_valuable_goes_first() -> None:
    """The most valuable is next, the older of equals; one already begun goes before all."""
    queue = [product(3, 1.0), product(1, 5.0), product(2, 5.0)]
    assert most_valuable(queue) is queue[1]
    queue.append(product(4, 0.5, offset=900))
    assert most_valuable(queue) is queue[3]
    assert most_valuable([]) is None


def test_the_least_valuable_is_given_up() -> None:
    """The least valuable is given up, the older of equals; one already begun only when all are."""
    queue = [product(3, 1.0), product(2, 1.0), product(1, 5.0), product(4, 0.5, offset=900)]
    assert least_valuable(queue) is queue[1]
    assert least_valuable(queue[3:]) is queue[3]
    with pytest.raises(ValueError, match="empty"):
        least_valuable([])


@MODEST
@given(WAITING)
def test_what_goes_next_is_not_what_is_given_up(waiting: list[Product]) -> None:
    """With at most one begun, what goes next is never what is given up unless all are worth the same."""
    for begun in [product for product in waiting if product.offset][1:]:
        begun.offset = 0
    first, last = most_valuable(waiting), least_valuable(waiting)
    assert first in waiting
    assert last in waiting
    if len({product.value for product in waiting}) > 1:
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
