"""Unsigned numbers of managed length, one behind the other: what the bodies of packets are made of.

They are the field types of ECSS-E-ST-70-41C, clause 7.3, in whole octets, the most significant octet first.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from tlm_cmd.errors import LengthMismatchError, TooShortError, check_range
from tlm_cmd.packets.pus.formats import PusFormats

Item = TypeVar("Item")


def pack_unsigned(field: str, value: int, octets: int) -> bytes:
    """Return a number in so many octets; none at all for a field that is left out.

    Raises:
        FieldRangeError: the number does not fit; of a field that is left out, it is not 0.
    """
    check_range(field, value, 0, (1 << 8 * octets) - 1)
    return value.to_bytes(octets, "big")


def pack_signed(field: str, value: int, octets: int) -> bytes:
    """Return a number in two's complement.

    Raises:
        FieldRangeError: the number does not fit.
    """
    limit = 1 << 8 * octets - 1
    check_range(field, value, -limit, limit - 1)
    return value.to_bytes(octets, "big", signed=True)


def pack_time(field: str, time: bytes, formats: PusFormats) -> bytes:
    """Return a time field as it is, once its length is known to be right.

    Raises:
        LengthMismatchError: it has another length than the mission's times.
    """
    if len(time) != formats.time_octets:
        raise LengthMismatchError(field, formats.time_octets, len(time))
    return time


def pack_list(field: str, items: Sequence[bytes], formats: PusFormats) -> bytes:
    """Return the number of items, and the items.

    Raises:
        FieldRangeError: more items than the count can say.
    """
    return pack_unsigned(f"number of {field}", len(items), formats.count_octets) + b"".join(items)


class FieldReader:
    """Reads the fields of one structure from octets, and sees that each is there.

    Args:
        structure: what is read, for errors.
        octets: where it is read from.
        formats: the mission's lengths.
    """

    def __init__(self, structure: str, octets: bytes, formats: PusFormats) -> None:
        self.formats = formats
        self._structure = structure
        self._octets = octets
        self._position = 0

    @property
    def left(self) -> int:
        """Octets not read yet."""
        return len(self._octets) - self._position

    def take(self, octets: int) -> bytes:
        """The next octets.

        Raises:
            TooShortError: they are not there.
        """
        end = self._position + octets
        if end > len(self._octets):
            raise TooShortError(self._structure, end, len(self._octets))
        found = self._octets[self._position : end]
        self._position = end
        return found

    def unsigned(self, octets: int) -> int:
        """The next number; 0 for a field that is left out.

        Raises:
            TooShortError: it is not there.
        """
        return int.from_bytes(self.take(octets), "big")

    def signed(self, octets: int) -> int:
        """The next number in two's complement.

        Raises:
            TooShortError: it is not there.
        """
        return int.from_bytes(self.take(octets), "big", signed=True)

    def items(self, read: Callable[[], Item]) -> tuple[Item, ...]:
        """A number of items, and the items, each by ``read``, which takes at least one octet.

        Raises:
            TooShortError: they are not there.
        """
        count = self.unsigned(self.formats.count_octets)
        if count > self.left:
            raise TooShortError(self._structure, self._position + count, len(self._octets))
        return tuple(read() for _ in range(count))

    def identifiers(self, octets: int) -> tuple[int, ...]:
        """A number of identifiers of one length, and the identifiers.

        Raises:
            TooShortError: they are not there.
        """
        return self.items(lambda: self.unsigned(octets))

    def rest(self) -> bytes:
        """Everything not read yet."""
        return self.take(self.left)

    def peek(self, octets: int) -> bytes:
        """The next octets, which stay to be read.

        Raises:
            TooShortError: they are not there.
        """
        found = self.take(octets)
        self._position -= octets
        return found

    def end(self) -> None:
        """Make sure that nothing is left.

        Raises:
            LengthMismatchError: there are octets behind the structure.
        """
        if self.left:
            raise LengthMismatchError(self._structure, self._position, len(self._octets))
