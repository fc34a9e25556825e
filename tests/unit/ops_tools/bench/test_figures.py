import pytest

from ops_tools.bench.figures import Better, Reference, figure, machine, quantile


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.2, 1), (0.21, 2), (0.5, 3), (0.8, 4), (0.99, 5), (1.0, 5)])
def test_a_quantile_is_a_value_that_was_measured(share: float, value: float) -> None:
    """The smallest one that so many do not exceed."""
    assert quantile([5, 3, 1, 4, 2], share) == value


@pytest.mark.parametrize(
    ("better", "must", "ok"),
    [(Better.HIGHER, 3, True), (Better.HIGHER, 4, False), (Better.LOWER, 3, True), (Better.LOWER, 2, False)],
)
def test_the_median_is_held_against_what_must_be_reached(better: Better, must: float, *, ok: bool) -> None:
    """Reaching it exactly is enough, in either direction."""
    found = figure(("bench", "what"), "s", [9, 1, 3], better, must=must, aim=0, reference=("peer", [2, 8, 4]))
    assert (found.median, found.min, found.max, found.runs, found.ok) == (3, 1, 9, 3, ok)
    assert found.reference == Reference("peer", 4)


def test_a_figure_without_a_bound_is_good() -> None:
    """Nothing has to be reached."""
    found = figure(("bench", "what"), "s", [1], Better.LOWER)
    assert (found.ok, found.must, found.aim, found.reference) == (True, None, None, None)


def test_the_machine_is_named() -> None:
    """Figures mean nothing without the machine that they were measured on."""
    found = machine()
    assert found["cores"] >= 1
    assert set(found) == {"processor", "architecture", "cores", "python", "kernel", "load_1min"}
