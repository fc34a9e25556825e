from __future__ import annotations

import pytest

from ops_tools.console.theme import PLAIN_MARKS, RICH_MARKS, bar, sparkline


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ((), 5, ""),
        ((1.0, 2.0), 0, ""),
        ((None, None), 5, ""),
        ((0.0, 7.0), 5, "▁█"),
        ((0.0, None, 7.0), 5, "▁ █"),
        ((3.0, 3.0), 5, "▁▁"),
        (tuple(float(value) for value in range(16)), 4, "▁▃▆█"),
    ],
)
def test_a_sparkline_is_scaled_to_its_values(values: tuple[float | None, ...], width: int, drawn: str) -> None:
    """Lowest and highest value get the lowest and the highest mark; what is not known is blank."""
    assert sparkline(values, width, RICH_MARKS) == drawn


def test_the_newest_value_is_always_drawn() -> None:
    """A trend that is thinned out still ends with now."""
    values = (*[0.0] * 30, 1.0)
    assert sparkline(values, 7, PLAIN_MARKS)[-1] == "@"


@pytest.mark.parametrize(("part", "full"), [(-1, 0), (0, 0), (0.5, 4), (1, 8), (7, 8)])
def test_a_bar_is_as_full_as_its_part(part: float, full: int) -> None:
    """Both pieces together are as wide as asked for."""
    assert bar(part, 8, PLAIN_MARKS) == ("#" * full, "-" * (8 - full))
