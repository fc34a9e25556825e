"""How values travel, and how raw values become engineering values.

XTCE's elements are ``IntegerDataEncoding``, ``FloatDataEncoding``, ``StringDataEncoding`` and ``BinaryDataEncoding``,
with ``DefaultCalibrator`` and ``ContextCalibratorList``.
"""

from __future__ import annotations

from math import isfinite

from tlm_cmd.xtce.budget import MAX_CASES
from tlm_cmd.xtce.model import (
    Amount,
    BinaryEncoding,
    Calibrator,
    Condition,
    Encoding,
    FloatEncoding,
    IntegerEncoding,
    IntegerForm,
    PolynomialCalibrator,
    SplineCalibrator,
    StringEncoding,
)
from tlm_cmd.xtce.read_conditions import ConditionReader
from tlm_cmd.xtce.xml_document import Node

MAX_BITS = 64
MAX_EXPONENT = 32
MAX_STRING_OCTETS = 65_542
"""No text is longer than the largest packet."""

_CHARSETS = {
    "US-ASCII": "ascii",
    "ISO-8859-1": "latin-1",
    "Windows-1252": "cp1252",
    "UTF-8": "utf-8",
    "UTF-16": "utf-16-be",
    "UTF-16BE": "utf-16-be",
    "UTF-16LE": "utf-16-le",
    "UTF-32": "utf-32-be",
    "UTF-32BE": "utf-32-be",
    "UTF-32LE": "utf-32-le",
}
_FORMS = {form.value: form for form in IntegerForm} | {
    "twosCompliment": IntegerForm.TWOS_COMPLEMENT,  # as XTCE 1.1 spelled it
    "onesCompliment": IntegerForm.ONES_COMPLEMENT,
    "signed": IntegerForm.TWOS_COMPLEMENT,
}
_IEEE = ("IEEE754", "IEEE754_1985", "IEEE-754")
_MIL = ("MILSTD_1750A", "MIL-1750A")
_CALIBRATIONS = ("DefaultCalibrator", "ContextCalibratorList")


