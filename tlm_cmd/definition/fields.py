"""The vocabulary of field annotations: wire type, length, calibration, unit, range, limits.

A field is a Python type with annotations that say how it travels and what it means::

    board: Annotated[float, I16, Linear(0.01), Unit("degC"), Limits(red=(-20, 85)), "hottest sensor of the board"]

A bare string among the annotations is the field's description. All integers and floats are big-endian on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, isfinite, isnan, ulp

import msgspec
from msgspec.structs import force_setattr

from tlm_cmd.errors import ProtocolError

MAX_COUNT = 65_535
MAX_CALIBRATED_OCTETS = 4
"""A float cannot tell the raw values of larger integers apart."""


class AnnotationError(ProtocolError):
    """An annotation that means nothing; says what is allowed."""

    def __init__(self, annotation: str, problem: str) -> None:
        super().__init__(f"{annotation}: {problem}")
        self.annotation, self.problem = annotation, problem


class Number(msgspec.Struct, frozen=True):
    """A fixed-size number on the wire.

    Attributes:
        code: format character of the ``struct`` module.
        octets: size on the wire.
        lowest: smallest raw value, ``-inf`` for floating point.
        highest: largest raw value, ``inf`` for floating point.
    """

    code: str
    octets: int
    lowest: float
    highest: float

    @property
    def is_float(self) -> bool:
        """Whether the raw value is IEEE 754 floating point."""
        return self.code in "fd"


U8 = Number("B", 1, 0, 2**8 - 1)
U16 = Number("H", 2, 0, 2**16 - 1)
U32 = Number("I", 4, 0, 2**32 - 1)
U64 = Number("Q", 8, 0, 2**64 - 1)
I8 = Number("b", 1, -(2**7), 2**7 - 1)
I16 = Number("h", 2, -(2**15), 2**15 - 1)
I32 = Number("i", 4, -(2**31), 2**31 - 1)
I64 = Number("q", 8, -(2**63), 2**63 - 1)
F32 = Number("f", 4, -inf, inf)
F64 = Number("d", 8, -inf, inf)

NUMBERS = (U8, U16, U32, U64, I8, I16, I32, I64, F32, F64)
"""All wire types of numbers."""

F32_HIGHEST = 3.4028234663852886e38  # IEEE 754-2019, binary32; infinities travel as well


class Bits(msgspec.Struct, frozen=True):
    """An unsigned bit field of 1 to 32 bits.

    Neighbouring bit fields share octets, first field in the most significant bits; the last octet is filled with zeros
    when it is written. What the filling holds is ignored when it is read, so that a later definition can use it and
    earlier readers still understand the rest.
    """

    width: int

    def __post_init__(self) -> None:
        """Refuse a width that no group of octets could hold.

        Raises:
            AnnotationError: the width is not a whole number from 1 to 32 [bits].
        """
        if not _is_whole(self.width) or not 1 <= self.width <= 32:
            raise AnnotationError(f"Bits({self.width!r})", "allowed are 1 to 32")

    @property
    def lowest(self) -> int:
        """Smallest raw value."""
        return 0

    @property
    def highest(self) -> int:
        """Largest raw value."""
        return (1 << self.width) - 1


class Length(msgspec.Struct, frozen=True):
    """Fixed length: octets of a str or bytes field, items of an array."""

    count: int

    def __post_init__(self) -> None:
        """Refuse an empty or oversize fixed length."""
        _check_count("Length", self.count)


class UpTo(msgspec.Struct, frozen=True):
    """Variable length with a bound: octets of a str or bytes field, items of an array.

    A count precedes the data: one octet for bounds up to 255, two above.
    """

    count: int

    def __post_init__(self) -> None:
        """Refuse a bound that the count cannot express."""
        _check_count("UpTo", self.count)

    @property
    def prefix(self) -> Number:
        """The wire type of the count."""
        return U8 if self.count <= 255 else U16


class Tail(msgspec.Struct, frozen=True):
    """Everything up to the end of the packet, at most ``count`` octets or items; only the last field can be one."""

    count: int

    def __post_init__(self) -> None:
        """Refuse a bound beyond the largest packet."""
        _check_count("Tail", self.count)


class Linear(msgspec.Struct, frozen=True):
    """Calibration: engineering value = ``offset + scale * raw``, in floating point also for whole numbers."""

    scale: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a calibration that cannot be inverted; whole numbers become floats.

        Raises:
            AnnotationError: scale or offset is no finite number, or the scale is 0.
        """
        if not _are_finite(self.scale, self.offset) or self.scale == 0:
            raise AnnotationError(
                f"Linear({self.scale!r}, {self.offset!r})", "needs finite numbers and a scale other than 0"
            )
        force_setattr(self, "scale", float(self.scale))
        force_setattr(self, "offset", float(self.offset))

    def engineering(self, raw: float) -> float:
        """Raw value, in steps of the wire type, to engineering value, in the unit of its field."""
        return self.offset + self.scale * raw

    def raw(self, engineering: float, wire: Number) -> int:
        """Engineering to the nearest raw value, saturated at the ends of the wire type.

        Raises:
            ValueError: the value is not a number.
        """
        exact = (engineering - self.offset) / self.scale
        return round(min(max(_a_number(exact), wire.lowest), wire.highest))

    def check_resolution(self, wire: Number) -> None:
        """Refuse a calibration whose steps a float cannot tell apart over the range of the wire type.

        Raises:
            AnnotationError: a step vanishes beside the offset, or an end is beyond all floats.
        """
        largest = max(abs(self.engineering(end)) for end in (wire.lowest, wire.highest))
        if not isfinite(largest) or ulp(largest) > abs(self.scale) / 2:
            problem = f"a float cannot tell its values apart over {wire.lowest} to {wire.highest}"
            raise AnnotationError(f"Linear({self.scale!r}, {self.offset!r})", problem)


