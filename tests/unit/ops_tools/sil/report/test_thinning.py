import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.sil.report.model import ModeSpan, Series
from ops_tools.sil.report.thinning import merge_spans, thin

VALUES = st.none() | st.floats(-1e6, 1e6) | st.just(math.nan)
COLUMNS = st.integers(1, 400).flatmap(
    lambda count: st.tuples(
        st.lists(VALUES, min_size=count, max_size=count), st.lists(VALUES, min_size=count, max_size=count)
    )
)


def _finite(column: list[float | None]) -> list[float]:
    return [value for value in column if value is not None and math.isfinite(value)]


@pytest.mark.untraced
@given(COLUMNS, st.integers(8, 120))
def test_extremes_gaps_and_ends_stay(columns: tuple[list[float | None], ...], max_points: int) -> None:
    """Within the bound, each column keeps its lowest and highest value, a gap if it had one, and the ends."""
    series = Series(time_s=list(range(len(columns[0]))), columns=dict(zip("ab", columns, strict=True)))
    thinned = thin(series, max_points)
    assert len(thinned.time_s) <= max_points
    assert {thinned.time_s[0], thinned.time_s[-1]} == {series.time_s[0], series.time_s[-1]}
    for name, column in series.columns.items():
        kept = thinned.columns[name]
        assert all(
            value is column[at_s] or value == column[at_s] for at_s, value in zip(thinned.time_s, kept, strict=True)
        )
        if _finite(column):
            assert min(_finite(kept)) == min(_finite(column))
            assert max(_finite(kept)) == max(_finite(column))
        assert (len(_finite(kept)) < len(kept)) or len(_finite(column)) == len(column)


def test_a_short_series_is_left_alone() -> None:
    """Nothing is thinned that fits."""
    series = Series(time_s=[0, 1, 2], columns={"a": [1.0, 2.0, 3.0]})
    assert thin(series, 8) is series


def test_a_bound_too_small_for_the_columns_is_refused() -> None:
    """Five points cannot hold the extremes of two columns."""
    with pytest.raises(ValueError, match="2 columns need 8"):
        thin(Series(time_s=[0], columns={"a": [0.0], "b": [0.0]}), 5)


def test_a_single_spike_in_a_day_stays() -> None:
    """One second out of 86 400 is still seen."""
    values: list[float | None] = [0.0] * 86_400
    values[51_234] = 9.0
    thinned = thin(Series(time_s=list(range(86_400)), columns={"a": values}), 2000)
    assert (51_234, 9.0) in thinned.present("a")


def test_many_spans_join_across_pauses_too_short_to_see() -> None:
    """A pause of a second in a day is filled when there are too many; a long one stays."""
    spans = [ModeSpan(mode="IDLE", start_s=2 * i, end_s=2 * i + 1) for i in range(100)]
    spans.append(ModeSpan(mode="IDLE", start_s=50_000, end_s=50_010))
    merged = merge_spans(spans, 86_400, 50)
    assert [(span.start_s, span.end_s) for span in merged] == [(0, 199), (50_000, 50_010)]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=300), st.integers(5, 60))
def test_merged_spans_cover_and_are_bounded(steps: list[tuple[int, int]], max_spans: int) -> None:
    """Joining fills pauses only: all time in the mode stays in it, and the count stays near the bound."""
    spans, now = [], 0
    for pause, length in steps:
        spans.append(ModeSpan(mode="RUNNING", start_s=now + pause, end_s=now + pause + length))
        now += pause + length
    merged = merge_spans(spans, now, max_spans)
    assert len(merged) <= max_spans + 1
    assert all(any(m.start_s <= s.start_s and s.end_s <= m.end_s for m in merged) for s in spans)
    assert merged[0].start_s == spans[0].start_s
    assert merged[-1].end_s == spans[-1].end_s
