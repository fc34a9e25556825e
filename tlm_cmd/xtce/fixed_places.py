"""Numbers at places that are the same in every packet, and conditions that ask for nothing else.

The numbers have an XTCE ``IntegerDataEncoding``, the conditions are ``Comparison`` elements and what joins them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tlm_cmd.xtce.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    FloatEncoding,
    IntegerEncoding,
    IntegerForm,
    Operator,
    ScalarType,
)
from tlm_cmd.xtce.packet_model import Container, ContainerEntry, FixedEntry, ParameterEntry
from tlm_cmd.xtce.structures import entries_of
from tlm_cmd.xtce.values import raw_constant

MAX_ALTERNATIVES = 1024
"""Most cases of one condition that are looked up; a condition with more is asked like any other."""

Place = tuple[int, int]
"""First bit and width of an unsigned number."""
Key = dict[Place, int]
"""What must stand where."""
Keys = list[Key]
"""The cases in which a condition holds, no two of them in one packet."""


def fixed_places(container: Container, containers: Mapping[str, Container]) -> dict[str, tuple[Place, ScalarType]]:
    """Where unsigned numbers stand in every packet of a container, by the parameter's path."""
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
        places.pop(entry.parameter.path, None)
        if isinstance(kind, ScalarType) and _is_unsigned(kind):
            places[entry.parameter.path] = ((bit, width), kind)
        bit += width
    return places


def alternatives(condition: Condition, places: Mapping[str, tuple[Place, ScalarType]]) -> Keys | None:
    """The cases in which a condition holds, all of them about the same places; None when it asks for more than that."""
    keys = _cases(condition, places)
    if not keys or any(key.keys() != keys[0].keys() for key in keys):
        return None
    return list({tuple(sorted(key.items())): key for key in keys}.values())


def table_key(key: Key) -> tuple[tuple[Place, ...], Any]:
    """The places of a key, those that adjoin made one, and what a look-up by `extract` then finds there."""
    merged: list[tuple[int, int, int]] = []
    for (bit, width), value in sorted(key.items()):
        if merged and merged[-1][0] + merged[-1][1] == bit:
            first, wide, before = merged.pop()
            merged.append((first, wide + width, before << width | value))
        else:
            merged.append((bit, width, value))
    places = tuple((bit, width) for bit, width, _ in merged)
    return places, merged[0][2] if len(merged) == 1 else tuple(value for _, _, value in merged)


def extract(places: tuple[Place, ...]) -> str:
    """The expression of what stands at places, as `table_key` has it; ``data`` begins at ``start``."""
    numbers = [_number(place) for place in places]
    return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)},)"


def _cases(condition: Condition, places: Mapping[str, tuple[Place, ScalarType]]) -> Keys | None:
    match condition:
        case AnyOf(conditions):
            cases: Keys = []
            for each in conditions:
                found = _cases(each, places)
                if found is None or len(cases) + len(found) > MAX_ALTERNATIVES:
                    return None
                cases += found
            return cases
        case AllOf(conditions):
            return _together([_cases(each, places) for each in conditions])
        case Comparison(left, Operator.EQUAL, str(right)) if not left.members and left.path in places:
            place, kind = places[left.path]
            value = raw_constant(kind, left, Operator.EQUAL, right)
            return [{place: value}] if value is not None else None
    return None


def _together(parts: list[Keys | None]) -> Keys | None:
    """The cases in which one case of each part holds."""
    cases: Keys = [{}]
    for part in parts:
        if part is None or len(cases) * len(part) > MAX_ALTERNATIVES:
            return None
        cases = [
            one | other
            for one in cases
            for other in part
            if all(one.get(place, value) == value for place, value in other.items())
        ]
    return cases


def _width(entry: ParameterEntry) -> int | None:
    kind = entry.parameter.type
    if not isinstance(kind, ScalarType) or kind.encoding is None:
        return None
    if isinstance(kind.encoding, IntegerEncoding | FloatEncoding):
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


def _number(place: Place) -> str:
    bit, width = place
    first, last = bit // 8, (bit + width - 1) // 8
    if last - first < 2:
        octets = [f"data[start + {at}]" if at else "data[start]" for at in range(first, last + 1)]
        word = octets[0] if len(octets) == 1 else f"({octets[0]} << 8 | {octets[1]})"
    else:
        word = f"int.from_bytes(data[start + {first}:start + {last + 1}], 'big')"
    shift = 8 * (last + 1) - bit - width
    shifted = f"{word} >> {shift}" if shift else word
    return f"({shifted} & {(1 << width) - 1})" if bit % 8 else shifted
