"""Long series made short enough to draw, without losing a peak, a trough or a gap."""

import math
from itertools import pairwise

from ops_tools.sil.report.model import ModeSpan, Series

MAX_POINTS = 2000
"""Points per plot: about two for each pixel column of a wide screen."""

MAX_SPANS = 2000
"""Intervals per timeline."""

_PER_COLUMN = 3
"""Points that one column may ask of a bucket: its lowest, its highest, and a gap."""


def _chosen(column: list[float | None], start: int, stop: int) -> set[int]:
    """Index of the lowest and the highest value of a bucket, and of its first gap."""
    lowest = highest = gap = -1
    low, high = math.inf, -math.inf
    for index in range(start, stop):
        value = column[index]
        if value is None or not math.isfinite(value):
            gap = index if gap < 0 else gap
            continue
        if value < low:
            low, lowest = value, index
        if value > high:
            high, highest = value, index
    return {lowest, highest, gap} - {-1}


def thin(series: Series, max_points: int = MAX_POINTS) -> Series:
    """The series with at most ``max_points`` samples, all of them samples of the original.

    The samples are cut into buckets of equal count; of each bucket every column keeps its lowest and its
    highest value and one gap, and the series keeps its first and its last sample. So the extremes of each
    column over the whole series stay, and so does the sight of an interruption.

    Raises:
        ValueError: ``max_points`` is too small for the number of columns.
    """
    per_bucket = _PER_COLUMN * len(series.columns)
    if max_points < per_bucket + 2:
        raise ValueError(f"max_points is {max_points}, {len(series.columns)} columns need {per_bucket + 2}")
    count = len(series.time_s)
    if count <= max_points:
        return series
    buckets = max(1, (max_points - 2) // max(per_bucket, 1))
    edges = [bucket * count // buckets for bucket in range(buckets + 1)]
    kept = {0, count - 1}
    for start, stop in pairwise(edges):
        for column in series.columns.values():
            kept |= _chosen(column, start, stop)
    order = sorted(kept)
    return Series(
        time_s=[series.time_s[index] for index in order],
        columns={name: [column[index] for index in order] for name, column in series.columns.items()},
    )


def merge_spans(spans: list[ModeSpan], span_s: int, max_spans: int = MAX_SPANS) -> list[ModeSpan]:
    """The intervals of one mode, joined across pauses too short to see when there are too many of them.

    Args:
        spans: Intervals of one mode in order of time.
        span_s: Length of the time axis [s].
        max_spans: Intervals wanted. With more of them, pauses shorter than ``span_s / max_spans`` are filled.
    """
    if len(spans) <= max_spans:
        return spans
    pause_s = span_s / max_spans
    merged = [spans[0]]
    for span in spans[1:]:
        last = merged[-1]
        if span.start_s - last.end_s < pause_s:
            merged[-1] = ModeSpan(mode=last.mode, start_s=last.start_s, end_s=max(last.end_s, span.end_s))
        else:
            merged.append(span)
    return merged