class Polynomial(msgspec.Struct, frozen=True):
    """Calibration: engineering value = c0 + c1 raw + c2 raw^2 + ...; strictly monotonic over the wire type's range.

    It is computed in floating point also for whole numbers.
    """

    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no number; whole numbers become floats.

        Raises:
            AnnotationError: a coefficient is no finite number.
        """
        if not _are_finite(*self.coefficients):
            raise AnnotationError(f"Polynomial{self.coefficients!r}", "needs finite numbers")
        force_setattr(self, "coefficients", tuple(float(coefficient) for coefficient in self.coefficients))

    @classmethod
    def of(cls, *coefficients: float) -> Polynomial:
        """Polynomial with the given coefficients, constant term first."""
        return cls(coefficients)

    def engineering(self, raw: float) -> float:
        """Raw value, in steps of the wire type, to engineering value, in the unit of its field (Horner's rule)."""
        value = 0.0
        for coefficient in reversed(self.coefficients):
            value = value * raw + coefficient
        return value

    def raw(self, engineering: float, wire: Number) -> int:
        """Engineering to the nearest raw value by bisection, saturated at the ends of the wire type.

        Raises:
            ValueError: the value is not a number.
        """
        low, high = int(wire.lowest), int(wire.highest)
        ends = sorted((self.engineering(low), self.engineering(high)))
        engineering = min(max(_a_number(engineering), ends[0]), ends[1])
        rising = self.engineering(high) > self.engineering(low)
        while high - low > 1:
            middle = (low + high) // 2
            if (self.engineering(middle) <= engineering) == rising:
                low = middle
            else:
                high = middle
        nearer_high = abs(self.engineering(high) - engineering) < abs(self.engineering(low) - engineering)
        return high if nearer_high else low

    def check_monotonic(self, wire: Number) -> None:
        """Refuse a calibration that cannot be inverted over the wire type; value and slope are probed at 1,025 points.

        Raises:
            AnnotationError: the curve turns within the range of the wire type.
        """
        slope = Polynomial(tuple(power * factor for power, factor in enumerate(self.coefficients))[1:])
        probes = [wire.lowest + (wire.highest - wire.lowest) * step / 1024 for step in range(1025)]
        values = [self.engineering(probe) for probe in probes]
        slopes = [slope.engineering(probe) for probe in probes]
        rises = _rises(values) and min(slopes) >= 0
        falls = _rises(values[::-1]) and max(slopes) <= 0
        if not (rises or falls):
            problem = f"is not strictly monotonic over {wire.lowest} to {wire.highest}"
            raise AnnotationError(f"Polynomial{self.coefficients}", problem)


class Unit(msgspec.Struct, frozen=True):
    """Engineering unit, as a person reads it: ``V``, ``degC``, ``deg/s``."""

    symbol: str

    def __post_init__(self) -> None:
        """Refuse what nobody could read.

        Raises:
            AnnotationError: the symbol is no text.
        """
        if not isinstance(self.symbol, str):
            raise AnnotationError(f"Unit({self.symbol!r})", "needs a text")


class Range(msgspec.Struct, frozen=True):
    """Allowed engineering values, both ends included; anything else is refused when encoding and when decoding."""

    lowest: float
    highest: float

    def __post_init__(self) -> None:
        """Refuse an empty range.

        Raises:
            AnnotationError: an end is no number, or the lowest value lies above the highest.
        """
        if not (_is_number(self.lowest) and _is_number(self.highest)):
            raise AnnotationError(f"Range({self.lowest!r}, {self.highest!r})", "needs two numbers")
        if not self.lowest <= self.highest:
            raise AnnotationError(f"Range({self.lowest}, {self.highest})", "is empty")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Monitoring limits in engineering units: outside yellow is a warning, outside red an alarm; nothing is refused."""

    yellow: tuple[float, float] | None = None
    red: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Refuse limits that no value, or every value, would violate.

        Raises:
            AnnotationError: limits are no two ascending numbers, or yellow does not lie within red.
        """
        for name, pair in (("yellow", self.yellow), ("red", self.red)):
            if pair is not None and not _is_pair(pair):
                raise AnnotationError(f"Limits({name}={pair!r})", "needs two numbers")
            if pair is not None and not pair[0] <= pair[1]:
                raise AnnotationError(f"Limits({name}={pair})", "the first must be at most the second")
        if self.yellow and self.red and not (self.red[0] <= self.yellow[0] and self.yellow[1] <= self.red[1]):
            raise AnnotationError(f"Limits(yellow={self.yellow}, red={self.red})", "yellow must lie within red")


WireType = Number | Bits
Extent = Length | UpTo | Tail
Calibration = Linear | Polynomial


def _check_count(annotation: str, count: int) -> None:
    if not _is_whole(count) or not 1 <= count <= MAX_COUNT:
        raise AnnotationError(f"{annotation}({count!r})", f"allowed are 1 to {MAX_COUNT}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_is_number(end) for end in value)


def _are_finite(*values: object) -> bool:
    return all(isinstance(value, int | float) and _is_number(value) and isfinite(value) for value in values)


def _a_number(value: float) -> float:
    if isnan(value):
        raise ValueError("not a number")
    return value


def _rises(points: Sequence[float]) -> bool:
    return all(later > earlier for earlier, later in pairwise(points))
