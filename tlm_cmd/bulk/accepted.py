"""Which raw values a definition allows: the same that the scalar decoder accepts, for whole columns."""

from __future__ import annotations

from math import ceil, floor, inf, isinf, nextafter

import numpy as np
from numpy.typing import NDArray

from tlm_cmd.bulk.columns import Array, Column, Ragged
from tlm_cmd.definition.field_layout import FieldLayout, Kind
from tlm_cmd.definition.fields import Length
from tlm_cmd.definition.scalars import raw_range

Rows = NDArray[np.bool_]


def refused_rows(column: Column, field: FieldLayout) -> Rows | None:
    """The rows with a value that the definition does not allow, shape (rows,); None if there is none.

    Args:
        column: the raw values.
        field: the definition of one of them: of an array, that of its items.
    """
    is_string = isinstance(column, Ragged) and not isinstance(column.values, Ragged) and field.extent is not None
    if isinstance(column, Ragged) and not (is_string and not isinstance(field.extent, Length)):
        items = refused_rows(column.values, field)
        return None if items is None else any_item(items, column.starts)
    if field.kind is Kind.TEXT:
        return _no_utf8(column, field)
    refused = None if isinstance(column, Ragged) else _refused_values(column, field)
    if refused is None or refused.ndim == 1:
        return refused
    return _any_in_row(refused)


def any_item(items: Rows, starts: NDArray[np.int64]) -> Rows:
    """Whether any item of a row is set, by row; ``starts`` as in `Ragged`."""
    sums = np.concatenate(([0], np.cumsum(items)))
    found: Rows = sums[starts[1:]] > sums[starts[:-1]]
    return found


def _refused_values(values: Array, field: FieldLayout) -> Rows | None:
    if field.kind is Kind.BOOLEAN:
        return _outside_integers(values, 0, 1)
    if field.enumeration is not None:
        return ~np.isin(values, np.array(sorted(field.labels), values.dtype))
    bounds = raw_range(field)
    if bounds is None:
        return None
    lowest, highest = bounds
    if not np.issubdtype(values.dtype, np.floating):
        return _outside_integers(values, lowest, highest)
    return _outside_floats(values, lowest, highest)


def _outside_integers(values: Array, lowest: float, highest: float) -> Rows:
    """Compared as integers: a float cannot tell the largest ones apart."""
    ends = np.iinfo(values.dtype)
    least = ends.min if isinf(lowest) else max(ends.min, ceil(lowest))
    most = ends.max if isinf(highest) else min(ends.max, floor(highest))
    if least > most:
        return np.ones(values.shape, np.bool_)
    return (values < least) | (values > most)


def _outside_floats(values: Array, lowest: float, highest: float) -> Rows:
    """Compared with the outermost floats within the range: its ends may be integers that no float is equal to."""
    least, most = float(lowest), float(highest)
    if least < lowest:
        least = nextafter(least, inf)
    if most > highest:
        most = nextafter(most, -inf)
    return ~((values >= least) & (values <= most))  # true for what is not a number, too


def _no_utf8(column: Column, field: FieldLayout) -> Rows | None:
    """The rows whose octets are no text."""
    values = column.values if isinstance(column, Ragged) else column
    if isinstance(values, Ragged) or not (values & 0x80).any():
        return None
    if isinstance(column, Ragged):
        rows = [np.asarray(column[row]).tobytes() for row in range(len(column))]
        return np.fromiter((not _is_text(row) for row in rows), np.bool_, len(rows))
    assert isinstance(field.extent, Length)  # noqa: S101 - texts in plain columns have a fixed length
    texts = values.reshape(-1, field.extent.count)
    wrong = np.fromiter((not _is_text(text.tobytes().rstrip(b"\0")) for text in texts), np.bool_, len(texts))
    return _any_in_row(wrong.reshape(values.shape[:-1]))


def _any_in_row(values: Rows) -> Rows:
    rows: Rows = np.any(values, axis=tuple(range(1, values.ndim)))
    return rows


def _is_text(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
