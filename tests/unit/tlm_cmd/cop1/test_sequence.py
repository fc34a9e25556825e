import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.cop1.sequence import check_farm_window, check_fop_window, distance, following
from tlm_cmd.errors import FieldRangeError, WrongValueError


@given(st.integers(0, 255), st.integers(0, 255))
def test_distance_leads_from_one_number_to_the_other(start: int, steps: int) -> None:
    """So many steps up from a number lead to one at that distance, across 255 too."""
    number = start
    for _ in range(steps):
        number = following(number)
    assert distance(start, number) == steps
    assert 0 <= number <= 255


@pytest.mark.parametrize(("width", "farm_window"), [(1, 2), (127, 254), (10, 20)])
def test_windows_that_fit(width: int, farm_window: int) -> None:
    """K may be as wide as the positive half of W."""
    check_farm_window(farm_window)
    check_fop_window(width, farm_window)


@pytest.mark.parametrize(
    ("width", "farm_window", "words"),
    [
        (0, 20, "K is 0, allowed are 1 to 10, half of W"),
        (11, 20, "K is 11, allowed are 1 to 10, half of W"),
        (128, 254, "K is 128, allowed are 1 to 127, half of W"),
        (1, 0, "W is 0, allowed are 2 to 254"),
        (1, 256, "W is 256"),
    ],
)
def test_windows_out_of_range(width: int, farm_window: int, words: str) -> None:
    """What does not fit is refused with the width, and what is allowed."""
    with pytest.raises(FieldRangeError, match=words):
        check_fop_window(width, farm_window)


def test_an_odd_receiver_window() -> None:
    """W has two halves of the same width."""
    with pytest.raises(WrongValueError, match="W is 21, expected even"):
        check_fop_window(1, 21)
