"""Columns of fields whose place depends on what stands in front of them, for all packets of one kind at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tlm_cmd.bulk.accepted import refused_rows
from tlm_cmd.bulk.columns import Array, Column, Ragged, join_rows, order_rows
from tlm_cmd.bulk.fixed_fields import FixedLayout, Octets, fixed_layout, read_fixed
from tlm_cmd.definition.field_layout import FieldLayout
from tlm_cmd.definition.fields import Bits, Extent, Length, Tail, UpTo

Positions = NDArray[np.int64]
Rows = NDArray[np.bool_]
Columns = dict[str, tuple[FieldLayout, Column]]
"""By path; the definition is that of one value."""


class FieldReader:
    """Reads one structure per row; rows that do not fit their definition are marked, and what they give is no value.

    Args:
        buffer: all octets.
        positions: where each row begins, shape (rows,).
        ends: where the octets of each row end; of a structure with a Tail, where it must end.

    Attributes:
        positions: behind what has been read of each row.
        refused: the rows that do not fit.
        columns: what has been read.
    """

    def __init__(self, buffer: Octets, positions: Positions, ends: Positions) -> None:
        self.positions, self.refused = positions.copy(), np.zeros(len(positions), np.bool_)
        self.columns: Columns = {}
        self._buffer, self._ends = buffer, ends

    def read(self, fields: Sequence[FieldLayout], prefix: str = "") -> None:
        """Read fields in a row; ``prefix`` begins the paths of their columns."""
        fixed: list[FieldLayout] = []
        for field in fields:
            if isinstance(field.wire, Bits) or field.fixed_octets is not None:
                fixed.append(field)
                continue
            self._fixed(fixed, prefix)
            fixed = []
            self._variable(field, prefix)
        self._fixed(fixed, prefix)

    def require_end(self) -> None:
        """Refuse the rows of which something is left."""
        self._refuse(~self.refused & (self.positions != self._ends))

    # ---------------------------------------------------------------- fixed parts

    def _fixed(self, fields: Sequence[FieldLayout], prefix: str) -> None:
        if not fields:
            return
        layout = fixed_layout(fields, prefix)
        octets = layout.dtype.itemsize
        self._need(octets)
        self.keep_all(layout, read_fixed(layout, self._gathered(self.positions, octets)))
        self.positions = self.positions + octets

    def keep_all(self, layout: FixedLayout, columns: dict[str, Array]) -> None:
        """Take the columns of a fixed part, and refuse the rows with a value that is not allowed."""
        for leaf in layout.leaves:
            self._keep(leaf.path, leaf.field, columns[leaf.path])

    def _keep(self, path: str, field: FieldLayout, column: Column) -> None:
        self.columns[path] = (field, column)
        wrong = refused_rows(column, field)
        if wrong is not None:
            self.refused |= wrong

    def _need(self, octets: int | Positions) -> None:
        """Refuse the rows that have not so many octets left."""
        self._refuse(self.positions + octets > self._ends)

    def _refuse(self, rows: Rows) -> None:
        """Mark rows; what is still read for them is taken from the begin of the buffer, where it does no harm."""
        if rows.any():
            self.refused |= rows
            self.positions = np.where(rows, np.int64(0), self.positions)
            self._ends = np.where(rows, np.int64(0), self._ends)

    def _gathered(self, positions: Positions, octets: int) -> Octets:
        """The ``octets`` from each position on, shape (positions, octets)."""
        if len(self._buffer) < octets:  # then no row can hold them, and all are refused
            return np.zeros((len(positions), octets), np.uint8)
        gathered: Octets = self._buffer[positions[:, np.newaxis] + np.arange(octets)]
        return gathered

    # ---------------------------------------------------------------- variable parts

    def _variable(self, field: FieldLayout, prefix: str) -> None:
        path, item = prefix + field.name, field.item
        if field.record is not None:
            self.read(field.record.fields, f"{path}.")
        elif item is not None and item.fixed_octets is None:
            self._items_of_any_size(field, item, path)
        else:
            octets = 1 if item is None else item.fixed_octets
            assert octets is not None  # noqa: S101 - the other case is above
            counts = self._counts(field.extent, octets)
            self._items_of_one_size(field if item is None else item, path, counts, octets)
            self.positions = self.positions + counts * octets

    def _counts(self, extent: Extent | None, octets: int) -> Positions:
        """How many items of so many octets each row has; none in refused rows."""
        if isinstance(extent, UpTo):
            prefix = np.dtype(f">u{extent.prefix.octets}")
            self._need(prefix.itemsize)
            counts = self._gathered(self.positions, prefix.itemsize).view(prefix)[:, 0].astype(np.int64)
            self.positions = self.positions + prefix.itemsize
            self._refuse(counts > extent.count)
            self._refuse(self.positions + counts * octets > self._ends)
        else:
            assert isinstance(extent, Tail)  # noqa: S101 - what has a fixed size is read elsewhere
            counts, rest = np.divmod(self._ends - self.positions, octets)
            self._refuse((rest > 0) | (counts > extent.count))
        return np.where(self.refused, np.int64(0), counts)

    def _items_of_one_size(self, item: FieldLayout, path: str, counts: Positions, octets: int) -> None:
        """Items of fixed size, or the octets of a text or an octet string."""
        starts = _starts(counts)
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
        places = np.repeat(self.positions, counts) + within * octets
        if isinstance(item.extent, UpTo | Tail):
            self._keep(path, item, Ragged(self._buffer[places], starts))
            return
        layout = _items_layout(item, path)
        for leaf, column in zip(
            layout.leaves, read_fixed(layout, self._gathered(places, octets)).values(), strict=True
        ):
            self._keep(leaf.path, leaf.field, Ragged(column, starts))

    def _items_of_any_size(self, field: FieldLayout, item: FieldLayout, path: str) -> None:
        """Items that are found one after the other: first those of all rows, then the second ones."""
        extent = field.extent
        counts = None
        if isinstance(extent, UpTo):
            counts = self._counts(extent, 0)
        elif isinstance(extent, Length):
            counts = np.full(len(self.positions), extent.count)
        parts = [self._one_item(item, path, np.empty(0, np.int64))]
        rows, number = self._rows_with(0, counts, extent), 0
        while len(rows):
            parts.append(self._one_item(item, path, rows))
            number += 1
            rows = self._rows_with(number, counts, extent)
        numbers = np.concatenate([rows for rows, _ in parts])
        order = np.argsort(numbers, kind="stable")
        starts = _starts(np.bincount(numbers, minlength=len(self.positions)))
        for name, (leaf, _) in parts[0][1].items():
            joined = join_rows([columns[name][1] for _, columns in parts])
            self.columns[name] = (leaf, Ragged(order_rows(joined, order), starts))

    def _rows_with(self, number: int, counts: Positions | None, extent: Extent | None) -> Positions:
        """The rows that have more than ``number`` items, without those that have too many."""
        more = ~self.refused & ((self.positions < self._ends) if counts is None else (counts > number))
        if isinstance(extent, Tail) and number == extent.count:
            self._refuse(more)
            return np.empty(0, np.int64)
        return np.flatnonzero(more)

    def _one_item(self, item: FieldLayout, path: str, rows: Positions) -> tuple[Positions, Columns]:
        """Read one item of some rows."""
        reader = FieldReader(self._buffer, self.positions[rows], self._ends[rows])
        if item.record is not None:
            reader.read(item.record.fields, f"{path}.")
        else:
            reader.read([msgspec.structs.replace(item, name=path)])
        self.positions[rows] = reader.positions
        refused = np.zeros(len(self.refused), np.bool_)
        refused[rows] = reader.refused
        self._refuse(refused)
        return rows, reader.columns


def _items_layout(item: FieldLayout, path: str) -> FixedLayout:
    """The layout of one item of an array that is called ``path``."""
    if item.record is not None:
        return fixed_layout(item.record.fields, f"{path}.")
    return fixed_layout([msgspec.structs.replace(item, name=path)])


def _starts(counts: Positions) -> Positions:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
