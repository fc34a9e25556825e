"""Emits the reading of XTCE's ``ArrayParameterType``, and of containers with a ``RepeatEntry``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce.budget import check_items, fewest_bits
from tlm_cmd.xtce.conversions import MAX_ITEMS
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import Amount, ArrayType, DataType, FloatEncoding, IntegerEncoding, Nature, ScalarType
from tlm_cmd.xtce.number_run import struct_code
from tlm_cmd.xtce.packet_model import ContainerEntry, Entry, ParameterEntry
from tlm_cmd.xtce.structures import entries_of
from tlm_cmd.xtce.values import Value

if TYPE_CHECKING:
    from tlm_cmd.xtce.packet_reader import PacketReader

MAX_INLINED = 64
"""Most numbers of a fixed array that are read like parameters of their own; longer arrays are looped over."""
MAX_NESTED_CONTAINERS = 16


def read_array(reader: PacketReader, kind: ArrayType, name: str, line: int) -> Value:
    """Read an array: a tuple.

    Raises:
        XtceError: the array has too many items, or items that cannot be read here.
    """
    item, count = kind.item, kind.count.fixed
    if count is not None and not 0 <= count <= MAX_ITEMS:
        raise XtceError("ArrayParameterType", kind.name, line, f"{count} items are out of range")
    if count is not None and count <= MAX_INLINED and _is_number(item):
        items = [reader.value(item, f"{name}[{index}]", line) for index in range(count)]
        return Value(name, expression=lambda: f"({''.join(f'{reader.expression(each)}, ' for each in items)})")
    check_items(item, name, line)
    size = reader.amount(kind.count, name, MAX_ITEMS)
    begin = reader.position(line)
    if isinstance(item, ScalarType) and _travels_as_is(item, raw=reader.raw):
        return _numbers(reader, item, name, (size, begin))
    inner = _item_reader(reader, name)
    value = inner.value(item, f"{name}[]", line)
    return _loop(reader, inner, lambda: inner.expression(value), (name, size, begin, line))


def read_repeated(reader: PacketReader, entry: ContainerEntry, repeat: Amount) -> Value:
    """Read a container that repeats: a tuple of structures.

    Raises:
        XtceError: containers hold one another too deeply, or what repeats may take no octets at all.
    """
    name = entry.container.rpartition("/")[2]
    size = reader.amount(repeat, name, MAX_ITEMS)
    begin = reader.position(entry.line)
    inner = _item_reader(reader, name)
    inner.depth = reader.depth + 1
    if inner.depth > MAX_NESTED_CONTAINERS:
        raise XtceError("ContainerRefEntry", entry.container, entry.line, "holds itself, or too many others")
    entries = entries_of(entry.container, reader.containers, entry.line)
    if not any(_takes_room(each) for each in entries):
        raise XtceError("ContainerRefEntry", entry.container, entry.line, "repeats, but may take no octets at all")
    inner.entries(entries)
    return _loop(reader, inner, lambda: inner.message(name), (name, size, begin, entry.line))


def _takes_room(entry: Entry) -> bool:
    return isinstance(entry, ParameterEntry) and entry.condition is None and fewest_bits(entry.parameter.type) > 0


def _item_reader(reader: PacketReader, name: str) -> PacketReader:
    return type(reader)(
        GeneratedSource(name), f"{name}[]", reader.containers, raw=reader.raw, budget=reader.budget, base="o"
    )


def _is_number(kind: DataType) -> bool:
    return (
        isinstance(kind, ScalarType)
        and isinstance(kind.encoding, IntegerEncoding | FloatEncoding)
        and not kind.contexts
    )


def _travels_as_is(item: ScalarType, *, raw: bool) -> bool:
    """Whether the value that is wanted is what ``struct`` reads."""
    if not isinstance(item.encoding, IntegerEncoding | FloatEncoding) or not struct_code(item.encoding):
        return False
    named = item.nature in (Nature.ENUMERATION, Nature.BOOLEAN)
    return raw or (item.calibrator is None and not item.contexts and not named)


def _numbers(reader: PacketReader, item: ScalarType, name: str, place: tuple[str, str]) -> Value:
    """Numbers that one call of ``struct`` reads."""
    encoding, (size, begin) = item.encoding, place
    assert isinstance(encoding, IntegerEncoding | FloatEncoding)  # noqa: S101 - only numbers travel as they are
    source, result, at = reader.source, reader.source.local(), reader.source.local()
    source.line(f"{at} = {begin}")
    source.line(f"o = {at} + {size} * {encoding.bits // 8}")
    source.line(f"if o > end: raise TooShortError({name!r}, o - {at}, end - {at})")
    source.line(f"{result} = unpack_items(f'>{{{size}}}{struct_code(encoding)}', data, {at})")
    reader.vary()
    return Value(name, expression=lambda: result)


def _loop(
    reader: PacketReader, inner: PacketReader, result: Callable[[], str], place: tuple[str, str, str, int]
) -> Value:
    """Items that are read by a function of their own."""
    name, size, begin, line = place
    position = inner.position(line)
    made = inner.source.function("item(data, o, end)", [*inner.source.lines, f"return {result()}, {position}"])
    items, read_item = reader.source.local(), reader.source.bind("read_item", made)
    reader.source.line(f"o = {begin}")
    reader.source.line(f"{items} = []")
    reader.source.line(f"for _ in range({size}):")
    reader.source.line(f"    item, o = {read_item}(data, o, end)")
    reader.source.line(f"    {items}.append(item)")
    reader.vary()
    return Value(name, expression=lambda: f"tuple({items})")