class EncodingReader:
    """Reads the encodings of one space system."""

    def __init__(self, conditions: ConditionReader) -> None:
        self._conditions = conditions

    def encoding(self, node: Node) -> Encoding:
        """How a value travels.

        Raises:
            XtceError: in a way that is not supported.
        """
        if node.attributes.get("bitOrder", "mostSignificantBitFirst") != "mostSignificantBitFirst":
            raise node.error("bitOrder other than mostSignificantBitFirst is not supported")
        match node.tag:
            case "IntegerDataEncoding":
                return self._integer(node)
            case "FloatDataEncoding":
                return self._float(node)
            case "StringDataEncoding":
                return self._string(node)
            case "BinaryDataEncoding":
                node.only("SizeInBits")
                return BinaryEncoding(self._size(node.one("SizeInBits")))
        raise node.unsupported()

    def calibrators(self, node: Node) -> tuple[Calibrator | None, tuple[tuple[Condition, Calibrator], ...]]:
        """The calibrator of an encoding, and those that hold in a context."""
        default = node.find("DefaultCalibrator")
        listed = node.find("ContextCalibratorList")
        if listed is not None and len(listed.children) > MAX_CASES:
            raise listed.error(f"has {len(listed.children)} calibrators, allowed are {MAX_CASES}")
        contexts = []
        for context in listed.children if listed is not None else ():
            context.only("ContextMatch", "Calibrator")
            condition = self._conditions.match(context.one("ContextMatch"))
            contexts.append((condition, _calibrator(context.one("Calibrator"))))
        return _calibrator(default) if default is not None else None, tuple(contexts)

    def scale(self, node: Node, calibrator: Calibrator | None) -> Calibrator | None:
        """The calibrator of a time: an ``Encoding`` with scale and offset."""
        scale, offset = node.number("scale", 1.0), node.number("offset", 0.0)
        if node.attributes.get("units", "seconds") not in ("seconds", "picoSeconds", "days", "months", "years"):
            raise node.error(f"units {node.attributes['units']!r} are not supported")
        if not (isfinite(scale) and isfinite(offset)):
            raise node.error(f"scale {scale} and offset {offset} must be finite")
        if (scale, offset) == (1.0, 0.0):
            return calibrator
        if calibrator is not None:
            raise node.error("has a scale beside a calibrator, which is not supported")
        return PolynomialCalibrator((offset, scale))

    def _integer(self, node: Node) -> IntegerEncoding:
        node.only(*_CALIBRATIONS)
        bits = node.integer("sizeInBits", 8)
        if not 1 <= bits <= MAX_BITS:
            raise node.error(f"sizeInBits is {bits}, allowed are 1 to {MAX_BITS}")
        form = _FORMS.get(node.attributes.get("encoding", "unsigned"))
        if form is None:
            raise node.error(f"encoding {node.attributes['encoding']!r} is not supported")
        little = _is_little_endian(node)
        if little and bits % 8:
            raise node.error(f"{bits} bits cannot have the least significant octet first")
        return IntegerEncoding(bits, form, little and bits > 8)

    def _float(self, node: Node) -> FloatEncoding:
        node.only(*_CALIBRATIONS)
        bits, encoding = node.integer("sizeInBits", 32), node.attributes.get("encoding", "IEEE754_1985")
        if encoding in _IEEE and bits in (16, 32, 64):
            return FloatEncoding(bits, _is_little_endian(node))
        if encoding in _MIL and bits in (32, 48):
            return FloatEncoding(bits, _is_little_endian(node), mil_1750a=True)
        raise node.error(f"encoding {encoding!r} of {bits} bits is not supported")

    def _string(self, node: Node) -> StringEncoding:
        node.only("SizeInBits", "Variable")
        charset = _CHARSETS.get(node.attributes.get("encoding", "UTF-8"))
        if charset is None:
            raise node.error(f"encoding {node.attributes['encoding']!r} is not supported")
        if charset.endswith("-be") and _is_little_endian(node):
            charset = f"{charset[:-2]}le"
        holder = node.one("SizeInBits", "Variable")
        holder.only("Fixed", "DynamicValue", "DiscreteLookupList", "TerminationChar", "LeadingSize")
        terminator, leading = holder.find("TerminationChar"), holder.find("LeadingSize")
        leading_bits = leading.integer("sizeInBitsOfSizeTag", 16) if leading is not None else 0
        if leading is not None and (leading_bits % 8 or not 8 <= leading_bits <= MAX_BITS):
            raise leading.error(f"a leading size of {leading_bits} bits is not supported")
        end = self._terminator(terminator, charset) if terminator is not None and leading is None else b""
        size, most = self._buffer(holder)
        if size is None and not leading_bits and not end:
            raise holder.error("has neither a size nor a terminator")
        return StringEncoding(charset, size, most, end, leading_bits)

    def _buffer(self, holder: Node) -> tuple[Amount | None, int]:
        """The size of the buffer in bits, None when it is not told, and the most octets."""
        if holder.tag == "SizeInBits":
            fixed = holder.one("Fixed").one("FixedValue")
            bits = fixed.as_integer(fixed.text)
            if bits % 8 or not 0 < bits <= 8 * MAX_STRING_OCTETS:
                raise fixed.error(f"{bits} bits are no size of a text, allowed are 8 to {8 * MAX_STRING_OCTETS}")
            return Amount(intercept=bits), bits // 8
        most = min(holder.integer("maxSizeInBits", 8 * MAX_STRING_OCTETS) // 8, MAX_STRING_OCTETS)
        dynamic = holder.find("DynamicValue")
        if dynamic is not None and self._conditions.is_ignored(dynamic):
            return None, most
        return self._conditions.amount(holder), most

    def _terminator(self, node: Node, charset: str) -> bytes:
        try:
            octets = bytes.fromhex(node.text or "00")
            if len(octets.decode(charset)) == 1:
                return octets
        except ValueError:
            pass
        raise node.error(f"{node.text!r} is no character of {charset}")

    def _size(self, node: Node) -> Amount:
        size = self._conditions.amount(node)
        if size.fixed is not None and (size.fixed % 8 or not 0 <= size.fixed <= 8 * MAX_STRING_OCTETS):
            raise node.error(f"{size.fixed} bits are not supported, allowed are whole octets up to {MAX_STRING_OCTETS}")
        return size


def _is_little_endian(node: Node) -> bool:
    order = node.attributes.get("byteOrder", "mostSignificantByteFirst")
    if order not in ("mostSignificantByteFirst", "leastSignificantByteFirst"):
        raise node.error(f"byteOrder {order!r} is not supported")
    return order == "leastSignificantByteFirst"


def _calibrator(node: Node) -> Calibrator:
    node.only("PolynomialCalibrator", "SplineCalibrator")
    kind = node.one("PolynomialCalibrator", "SplineCalibrator")
    return _polynomial(kind) if kind.tag == "PolynomialCalibrator" else _spline(kind)


def _polynomial(node: Node) -> PolynomialCalibrator:
    node.only("Term")
    factors: dict[int, float] = {}
    for term in node.children:
        exponent, factor = term.integer("exponent"), term.number("coefficient")
        if not 0 <= exponent <= MAX_EXPONENT or exponent in factors or not isfinite(factor):
            raise term.error(
                f"exponent {exponent} is given twice, or not in 0 to {MAX_EXPONENT}, or has no finite factor"
            )
        factors[exponent] = factor
    if not factors:
        raise node.error("has no Term")
    return PolynomialCalibrator(tuple(factors.get(power, 0.0) for power in range(max(factors) + 1)))


def _spline(node: Node) -> SplineCalibrator:
    node.only("SplinePoint")
    order = node.integer("order", 1)
    if order not in (0, 1):
        raise node.error(f"order {order} is not supported, allowed are 0 and 1")
    points = sorted((point.number("raw"), point.number("calibrated")) for point in node.children)
    raw = tuple(point[0] for point in points)
    calibrated = tuple(point[1] for point in points)
    if len(points) < 1 + order or len(set(raw)) != len(raw) or not all(map(isfinite, raw + calibrated)):
        raise node.error(f"needs at least {1 + order} finite points, each raw value once")
    return SplineCalibrator(raw, calibrated, order, node.flag("extrapolate", default=False))
