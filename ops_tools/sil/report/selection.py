"""Which rows of a long table are shown: a page has a bound, and what it leaves out is said."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

RowT = TypeVar("RowT")

MAX_COMMANDS = 600
MAX_JOBS = 500
MAX_IMAGES = 300
MAX_EVENTS = 1500
MAX_PRODUCTS = 300
MAX_PASSES = 200
MAX_LEDGER_ROWS = 400
MAX_FAULTS = 200
MAX_EXPECTATIONS = 200
MAX_PICTURES = 24
MAX_PICTURE_BYTES = 750_000
"""All pictures of the gallery together, before base64 makes a third more of them."""


class Selection(Struct, Generic[RowT], frozen=True):
    """The rows shown, in their own order, and how many there were."""

    rows: list[RowT]
    total: int

    @property
    def left_out(self) -> int:
        """Rows not shown."""
        return self.total - len(self.rows)


def select(rows: Sequence[RowT], bound: int, weight: Callable[[RowT], int]) -> Selection[RowT]:
    """At most ``bound`` rows: the heaviest, and of equally heavy ones the first; in their own order."""
    if len(rows) <= bound:
        return Selection(list(rows), len(rows))
    ranked = sorted(range(len(rows)), key=lambda index: (-weight(rows[index]), index))
    return Selection([rows[index] for index in sorted(ranked[:bound])], len(rows))


def select_within(rows: Sequence[RowT], bound: int, budget: int, size: Callable[[RowT], int]) -> Selection[RowT]:
    """At most ``bound`` rows, the first that fit into a budget together; one that does not fit is passed over."""
    kept: list[RowT] = []
    for row in rows:
        if len(kept) < bound and size(row) <= budget:
            kept.append(row)
            budget -= size(row)
    return Selection(kept, len(rows))
