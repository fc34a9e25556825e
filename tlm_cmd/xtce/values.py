"""Expressions of compiled functions: raw values, engineering values, conditions, as XTCE's types define them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from typing import assert_never

import msgspec

from tlm_cmd.definition.generated import GeneratedSource, literal
from tlm_cmd.xtce.conversions import Labels, spline
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import (
    AllOf,
    AnyOf,
    Calibrator,
    Comparison,
    Condition,
    FloatEncoding,
    IntegerEncoding,
    Nature,
    Operator,
    PolynomialCalibrator,
    Reference,
    ScalarType,
    SplineCalibrator,
)


class OctetRun(msgspec.Struct, frozen=True):
    """So many bits that are octets rather than a number."""

    bits: int


class Piece:
    """A raw number, or octets, in the packet.

    Attributes:
        bit: where it begins, in bits from the base that the reader is at.
        encoding: how it travels.
        expression: how generated code gets at it, empty until it was read.
    """

    __slots__ = ("bit", "encoding", "expression")

    def __init__(self, bit: int, encoding: IntegerEncoding | FloatEncoding | OctetRun) -> None:
        self.bit, self.encoding, self.expression = bit, encoding, ""


class Value:
    """What was read, or will have been when its piece is.

    Attributes:
        name: what errors call it.
        type: its type when it is a scalar.
        members: the values of a structure's members.
        structure: what the structure is called.
        calibrated: the name of the engineering value, where it was worked out already.
        presence: the condition that it is there at all; empty when it always is.
    """

    def __init__(
        self,
        name: str,
        *,
        scalar: ScalarType | None = None,
        piece: Piece | None = None,
        expression: Callable[[], str] | None = None,
        members: Mapping[str, Value] | None = None,
        structure: str = "",
    ) -> None:
        self.name, self.type, self.members = name, scalar, members or {}
        self.structure = structure
        self.calibrated = self.presence = ""
        self._piece, self._expression = piece, expression

    @property
    def is_number(self) -> bool:
        """Whether a raw number stands in the packet for it."""
        return self._piece is not None and not isinstance(self._piece.encoding, OctetRun)

    def settle(self, raw: str, engineering: str) -> None:
        """From here on, the value stands in local variables, which are None where it is absent.

        Args:
            raw: the name of the raw value, or of what is handed out for what is no number.
            engineering: the name of the engineering value; empty if it is to be worked out of the raw one.
        """
        self.members, self.presence = {}, f"{raw} is not None"
        self.calibrated = engineering or self.calibrated
        if self._piece is not None and self.is_number:
            self._piece = Piece(self._piece.bit, self._piece.encoding)
            self._piece.expression = raw
        else:
            self._piece, self._expression = None, lambda: raw

    def raw(self) -> str:
        """The expression of the raw value; the reader must have read it."""
        if self._piece is not None:
            return self._piece.expression
        assert self._expression is not None  # noqa: S101 - one of both is always given
        return self._expression()

    def engineering(self, source: GeneratedSource) -> str:
        """The expression of the engineering value; the reader must have read it."""
        if self.calibrated or self.type is None or not self.is_number:
            return self.calibrated or self.raw()
        return engineering(source, self.type, self.raw(), self.name)


def engineering(source: GeneratedSource, scalar: ScalarType, raw: str, name: str) -> str:
    """The expression of the engineering value of a raw number, contexts aside."""
    if scalar.nature is Nature.ENUMERATION:
        return f"{source.bind('label', Labels(scalar, name))}[{raw}]"
    if scalar.nature is Nature.BOOLEAN:
        return f"({raw} != 0)"
    return calibrated(source, scalar.calibrator, raw, name)


def calibrated(source: GeneratedSource, calibrator: Calibrator | None, raw: str, name: str) -> str:
    """The expression of a calibrated number; in brackets when it is more than a name."""
    match calibrator:
        case None:
            return raw
        case SplineCalibrator():
            return f"{source.bind('spline', spline(calibrator, name))}({raw})"
        case PolynomialCalibrator(coefficients):
            *lower, value = [literal(coefficient) for coefficient in coefficients]
            for coefficient in reversed(lower):
                value = f"({value}) * {raw}" + (f" + {coefficient}" if float(coefficient) else "")
            return f"({value})"
        case _:
            assert_never(calibrator)


class Scope:
    """Gives the values that conditions and sizes refer to.

    Args:
        source: the function under construction.
        read: makes sure that what was placed before has been read.
    """

    def __init__(self, source: GeneratedSource, read: Callable[[], None]) -> None:
        self.values: dict[str, Value] = {}
        self.local: dict[str, Value] = {}
        self._source, self._read = source, read

    def find(self, reference: Reference) -> Value:
        """The value that is referred to.

        Raises:
            XtceError: it stands nowhere before.
        """
        found = self.local.get(reference.name) or self.values.get(reference.path or reference.name)
        if found is None:
            found = self.local.get(reference.name.rpartition("/")[2])  # the value that is being calibrated
        for member in reference.members if found is not None and reference.name not in self.local else ():
            found = found.members.get(member) if found is not None else None
        if found is None:
            raise XtceError("reference", reference.name, reference.line, "nothing before it in the packet is called so")
        return found

    def expression(self, reference: Reference) -> str:
        """The expression of a value that is referred to."""
        found = self.find(reference)
        self._read()
        return found.engineering(self._source) if reference.calibrated else found.raw()

    def condition(self, condition: Condition) -> str:
        """The expression of a condition, in brackets."""
        match condition:
            case AllOf(conditions):
                return f"({' and '.join(map(self.condition, conditions))})"
            case AnyOf(conditions):
                return f"({' or '.join(map(self.condition, conditions))})"
            case Comparison(left, operator, right):
                if isinstance(right, Reference):
                    comparison = f"{self.expression(left)} {operator.value} {self.expression(right)}"
                    return f"({' and '.join([*self._presence(left, right), comparison])})"
                return f"({' and '.join([*self._presence(left), self._constant(left, operator, right)])})"
            case _:
                assert_never(condition)

    def _presence(self, *references: Reference) -> list[str]:
        """What must hold for values to be there: no comparison with an absent one holds."""
        return [presence for each in references if (presence := self.find(each).presence)]

    def _constant(self, left: Reference, operator: Operator, right: str) -> str:
        found = self.find(left)
        self._read()
        raw = raw_constant(found.type, left, operator, right)
        if raw is not None:
            return f"{found.raw()} {operator.value} {raw!r}"
        value = engineering_constant(found.type, left, right)
        return f"{found.engineering(self._source)} {operator.value} {literal_of(value)}"


def raw_constant(scalar: ScalarType | None, left: Reference, operator: Operator, text: str) -> int | None:
    """The raw number that a comparison asks for, None when it has to look at the engineering value.

    Raises:
        XtceError: the text is no such number, or no label of the enumeration.
    """
    if scalar is None or not isinstance(scalar.encoding, IntegerEncoding):
        return None
    if not left.calibrated:
        return _whole(left, text)
    same = scalar.calibrator is None and not scalar.contexts
    match scalar.nature:
        case Nature.ENUMERATION:
            values = [(low, high) for low, high, label in scalar.labels if label == text.strip()]
            if not values:
                raise XtceError("Comparison", left.name, left.line, f"{text!r} is no label of {scalar.name}")
            single = len(values) == 1 and values[0][0] == values[0][1]
            return values[0][0] if single and operator in (Operator.EQUAL, Operator.DIFFERENT) else None
        case Nature.INTEGER if same:
            return _whole(left, text)
        case _:
            return None


def engineering_constant(scalar: ScalarType | None, left: Reference, text: str) -> float | str | bytes | bool:
    """What a text stands for beside a value of a type.

    Raises:
        XtceError: nothing.
    """
    problem = XtceError("Comparison", left.name, left.line, f"{text[:80]!r} is no value of this parameter")
    if scalar is None:
        raise problem
    try:
        if not left.calibrated:
            return _number(text)
        match scalar.nature:
            case Nature.INTEGER | Nature.FLOAT | Nature.ABSOLUTE_TIME | Nature.RELATIVE_TIME:
                return _number(text)
            case Nature.BOOLEAN:
                return _boolean(scalar, text)
            case Nature.TEXT | Nature.ENUMERATION:
                return text
            case Nature.OCTETS:
                return bytes.fromhex(text)
            case _:
                assert_never(scalar.nature)
    except (ValueError, KeyError):
        raise problem from None


def literal_of(value: float | str | bytes | bool) -> str:  # noqa: FBT001 - a constant of any type
    """A constant as source text."""
    return repr(value) if isinstance(value, str | bytes | bool) else literal(value)


def _number(text: str) -> float:
    try:
        number: float = int(text, 0) if len(text) < 80 else float(text)
    except ValueError:
        number = float(text)
    if isnan(number):
        raise ValueError("nothing compares with what is not a number")
    return number


def _boolean(scalar: ScalarType, text: str) -> bool:
    zero, one = scalar.strings
    meanings = {"false": False, "true": True, "0": False, "1": True, zero.lower(): False, one.lower(): True}
    return meanings[text.strip().lower()]


def _whole(left: Reference, text: str) -> int | None:
    number = text.strip()
    if len(number) < 80 and number.isascii():
        for base in (10, 0):
            try:
                return int(number, base)
            except ValueError:
                continue
    try:
        float(number)
    except ValueError:
        problem = f"{text[:80]!r} is no value of this parameter"
        raise XtceError("Comparison", left.name, left.line, problem) from None
    return None
