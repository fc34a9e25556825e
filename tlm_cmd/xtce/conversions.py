"""Conversions that compiled decoders and encoders call: floats of old computers, splines, texts, labels.

They are what XTCE's ``FloatDataEncoding`` (IEEE 754, MIL-STD-1750A), ``SplineCalibrator``, ``StringDataEncoding`` and
``EnumerationList`` mean.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from tlm_cmd.definition.wire_values import LengthError, TextError, UnknownValueError
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.xtce.model import ScalarType, SplineCalibrator, StringEncoding

MAX_ITEMS = 65_542
"""Most items of an array, and most octets of a text: no packet is larger."""

_FLOATS = {16: struct.Struct(">e"), 32: struct.Struct(">f"), 64: struct.Struct(">d")}


class Labels(dict[int, str]):
    """Labels of an enumeration by raw value; others are refused by the parameter's name."""

    def __init__(self, scalar: ScalarType, name: str) -> None:
        super().__init__({low: label for low, high, label in scalar.labels if low == high})
        self._ranges = tuple(entry for entry in scalar.labels if entry[0] != entry[1])
        self._name = name
        self._allowed = [f"{low} ({label})" for low, _, label in scalar.labels]

    def __missing__(self, raw: int) -> str:
        for low, high, label in self._ranges:
            if low <= raw <= high:
                return label
        raise UnknownValueError(self._name, raw, self._allowed)


def ieee(bits: int, width: int) -> float:
    """The number that ``width`` bits, 16, 32 or 64, stand for in IEEE 754."""
    value: float = _FLOATS[width].unpack(bits.to_bytes(width // 8, "big"))[0]
    return value


def ieee_bits(value: float, width: int) -> int:
    """The bits of a number in IEEE 754, ``width`` of them: 16, 32 or 64.

    Raises:
        OverflowError: it is too large for them.
    """
    return int.from_bytes(_FLOATS[width].pack(value), "big")


def mil_1750a(bits: int, width: int) -> float:
    """The number that ``width`` bits, 32 or 48, stand for in MIL-STD-1750A.

    The mantissa is a two's complement fraction; its first 24 bits stand before the 8 bits of the exponent, and 16 more
    behind it in the long form.
    """
    if width == 32:
        mantissa, exponent, fraction_bits = bits >> 8, bits & 0xFF, 23
    else:
        mantissa, exponent, fraction_bits = bits >> 24 << 16 | bits & 0xFFFF, bits >> 16 & 0xFF, 39
    sign = 1 << fraction_bits
    mantissa = (mantissa ^ sign) - sign
    exponent = (exponent ^ 0x80) - 0x80
    return float(mantissa) * 2.0 ** (exponent - fraction_bits)


def swapped(value: int, octets: int) -> int:
    """A number, ``value``, whose octets came in the other order."""
    return int.from_bytes(value.to_bytes(octets, "little"), "big")


def spline(calibrator: SplineCalibrator, name: str) -> Callable[[float], float]:
    """The function of a spline; outside of its points it extrapolates, or refuses, as the spline says."""
    raws, values, last = calibrator.raw, calibrator.calibrated, len(calibrator.raw) - 1

    def interpolate(raw: float) -> float:
        if not raws[0] <= raw <= raws[last] and not calibrator.extrapolate:
            raise FieldRangeError(name, raw, raws[0], raws[last])
        at = min(max(bisect_right(raws, raw) - 1, 0), last)
        if calibrator.order == 0:
            return values[at]
        at = min(at, last - 1)
        slope = (values[at + 1] - values[at]) / (raws[at + 1] - raws[at])
        return slope * (raw - raws[at]) + values[at]

    return interpolate


def text_of(buffer: bytes, encoding: StringEncoding, name: str) -> str:
    """The text in a buffer whose size is known: up to its terminator, or as long as its leading size says.

    Raises:
        LengthError: the leading size is more than the buffer holds.
        TextError: the octets are no text of the encoding.
    """
    if encoding.leading_bits:
        lead = encoding.leading_bits // 8
        count = int.from_bytes(buffer[:lead], "big")
        if count > len(buffer) - lead or len(buffer) < lead:
            raise LengthError(name, count, 0, max(len(buffer) - lead, 0))
        buffer = buffer[lead : lead + count]
    elif encoding.terminator:
        buffer = buffer[: end_of_text(buffer, encoding.terminator, 0, len(buffer))]
    return as_text(buffer, encoding.charset, name)


def end_of_text(data: bytes, terminator: bytes, begin: int, end: int) -> int:
    """Where the terminator stands from ``begin`` to before ``end``, at a multiple of its own size; else ``end``."""
    at = data.find(terminator, begin, end)
    while at >= 0 and (at - begin) % len(terminator):
        at = data.find(terminator, at + 1, end)
    return at if at >= 0 else end


def as_text(octets: bytes, charset: str, name: str) -> str:
    """Octets as text.

    Raises:
        TextError: they are none.
    """
    try:
        return str(octets, charset)
    except UnicodeDecodeError as error:
        raise TextError(name, f"octet {error.start} is no {charset}") from None


def whole(value: Any, name: str, most: int) -> int:  # noqa: ANN401 - whatever a parameter holds
    """A count, or a size in bits, that a parameter told: checked before anything is done with it.

    Raises:
        LengthError: it is negative, or more than ``most``.
    """
    count = int(value)
    if not 0 <= count <= most:
        raise LengthError(name, count, 0, most)
    return count


def octets_of(bits: int, name: str) -> int:
    """Octets of so many bits.

    Raises:
        LengthError: they are not whole octets.
    """
    if bits % 8:
        raise LengthError(name, bits, bits - bits % 8, bits - bits % 8 + 8)
    return bits // 8
