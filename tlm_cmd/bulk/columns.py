"""What bulk decoding gives: one column per field of a packet, raw as it travelled, or in engineering units."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tlm_cmd.definition.field_layout import FieldLayout, Kind
from tlm_cmd.definition.fields import Linear, Polynomial
from tlm_cmd.packets.cfs_header import SUBSECONDS_PER_SECOND
from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO

Array = NDArray[Any]

_NS_PER_S = 1_000_000_000


class Ragged(msgspec.Struct, frozen=True, gc=False):
    """A column whose rows have different lengths.

    Attributes:
        values: all items of all rows, one behind the other; ragged itself where the items are.
        starts: where each row begins in ``values``, and behind the last one where it ends; shape (rows + 1,).
    """

    values: Array | Ragged
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> Array | Ragged:
        """The items of one row, 0 for the first; negative numbers count from the end.

        Raises:
            IndexError: there is no such row.
        """
        row = range(len(self))[row]
        return _rows_between(self.values, int(self.starts[row]), int(self.starts[row + 1]))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many items each row has."""
        return np.diff(self.starts)


Column = Array | Ragged


class HeaderColumns(msgspec.Struct, frozen=True):
    """What the headers of packets of one kind say, each of shape (packets,)."""

    sequence_control: NDArray[np.uint16]
    seconds: NDArray[np.uint32]
    subseconds: NDArray[np.uint16]


class PacketColumns(msgspec.Struct):
    """All packets of one kind in a buffer, in their order.

    Attributes:
        name: the dictionary's name, ``THERMAL.THERMAL_STATUS``.
        positions: octet of the buffer at which each packet begins.
        header: the raw words of the packet headers that differ from packet to packet: sequence control, seconds,
            subseconds.
        raw: raw values by field: ``board``, ``nodes.temperature`` for a field of a nested structure. Fixed arrays add
            an axis, variable ones are `Ragged`; texts and octet strings are arrays of octets.
        fields: the definition of each of them.
    """

    name: str
    positions: NDArray[np.int64]
    header: HeaderColumns
    raw: dict[str, Column]
    fields: dict[str, FieldLayout]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def sequence(self) -> NDArray[np.uint16]:
        """Sequence counts."""
        return self.header.sequence_control & np.uint16(SEQUENCE_MODULO - 1)

    @property
    def time_ns(self) -> NDArray[np.int64]:
        """Spacecraft time, TAI in nanoseconds since 1958-01-01, see `tlm_cmd.packets.cfs_header.join_time`."""
        subseconds = self.header.subseconds.astype(np.int64)
        rest_ns: NDArray[np.int64] = -(-subseconds * _NS_PER_S // SUBSECONDS_PER_SECOND)
        return self.header.seconds.astype(np.int64) * _NS_PER_S + rest_ns

    def engineering(self, field: str) -> Column:
        """A field in engineering units: calibrated, booleans as ``bool``; what has no calibration is as it was.

        Raises:
            KeyError: the packet has no such field.
        """
        return _engineering(self.raw[field], self.fields[field])

    def labels(self, field: str) -> list[str]:
        """The names of an enumeration's values, one per packet.

        Raises:
            KeyError: the packet has no such field, or it is no enumeration with one value per packet.
        """
        layout, column = self.fields[field], self.raw[field]
        if not layout.labels or isinstance(column, Ragged) or column.ndim != 1:
            raise KeyError(field)
        return [layout.labels[int(value)] for value in column]

    def octets(self, field: str) -> list[bytes]:
        """Texts and octet strings, one per packet, texts of fixed length without their filling.

        Raises:
            KeyError: the packet has no such field, or it is no text or octet string.
        """
        layout, column = self.fields[field], self.raw[field]
        items = column.values if isinstance(column, Ragged) else column
        is_one_each = not isinstance(items, Ragged) and items.ndim == (1 if isinstance(column, Ragged) else 2)
        if layout.kind not in (Kind.TEXT, Kind.OCTETS) or not is_one_each:
            raise KeyError(field)
        rows = [np.asarray(column[row]).tobytes() for row in range(len(column))]
        is_filled = layout.kind is Kind.TEXT and not isinstance(column, Ragged)
        return [row.rstrip(b"\0") for row in rows] if is_filled else rows

    def texts(self, field: str) -> list[str]:
        """Texts, one per packet.

        Raises:
            KeyError: the packet has no such field, or it is no text.
        """
        if self.fields[field].kind is not Kind.TEXT:
            raise KeyError(field)
        return [octets.decode() for octets in self.octets(field)]


def keep_rows(column: Column, keep: NDArray[np.bool_]) -> Column:
    """The rows of a column that ``keep`` names, shape (rows,)."""
    if not isinstance(column, Ragged):
        return column[keep]
    kept_items = np.repeat(keep, column.counts)
    starts = np.concatenate(([0], np.cumsum(column.counts[keep])))
    return Ragged(keep_rows(column.values, kept_items), starts)


def join_rows(columns: list[Column]) -> Column:
    """The rows of several columns, one below the other; all must be of one kind."""
    first = columns[0]
    if not isinstance(first, Ragged):
        return np.concatenate([column for column in columns if not isinstance(column, Ragged)])
    ragged = [column for column in columns if isinstance(column, Ragged)]
    counts = np.concatenate([column.counts for column in ragged])
    return Ragged(join_rows([column.values for column in ragged]), np.concatenate(([0], np.cumsum(counts))))


def order_rows(column: Column, order: NDArray[np.int64]) -> Column:
    """The rows of a column in another order, each number in ``order`` once."""
    if not isinstance(column, Ragged):
        return column[order]
    counts = column.counts[order]
    starts = np.concatenate(([0], np.cumsum(counts)))
    items = np.repeat(column.starts[:-1][order] - starts[:-1], counts) + np.arange(starts[-1])
    return Ragged(order_rows(column.values, items), starts)


def _rows_between(column: Column, begin: int, end: int) -> Column:
    if not isinstance(column, Ragged):
        return column[begin:end]
    starts = column.starts[begin : end + 1]
    values = _rows_between(column.values, int(starts[0]), int(starts[-1]))
    return Ragged(values, starts - starts[0])


def _engineering(column: Column, field: FieldLayout) -> Column:
    if isinstance(column, Ragged):
        return Ragged(_engineering(column.values, field), column.starts)
    match field.calibration:
        case Linear(scale, offset):
            return offset + scale * column if offset else scale * column
        case Polynomial(coefficients):
            value = np.full(column.shape, coefficients[-1] if coefficients else 0.0)
            for coefficient in reversed(coefficients[:-1]):
                value = value * column + coefficient
            return value
    return column.astype(np.bool_) if field.kind is Kind.BOOLEAN else column
