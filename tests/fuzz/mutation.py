"""Octets changed the way that finds faults: at length fields and flags first, and everywhere else as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

BOUNDARY_OCTETS = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
MOST_ROUNDS = 6
MOST_ADDED_OCTETS = 40
_NEAR = 12
"""How far from a length the wrong ones are tried."""


class Field(NamedTuple):
    """Where a field of a structure stands; from its end if ``offset`` is negative."""

    offset: int
    octets: int


class Mutator:
    """Changes octets at random.

    Args:
        chance: all randomness.
        donors: octets of the same kind, of which parts are taken.
        fields: the fields that decide most: lengths, counts, flags, identifiers.
    """

    def __init__(self, chance: Random, donors: Sequence[bytes], fields: Sequence[Field] = ()) -> None:
        self._random = chance.random
        self._randbytes = chance.randbytes
        self.donors = donors
        self._fields = tuple(fields)
        anywhere: tuple[Callable[[bytearray], None], ...] = (
            self._flip_bit,
            self._flip_bit,
            self._set_octet,
            self._boundary_octet,
            self._replace,
            self._truncate,
            self._extend,
            self._delete,
            self._repeat,
            self._splice,
            self._swap,
        )
        self._changes = anywhere + (self._change_field,) * (len(anywhere) if fields else 0)

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound`` - 1; 0 if the bound is 0."""
        return int(self._random() * bound)

    def pick(self, items: Sequence[bytes]) -> bytes:
        """One of some octets."""
        return items[int(self._random() * len(items))]

    def mutate(self, octets: bytes) -> bytes:
        """Change octets once, or several times."""
        changed = bytearray(octets)
        changes, draw = self._changes, self._random
        for _ in range(MOST_ROUNDS):
            changes[int(draw() * len(changes))](changed)
            if draw() < 0.5:
                break
        return bytes(changed)

    # ---------------------------------------------------------------- one change

    def _flip_bit(self, octets: bytearray) -> None:
        if octets:
            octets[self.below(len(octets))] ^= 1 << self.below(8)

    def _set_octet(self, octets: bytearray) -> None:
        if octets:
            octets[self.below(len(octets))] = self.below(256)

    def _boundary_octet(self, octets: bytearray) -> None:
        if octets:
            octets[self.below(len(octets))] = BOUNDARY_OCTETS[self.below(len(BOUNDARY_OCTETS))]

    def _replace(self, octets: bytearray) -> None:
        start, end = self._range(octets)
        octets[start:end] = self._randbytes(end - start)

    def _truncate(self, octets: bytearray) -> None:
        del octets[self.below(len(octets)) :]

    def _extend(self, octets: bytearray) -> None:
        count = 1 + self.below(MOST_ADDED_OCTETS)
        octets += self._randbytes(count) if self._random() < 0.5 else bytes([BOUNDARY_OCTETS[self.below(6)]]) * count

    def _delete(self, octets: bytearray) -> None:
        start, end = self._range(octets)
        del octets[start:end]

    def _repeat(self, octets: bytearray) -> None:
        start, end = self._range(octets)
        octets[end:end] = octets[start:end]

    def _splice(self, octets: bytearray) -> None:
        donor = self.pick(self.donors)
        at = self.below(min(len(octets), len(donor)) + 1)
        octets[at:] = donor[at:]

    def _swap(self, octets: bytearray) -> None:
        start, end = self._range(octets)
        other = self.below(len(octets) - (end - start) + 1)
        if other + end - start <= start or other >= end:
            first, second = octets[start:end], octets[other : other + end - start]
            octets[start:end], octets[other : other + end - start] = second, first

    def _range(self, octets: bytearray) -> tuple[int, int]:
        start = self.below(len(octets))
        return start, start + self.below(min(len(octets) - start, MOST_ADDED_OCTETS) + 1)

    # ---------------------------------------------------------------- fields

    def _change_field(self, octets: bytearray) -> None:
        field = self._fields[self.below(len(self._fields))]
        start = field.offset if field.offset >= 0 else len(octets) + field.offset
        end = start + field.octets
        if start < 0 or end > len(octets):
            return
        highest = (1 << 8 * field.octets) - 1
        value = self._field_value(int.from_bytes(octets[start:end], "big"), highest, len(octets), (start, end))
        octets[start:end] = (value & highest).to_bytes(field.octets, "big")

    def _field_value(self, value: int, highest: int, length: int, place: tuple[int, int]) -> int:
        """Return what to write into a field: an edge, a neighbour, a length that is nearly right, or anything."""
        match self.below(8):
            case 0:
                value = (0, 1, highest, highest - 1, highest >> 1, (highest >> 1) + 1)[self.below(6)]
            case 1 | 2:
                value += 1 if self._random() < 0.5 else -1
            case 3:
                value = length + self.below(2 * _NEAR + 1) - _NEAR
            case 4:
                value ^= 1 << self.below(highest.bit_length())
            case 5:
                value += self.below(2 * _NEAR + 1) - _NEAR
            case 6:
                donor = self.pick(self.donors)
                value = int.from_bytes(donor[place[0] : place[1]], "big")
            case _:
                value = self.below(highest + 1)
        return value
