"""Columns of fields at fixed places: a NumPy structure laid over the octets, copied field by field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tlm_cmd.bulk.columns import Array
from tlm_cmd.definition.field_layout import FieldLayout
from tlm_cmd.definition.fields import Bits, Length, Number
from tlm_cmd.definition.scalars import group_octets

BLOCK_OCTETS = 1 << 19
"""Octets that are gone over at a time, field by field: few enough to stay in the processor's cache."""

ALIGNMENT_OCTETS = 64
"""Every column begins at a cache line."""

Octets = NDArray[np.uint8]

_CODES = {"B": "u1", "H": "u2", "I": "u4", "Q": "u8", "b": "i1", "h": "i2", "i": "i4", "q": "i8", "f": "f4", "d": "f8"}


class BitPlace(msgspec.Struct, frozen=True):
    """Where a bit field is in the octets that it shares.

    Attributes:
        first, last: the octets that hold a part of it.
        shift: bits behind it in the last of them.
        mask: as many ones as it has bits.
    """

    first: int
    last: int
    shift: int
    mask: int


class Leaf(msgspec.Struct, frozen=True):
    """One value, or a fixed array of them, within a structure of fixed size.

    Attributes:
        path: its column, ``nodes.temperature``.
        field: its definition.
        way: the names to take in the NumPy structure to get to it.
        dtype: of the column.
        shape: of each row, empty for one value.
        bits: of a bit field, where it is; None for others.
    """

    path: str
    field: FieldLayout
    way: tuple[str, ...]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    bits: BitPlace | None = None


class FixedLayout(msgspec.Struct, frozen=True):
    """Fields of fixed size in a row, as NumPy sees them."""

    dtype: np.dtype[Any]
    leaves: tuple[Leaf, ...]


def fixed_layout(fields: Sequence[FieldLayout], prefix: str = "") -> FixedLayout:
    """The layout of some fields in a row, all of fixed size; ``prefix`` begins the paths of their columns."""
    dtype, leaves = _structure(fields, prefix, (), ())
    return FixedLayout(dtype, tuple(leaves))


def behind(first: FixedLayout, second: FixedLayout) -> FixedLayout:
    """A structure, and another one directly behind it; their paths must differ."""
    dtype = np.dtype([("first", first.dtype), ("second", second.dtype)])
    leaves = [
        msgspec.structs.replace(leaf, way=(place, *leaf.way))
        for place, layout in (("first", first), ("second", second))
        for leaf in layout.leaves
    ]
    return FixedLayout(dtype, tuple(leaves))


def selected(layout: FixedLayout, *paths: str) -> FixedLayout:
    """A structure of which only some columns are read."""
    return FixedLayout(layout.dtype, tuple(leaf for leaf in layout.leaves if leaf.path in paths))


def read_fixed(layout: FixedLayout, octets: Octets) -> dict[str, Array]:
    """The columns of structures in a row; they share one piece of memory.

    Args:
        layout: of each structure.
        octets: one structure per row, shape (rows, octets of the structure); rows may be further apart in memory.
    """
    rows = len(octets)
    columns = _allocate(layout.leaves, rows)
    if not rows or not columns:
        return columns
    height = max(1, BLOCK_OCTETS // max(1, octets.strides[0]))
    for begin in range(0, rows, height):
        block = octets[begin : begin + height].view(layout.dtype)[:, 0]
        for leaf in layout.leaves:
            _copy(leaf, block, columns[leaf.path][begin : begin + height])
    return columns


def _allocate(leaves: Sequence[Leaf], rows: int) -> dict[str, Array]:
    """Columns out of one piece of memory: the system hands out large pieces several times faster than small ones."""
    columns: dict[str, Array] = {}
    sizes = [rows * prod(leaf.shape) * leaf.dtype.itemsize for leaf in leaves]
    memory = np.empty(sum(size + -size % ALIGNMENT_OCTETS for size in sizes), np.uint8)
    begin = 0
    for leaf, size in zip(leaves, sizes, strict=True):
        columns[leaf.path] = memory[begin : begin + size].view(leaf.dtype).reshape(rows, *leaf.shape)
        begin += size + -size % ALIGNMENT_OCTETS
    return columns


def _copy(leaf: Leaf, block: Array, column: Array) -> None:
    for name in leaf.way:
        block = block[name]
    place = leaf.bits
    if place is None:
        column[...] = block
        return
    word = block[..., place.first].astype(np.uint64)
    for octet in range(place.first + 1, place.last + 1):
        word = word << np.uint64(8) | block[..., octet]
    column[...] = word >> np.uint64(place.shift) & np.uint64(place.mask)


# ------------------------------------------------------------------ structure


def _structure(
    fields: Sequence[FieldLayout], prefix: str, way: tuple[str, ...], shape: tuple[int, ...]
) -> tuple[np.dtype[Any], list[Leaf]]:
    """The NumPy structure of some fields, and its leaves."""
    members: list[tuple[str, Any]] = []
    leaves: list[Leaf] = []
    for group in _groups(fields):
        name = group[0].name
        if isinstance(group[0].wire, Bits):
            members.append((name, (np.uint8, (group_octets(group),))))
            leaves += _bit_leaves(group, prefix, (*way, name), shape)
        else:
            dtype, below = _value(group[0], prefix + name, (*way, name), shape)
            members.append((name, dtype))
            leaves += below
    return np.dtype(members), leaves


def _value(field: FieldLayout, path: str, way: tuple[str, ...], shape: tuple[int, ...]) -> tuple[Any, list[Leaf]]:
    if isinstance(field.wire, Number):
        code = _CODES[field.wire.code]
        return np.dtype(f">{code}"), [Leaf(path, field, way, np.dtype(code), shape)]
    if field.record is not None:
        return _structure(field.record.fields, f"{path}.", way, shape)
    assert isinstance(field.extent, Length)  # noqa: S101 - only fields of fixed size come here
    count = field.extent.count
    if field.item is None:
        return (np.uint8, (count,)), [Leaf(path, field, way, np.dtype(np.uint8), (*shape, count))]
    dtype, leaves = _value(field.item, path, way, (*shape, count))
    return (dtype, (count,)), leaves


def _groups(fields: Sequence[FieldLayout]) -> Iterator[list[FieldLayout]]:
    """Fields one by one, neighbouring bit fields together."""
    bits: list[FieldLayout] = []
    for field in fields:
        if isinstance(field.wire, Bits):
            bits.append(field)
            continue
        if bits:
            yield bits
            bits = []
        yield [field]
    if bits:
        yield bits


def _bit_leaves(group: list[FieldLayout], prefix: str, way: tuple[str, ...], shape: tuple[int, ...]) -> Iterator[Leaf]:
    begin = 0
    for field in group:
        assert isinstance(field.wire, Bits)  # noqa: S101 - only bit fields are grouped
        end = begin + field.wire.width
        last = (end - 1) // 8
        place = BitPlace(begin // 8, last, 8 * (last + 1) - end, field.wire.highest)
        yield Leaf(prefix + field.name, field, way, np.min_scalar_type(field.wire.highest), shape, place)
        begin = end
