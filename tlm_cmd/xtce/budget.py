"""How much an XTCE file may make of itself: few elements can stand for many values, each of which costs time."""

from __future__ import annotations

from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import (
    AggregateType,
    ArrayType,
    BinaryEncoding,
    DataType,
    FloatEncoding,
    IntegerEncoding,
    ScalarType,
    StringEncoding,
)

MAX_VALUES = 500_000
"""Most values, of all packets and commands of a file together: they take a gigabyte and some seconds to compile."""
MAX_CASES = 512
"""Most calibrators with a context, and most cases of a size, of one type."""


class Budget:
    """What is left of the values that one file may have."""

    def __init__(self, most: int = MAX_VALUES) -> None:
        self._most = self._left = most

    def spend(self, name: str, line: int) -> None:
        """Take one value.

        Raises:
            XtceError: none is left.
        """
        self._left -= 1
        if self._left < 0:
            raise XtceError("Entry", name, line, f"is one more than the {self._most} values that a file may have")


def fewest_bits(kind: DataType) -> int:
    """Fewest bits that a value of a type takes, of a structure those of its largest member."""
    return _fewest_bits(kind, {})


def _fewest_bits(kind: DataType, known: dict[int, int]) -> int:
    """Each type is looked at once, however often others hold it: ``known`` has those that were, by identity."""
    found = known.get(id(kind))
    if found is None:
        found = known[id(kind)] = _of_one_type(kind, known)
    return found


def _of_one_type(kind: DataType, known: dict[int, int]) -> int:
    match kind:
        case ScalarType(encoding=IntegerEncoding(bits=bits) | FloatEncoding(bits=bits)):
            return bits
        case ScalarType(encoding=StringEncoding() as text):
            fixed = text.size.fixed if text.size is not None else text.leading_bits or 8 * len(text.terminator)
            return fixed or 0
        case ScalarType(encoding=BinaryEncoding(size)):
            return size.fixed or 0
        case AggregateType(members=members):
            return max(_fewest_bits(member, known) for _, member in members)
        case ArrayType(item=item, count=count):
            return (count.fixed or 0) * _fewest_bits(item, known)
    return 0


def check_items(kind: DataType, name: str, line: int) -> None:
    """Refuse an array whose items may take no octets: any number of them would fit.

    Raises:
        XtceError: they may.
    """
    if not fewest_bits(kind):
        raise XtceError("ArrayParameterType", name, line, "its items may take no octets at all")
