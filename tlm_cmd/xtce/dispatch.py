"""Which container a packet is one of: from the root through those that inherit, by their restriction criteria.

Where criteria compare numbers at fixed places with constants, one look-up answers for all containers; what is left is
asked one by one, once the entries in front have been read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce.model import (
    AllOf,
    Comparison,
    Condition,
    Container,
    ContainerEntry,
    FixedEntry,
    IntegerEncoding,
    IntegerForm,
    Operator,
    ParameterEntry,
    ScalarType,
)
from tlm_cmd.xtce.packet_decoder import guarded
from tlm_cmd.xtce.packet_reader import PacketReader, entries_of
from tlm_cmd.xtce.values import raw_constant

Select = Callable[..., Any]
"""``select(data, start, end)`` gives the numbers of the containers whose criteria hold."""

Place = tuple[int, int]
"""First bit and width of an unsigned number at a fixed place in the packet."""


def compile_selection(parent: Container, children: Sequence[Container], containers: Mapping[str, Container]) -> Select:
    """Which of the containers that inherit from one a packet is.

    Args:
        parent: the container.
        children: those that inherit from it directly.
        containers: all by path.

    Raises:
        XtceError: a criterion refers to what is not there.
    """
    places = fixed_places(parent, containers)
    tables: dict[tuple[Place, ...], dict[tuple[int, ...], list[int]]] = {}
    others: list[tuple[int, Condition]] = []
    always: list[int] = []
    for number, child in enumerate(children):
        keys = _keys(child.condition, places) if child.condition is not None else {}
        if child.condition is None:
            always.append(number)
        elif keys is None:
            others.append((number, child.condition))
        else:
            ordered = tuple(sorted(keys))
            values = tuple(keys[place] for place in ordered)
            tables.setdefault(ordered, {}).setdefault(values, []).append(number)
    return _function(parent, tables, others, always, containers)


def _function(
    parent: Container,
    tables: Mapping[tuple[Place, ...], dict[tuple[int, ...], list[int]]],
    others: Sequence[tuple[int, Condition]],
    always: Sequence[int],
    containers: Mapping[str, Container],
) -> Select:
    name = parent.path.rpartition("/")[2]
    source = GeneratedSource(name)
    found = [f"{tuple(always)!r}"] if always else []
    needed = max((bit + width + 7 for places in tables for bit, width in places), default=0) // 8
    if needed:
        source.line(f"if start + {needed} > end: raise TooShortError({name!r}, {needed}, end - start)")
    for places, table in tables.items():
        single = len(places) == 1
        bound = {(values[0] if single else values): tuple(numbers) for values, numbers in table.items()}
        keys = [_extract(place) for place in places]
        key = keys[0] if single else f"({', '.join(keys)},)"
        found.append(f"{source.bind('table', bound)}.get({key}, ())")
    if others:
        reader = PacketReader(source, name, containers, raw=True)
        reader.entries(entries_of(parent.path, containers))
        reader.close_run()
        tests = [f"({reader.scope.condition(condition)}, {number})" for number, condition in others]
        found.append(f"tuple([number for test, number in ({', '.join(tests)},) if test])")
    select: Select = guarded(source, name, " + ".join(found) or "()")
    return select


def fixed_places(container: Container, containers: Mapping[str, Container]) -> dict[str, tuple[Place, ScalarType]]:
    """Where unsigned numbers stand that are at the same place in every packet, by the parameter's path."""
    places: dict[str, tuple[Place, ScalarType]] = {}
    bit = 0
    for entry in entries_of(container.path, containers, container.line):
        if isinstance(entry, FixedEntry):
            bit += entry.bits
            continue
        if isinstance(entry, ContainerEntry) or entry.condition is not None or entry.repeat is not None:
            break
        if entry.location is not None:
            bit = entry.location.bits if entry.location.from_start else bit + entry.location.bits
        width = _width(entry)
        if width is None:
            break
        kind = entry.parameter.type
        if isinstance(kind, ScalarType) and _is_unsigned(kind):
            places[entry.parameter.path] = ((bit, width), kind)
        bit += width
    return places


def _width(entry: ParameterEntry) -> int | None:
    kind = entry.parameter.type
    if not isinstance(kind, ScalarType) or kind.encoding is None:
        return None
    if isinstance(kind.encoding, IntegerEncoding) or not hasattr(kind.encoding, "size"):
        return kind.encoding.bits
    return kind.encoding.size.fixed if kind.encoding.size is not None else None


def _is_unsigned(kind: ScalarType) -> bool:
    encoding = kind.encoding
    return (
        isinstance(encoding, IntegerEncoding)
        and encoding.form is IntegerForm.UNSIGNED
        and not encoding.little_endian
        and not kind.contexts
    )


def _keys(condition: Condition | None, places: Mapping[str, tuple[Place, ScalarType]]) -> dict[Place, int] | None:
    """What must stand where for a condition to hold; None when it asks for more than that."""
    if isinstance(condition, AllOf):
        keys: dict[Place, int] = {}
        for inner in condition.conditions:
            found = _keys(inner, places)
            if found is None or any(keys.get(place, value) != value for place, value in found.items()):
                return None
            keys |= found
        return keys
    if not isinstance(condition, Comparison) or condition.operator is not Operator.EQUAL:
        return None
    left, right = condition.left, condition.right
    if not isinstance(right, str) or left.members or left.path not in places:
        return None
    place, kind = places[left.path]
    value = raw_constant(kind, left, condition.operator, right)
    return {place: value} if value is not None else None


def _extract(place: Place) -> str:
    """The expression of an unsigned number in the data."""
    bit, width = place
    first, last = bit // 8, (bit + width - 1) // 8
    octets = last - first + 1
    if octets <= 2:
        word = " | ".join(
            f"data[start + {at}]" + (f" << {8 * (last - at)}" if at < last else "") for at in range(first, last + 1)
        )
        word = f"({word})" if octets > 1 else word
    else:
        word = f"int.from_bytes(data[start + {first}:start + {last + 1}], 'big')"
    shift = 8 * (last + 1) - bit - width
    shifted = f"{word} >> {shift}" if shift else word
    return f"({shifted} & {(1 << width) - 1})" if width % 8 or shift else shifted
