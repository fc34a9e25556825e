"""What an XTCE file says of values: conditions, encodings, calibrators, types (CCSDS 660.0-B-2)."""

from __future__ import annotations

from enum import Enum, unique

import msgspec


@unique
class IntegerForm(Enum):
    """How a whole number is encoded."""

    UNSIGNED = "unsigned"
    TWOS_COMPLEMENT = "twosComplement"
    ONES_COMPLEMENT = "onesComplement"
    SIGN_MAGNITUDE = "signMagnitude"


@unique
class Operator(Enum):
    """How two values are compared; the values are Python's operators."""

    EQUAL = "=="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


class Reference(msgspec.Struct, frozen=True):
    """A parameter, or an argument, whose value is asked for.

    Attributes:
        name: as written; within a structure it may be that of another member.
        path: path of the parameter, empty when it is an argument or when there is no such parameter.
        members: the way from the parameter to a part of it.
        calibrated: the engineering value, else the raw one.
        line: where the reference stands.
    """

    name: str
    path: str = ""
    members: tuple[str, ...] = ()
    calibrated: bool = True
    line: int = 0


class Comparison(msgspec.Struct, frozen=True):
    """A value is compared with a constant, as written, or with another value."""

    left: Reference
    operator: Operator
    right: str | Reference


class AllOf(msgspec.Struct, frozen=True):
    """All conditions hold."""

    conditions: tuple[Condition, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


Condition = Comparison | AllOf | AnyOf


class Amount(msgspec.Struct, frozen=True):
    """A whole number that is fixed (``reference`` None: ``intercept``), or follows from a value, or from cases.

    Attributes:
        reference: the value that it follows from.
        slope: what each unit of it counts.
        intercept: what is added.
        cases: conditions and the number that each gives; the first that holds counts.
    """

    reference: Reference | None = None
    slope: float = 1.0
    intercept: float = 0.0
    cases: tuple[tuple[Condition, int], ...] = ()

    @property
    def fixed(self) -> int | None:
        """The number when it is always the same, else None."""
        return int(self.intercept) if self.reference is None and not self.cases else None


class IntegerEncoding(msgspec.Struct, frozen=True):
    """A whole number of 1 to 64 bits."""

    bits: int
    form: IntegerForm = IntegerForm.UNSIGNED
    little_endian: bool = False


class FloatEncoding(msgspec.Struct, frozen=True):
    """IEEE 754 of 16, 32 or 64 bits, or MIL-STD-1750A of 32 or 48."""

    bits: int
    little_endian: bool = False
    mil_1750a: bool = False


class StringEncoding(msgspec.Struct, frozen=True):
    """A text in a buffer.

    Attributes:
        charset: Python's name of the encoding.
        size: bits of the buffer; None when terminator or leading size alone tell where it ends.
        most_octets: largest buffer.
        terminator: octets that end the text, empty when none do.
        leading_bits: width of the length in front of it, 0 when there is none.
    """

    charset: str
    size: Amount | None
    most_octets: int
    terminator: bytes = b""
    leading_bits: int = 0


class BinaryEncoding(msgspec.Struct, frozen=True):
    """Octets; ``size`` in bits."""

    size: Amount


Encoding = IntegerEncoding | FloatEncoding | StringEncoding | BinaryEncoding


class PolynomialCalibrator(msgspec.Struct, frozen=True):
    """Coefficients, constant term first."""

    coefficients: tuple[float, ...]


class SplineCalibrator(msgspec.Struct, frozen=True):
    """Points between which is interpolated: order 0 steps, order 1 straight lines."""

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]
    order: int = 1
    extrapolate: bool = False


Calibrator = PolynomialCalibrator | SplineCalibrator


@unique
class Nature(Enum):
    """What the engineering value of a type is."""

    INTEGER = "Integer"
    FLOAT = "Float"
    ENUMERATION = "Enumerated"
    BOOLEAN = "Boolean"
    TEXT = "String"
    OCTETS = "Binary"
    ABSOLUTE_TIME = "AbsoluteTime"
    RELATIVE_TIME = "RelativeTime"


class Ends(msgspec.Struct, frozen=True):
    """A range; an end that is None is open."""

    lowest: float | None = None
    highest: float | None = None
    lowest_excluded: bool = False
    highest_excluded: bool = False


class ScalarType(msgspec.Struct, frozen=True, kw_only=True):
    """A type with an encoding.

    Attributes:
        name: path of the type.
        nature: what its engineering value is.
        encoding: how it travels, None for types that do not travel.
        calibrator: from raw to engineering value, None when they are the same.
        contexts: other calibrators, each with its condition; the first that holds counts.
        labels: of an enumeration: smallest raw value, largest, label.
        strings: of a boolean: what false and true are called.
        valid: values that are valid; on commands others are refused, of telemetry it is said and no more.
        warning: limits outside of which a value deserves a warning.
        critical: limits outside of which a value is an alarm.
        unit: engineering unit, empty when there is none.
        epoch: of an absolute time: where it counts from, as written.
        description: what it means.
    """

    name: str
    nature: Nature
    encoding: Encoding | None = None
    calibrator: Calibrator | None = None
    contexts: tuple[tuple[Condition, Calibrator], ...] = ()
    labels: tuple[tuple[int, int, str], ...] = ()
    strings: tuple[str, str] = ("False", "True")
    valid: Ends | None = None
    warning: Ends | None = None
    critical: Ends | None = None
    unit: str = ""
    epoch: str = ""
    description: str = ""


class ArrayType(msgspec.Struct, frozen=True):
    """So many items of one type; several dimensions are arrays of arrays."""

    name: str
    item: DataType
    count: Amount


class AggregateType(msgspec.Struct, frozen=True):
    """Members, one behind the other."""

    name: str
    members: tuple[tuple[str, DataType], ...]


DataType = ScalarType | ArrayType | AggregateType
