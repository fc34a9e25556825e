"""From what a person or a script gives for an argument to its raw value, checked on the way.

Of the XTCE type of an ``Argument`` it minds ``ValidRangeSet``, ``EnumerationList``, calibrator and encoding.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, assert_never

from tlm_cmd.definition.wire_values import FieldTypeError, LengthError, TextError, UnknownValueError
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.xtce.conversions import ieee_bits
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import (
    BinaryEncoding,
    Ends,
    FloatEncoding,
    IntegerEncoding,
    IntegerForm,
    Nature,
    PolynomialCalibrator,
    ScalarType,
    StringEncoding,
)

ToRaw = Callable[[Any], Any]


def raw_of(scalar: ScalarType, name: str, line: int) -> ToRaw:
    """The function from an engineering value to the raw one, which raises ProtocolErrors that name the argument.

    Raises:
        XtceError: it cannot be told: a calibrator that is no straight line, or that depends on a context.
    """
    encoding = scalar.encoding
    if encoding is None:
        raise XtceError("Argument", name, line, f"its type {scalar.name} has no encoding")
    if scalar.contexts:
        raise XtceError("Argument", name, line, "calibrators that depend on a context are not supported for arguments")
    match scalar.nature:
        case Nature.ENUMERATION:
            return lambda value: _label(scalar, name, value)
        case Nature.BOOLEAN:
            return lambda value: _boolean(scalar, name, value)
        case Nature.TEXT:
            return lambda value: _text(scalar, name, value)
        case Nature.OCTETS:
            return lambda value: _octets(name, value)
        case Nature.INTEGER | Nature.FLOAT | Nature.ABSOLUTE_TIME | Nature.RELATIVE_TIME:
            offset, factor = _line(scalar, name, line)
            return lambda value: _number(scalar, name, value, offset, factor)
        case _:
            assert_never(scalar.nature)


def bits_of(encoding: IntegerEncoding | FloatEncoding, name: str, raw: float) -> int:
    """The bits of a raw number.

    Raises:
        FieldRangeError: the encoding cannot carry it.
    """
    bits = encoding.bits
    if isinstance(encoding, FloatEncoding):
        number = float(raw)
        try:
            word = ieee_bits(number, bits)
        except OverflowError:
            raise FieldRangeError(name, raw, "the least", f"the largest number of {bits} bits") from None
    else:
        word = _whole_bits(encoding, name, round(raw))
    return int.from_bytes(word.to_bytes(bits // 8, "little"), "big") if encoding.little_endian else word


def padded(encoding: StringEncoding | BinaryEncoding, name: str, octets: bytes, size: int | None) -> bytes:
    """Octets as they travel: with their length or terminator, filled up to a size in octets if there is one.

    Raises:
        LengthError: they are too long.
    """
    if isinstance(encoding, StringEncoding) and encoding.leading_bits:
        lead = encoding.leading_bits // 8
        most = min((1 << encoding.leading_bits) - 1, (size or encoding.most_octets) - lead)
        if len(octets) > most:
            raise LengthError(name, len(octets), 0, most)
        octets = len(octets).to_bytes(lead, "big") + octets
    elif isinstance(encoding, StringEncoding) and encoding.terminator and (size is None or len(octets) < size):
        octets += encoding.terminator
    longest = encoding.most_octets if isinstance(encoding, StringEncoding) else len(octets)
    most = size if size is not None else longest
    is_exact = isinstance(encoding, BinaryEncoding) and size is not None
    if len(octets) > most or (is_exact and len(octets) != most):
        raise LengthError(name, len(octets), most if is_exact else 0, most)
    return octets.ljust(size or 0, b"\0")


def _whole_bits(encoding: IntegerEncoding, name: str, raw: int) -> int:
    bits = encoding.bits
    half = 1 << bits - 1
    match encoding.form:
        case IntegerForm.UNSIGNED:
            lowest, highest = 0, 2 * half - 1
        case IntegerForm.TWOS_COMPLEMENT:
            lowest, highest = -half, half - 1
        case IntegerForm.ONES_COMPLEMENT | IntegerForm.SIGN_MAGNITUDE:
            lowest, highest = 1 - half, half - 1
        case _:
            assert_never(encoding.form)
    if not lowest <= raw <= highest:
        raise FieldRangeError(name, raw, lowest, highest)
    if raw >= 0 or encoding.form is IntegerForm.TWOS_COMPLEMENT:
        return raw & (2 * half - 1)
    return half - raw if encoding.form is IntegerForm.SIGN_MAGNITUDE else raw + 2 * half - 1


def _line(scalar: ScalarType, name: str, line: int) -> tuple[float, float]:
    """Offset and factor of the straight line that the calibrator is.

    Raises:
        XtceError: the calibrator is no straight line, or a level one.
    """
    match scalar.calibrator:
        case None:
            return 0, 1
        case PolynomialCalibrator((offset, factor)) if factor:
            return offset, factor
    raise XtceError("Argument", name, line, "a calibrator of an argument must be a straight line that is not level")


def _number(scalar: ScalarType, name: str, value: object, offset: float, factor: float) -> float:
    is_whole = scalar.nature is Nature.INTEGER and scalar.calibrator is None
    number = _parsed(value, name, is_whole=is_whole)
    if scalar.valid is not None and not _is_within(scalar.valid, number):
        raise FieldRangeError(name, number, scalar.valid.lowest, scalar.valid.highest)
    raw = number if (offset, factor) == (0, 1) else (number - offset) / factor
    if isinstance(scalar.encoding, IntegerEncoding) and not isfinite(raw):
        raise FieldTypeError(name, value, "a finite number")
    return raw


def _is_within(ends: Ends, value: float) -> bool:
    low, high = ends.lowest, ends.highest
    above = low is None or (value > low if ends.lowest_excluded else value >= low)
    return above and (high is None or (value < high if ends.highest_excluded else value <= high))


def _parsed(value: object, name: str, *, is_whole: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FieldTypeError(name, value, "number")
    if isinstance(value, float) and is_whole:
        if not value.is_integer():
            raise FieldTypeError(name, value, "whole number")
        return int(value)
    if not isinstance(value, str):
        return value
    for convert in (int, lambda text: int(text, 0)) if is_whole else (int, float):
        try:
            return convert(value)
        except ValueError:
            continue
    raise FieldTypeError(name, value, "whole number" if is_whole else "number")


def _label(scalar: ScalarType, name: str, value: object) -> int:
    for low, high, label in scalar.labels:
        if value == label or (isinstance(value, int) and not isinstance(value, bool) and low <= value <= high):
            return value if isinstance(value, int) else low
    raise UnknownValueError(name, value, [f"{label} ({low})" for low, _, label in scalar.labels])


def _boolean(scalar: ScalarType, name: str, value: object) -> int:
    if isinstance(value, bool):
        return int(value)
    zero, one = scalar.strings
    meanings = {"false": 0, "true": 1, "0": 0, "1": 1, zero.lower(): 0, one.lower(): 1}
    if isinstance(value, str) and value.lower() in meanings:
        return meanings[value.lower()]
    raise FieldTypeError(name, value, f"boolean ({zero} or {one})")


def _text(scalar: ScalarType, name: str, value: object) -> bytes:
    encoding = scalar.encoding
    assert isinstance(encoding, StringEncoding)  # noqa: S101 - checked when the command was loaded
    if not isinstance(value, str):
        raise FieldTypeError(name, value, "text")
    try:
        octets = value.encode(encoding.charset)
    except UnicodeEncodeError as error:
        raise TextError(name, f"character {error.start} is none of {encoding.charset}") from None
    if encoding.terminator and encoding.terminator in octets:
        raise TextError(name, "holds the character that ends it")
    return octets


def _octets(name: str, value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise FieldTypeError(name, value, "octets (hexadecimal)")
