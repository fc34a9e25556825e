"""XTCE types of fields, for parameters and for arguments: the names of their elements differ, and little else."""

from __future__ import annotations

from enum import Enum, unique
from math import ceil, floor, isfinite
from typing import assert_never
from xml.etree import ElementTree as ET

from tlm_cmd.definition.field_layout import FieldLayout, Kind
from tlm_cmd.definition.fields import Bits, Calibration, Limits, Linear, Number, Range, UpTo
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.markup import element, text_element

NO_SIZE = "_yamcs_ignore"
"""The parameter that a buffer size refers to when a leading size says all: XTCE demands a reference there."""
ONE_OCTET = "ISO-8859-1"
"""The encoding whose characters are the octets themselves."""
MAX_LONG = 2**63 - 1
"""Largest value of an enumeration: XTCE holds them as signed 64-bit numbers."""


@unique
class Role(Enum):
    """Whether a type is that of a parameter or of an argument."""

    PARAMETER = "Parameter"
    ARGUMENT = "Argument"


def scalar_type(field: FieldLayout, role: Role) -> ET.Element:
    """The type of a number, a boolean or an enumeration.

    Raises:
        XtceError: an enumeration holds a number that XTCE cannot.
    """
    wire = field.wire
    assert wire is not None  # noqa: S101 - what has no wire type is no scalar
    units = [ET.Element("Unit")] if field.unit else []
    for unit in units:
        unit.text = field.unit
    parts = [element("UnitSet", *units) if units else None, number_encoding(wire, field.calibration)]
    match field.kind:
        case Kind.INTEGER:
            valid, alarm = _integer_range(field.allowed), _alarm(field.limits)
            tag, extra = "Integer", {"signed": wire.lowest < 0, "sizeInBits": _bits(wire)}
        case Kind.FLOAT:
            valid, alarm = _float_range(field.allowed), _alarm(field.limits)
            single = isinstance(wire, Number) and wire.is_float and wire.octets == 4
            tag, extra = "Float", {"sizeInBits": 32 if single else 64}
        case Kind.BOOLEAN:
            return element(f"Boolean{role.value}Type", *parts)
        case Kind.ENUMERATION:
            return element(f"Enumerated{role.value}Type", *parts, _labels(field))
        case Kind.TEXT | Kind.OCTETS | Kind.ARRAY | Kind.RECORD:
            raise XtceError(f"{role.value}Type", field.name, 0, f"{field.kind.value} is no scalar")
        case _:
            assert_never(field.kind)
    if role is Role.ARGUMENT:
        return element(
            f"{tag}ArgumentType", *parts, element("ValidRangeSet", valid) if valid is not None else None, **extra
        )
    return element(f"{tag}ParameterType", *parts, valid, alarm, **extra)


def number_encoding(wire: Number | Bits, calibration: Calibration | None = None) -> ET.Element:
    """How a number travels, and how it becomes an engineering value."""
    if isinstance(wire, Number) and wire.is_float:
        return element("FloatDataEncoding", encoding="IEEE754_1985", sizeInBits=_bits(wire))
    calibrator = element("DefaultCalibrator", _polynomial(calibration)) if calibration is not None else None
    encoding = "twosComplement" if wire.lowest < 0 else "unsigned"
    return element("IntegerDataEncoding", calibrator, encoding=encoding, sizeInBits=_bits(wire))


def polynomial(coefficients: tuple[float, ...]) -> ET.Element:
    """A polynomial calibrator, constant term first."""
    terms = [
        element("Term", coefficient=float(factor), exponent=power)
        for power, factor in enumerate(coefficients)
        if factor or len(coefficients) == 1
    ]
    return element("PolynomialCalibrator", *terms)


def fixed_text_type(role: Role, octets: int) -> ET.Element:
    """A text in a buffer of fixed size, ended by NUL unless it fills it."""
    size = element("SizeInBits", element("Fixed", text_element("FixedValue", str(8 * octets))))
    size.append(_termination())
    return element(f"String{role.value}Type", element("StringDataEncoding", size, encoding="UTF-8"))


def led_text_type(role: Role, extent: UpTo, encoding: str = "UTF-8") -> ET.Element:
    """A text behind its length in octets."""
    variable = element(
        "Variable",
        element("DynamicValue", element("ParameterInstanceRef", parameterRef=NO_SIZE)),
        element("LeadingSize", sizeInBitsOfSizeTag=8 * extent.prefix.octets),
        maxSizeInBits=8 * (extent.prefix.octets + extent.count),
    )
    return element(f"String{role.value}Type", element("StringDataEncoding", variable, encoding=encoding))


def sized_text_type(role: Role, size: ET.Element, most: int) -> ET.Element:
    """A text whose size in bits another parameter tells, of ``most`` octets; ``size`` is a DynamicValue."""
    variable = element("Variable", size, maxSizeInBits=8 * most)
    return element(f"String{role.value}Type", element("StringDataEncoding", variable, encoding="UTF-8"))


def fixed_octets_type(role: Role, octets: int) -> ET.Element:
    """An octet string of fixed length."""
    return _binary(role, text_element("FixedValue", str(8 * octets)))


def sized_octets_type(role: Role, size: ET.Element) -> ET.Element:
    """An octet string whose size in bits another parameter tells; ``size`` is a DynamicValue."""
    return _binary(role, size)


def array_type(role: Role, item: str, last_index: ET.Element) -> ET.Element:
    """An array of a type known by name; ``last_index`` is a FixedValue or a DynamicValue."""
    start = element("StartingIndex", text_element("FixedValue", "0"))
    dimension = element("Dimension", start, element("EndingIndex", last_index))
    return element(f"Array{role.value}Type", element("DimensionList", dimension), arrayTypeRef=item)


def aggregate_type(role: Role, members: list[ET.Element]) -> ET.Element:
    """A structure of members."""
    return element(f"Aggregate{role.value}Type", element("MemberList", *members))


def fixed_value(value: int) -> ET.Element:
    """A number that is always the same."""
    made = ET.Element("FixedValue")
    made.text = str(value)
    return made


def parameter_value(name: str, slope: float, intercept: float, role: Role = Role.PARAMETER) -> ET.Element:
    """A number that follows from a parameter, or an argument: ``slope * value + intercept``."""
    if role is Role.ARGUMENT:
        reference = element("ArgumentInstanceRef", argumentRef=name)
    else:
        reference = element("ParameterInstanceRef", parameterRef=name)
    return element("DynamicValue", reference, element("LinearAdjustment", slope=slope, intercept=intercept))


def _binary(role: Role, size: ET.Element | None) -> ET.Element:
    return element(f"Binary{role.value}Type", element("BinaryDataEncoding", element("SizeInBits", size)))


def _termination() -> ET.Element:
    made = ET.Element("TerminationChar")
    made.text = "00"
    return made


def _bits(wire: Number | Bits) -> int:
    return wire.width if isinstance(wire, Bits) else 8 * wire.octets


def _polynomial(calibration: Calibration) -> ET.Element:
    if isinstance(calibration, Linear):
        return polynomial((calibration.offset, calibration.scale))
    return polynomial(calibration.coefficients)


def _labels(field: FieldLayout) -> ET.Element:
    for raw in field.labels:
        if raw > MAX_LONG:
            raise XtceError("Enumeration", field.labels[raw], 0, f"{raw} is more than XTCE can hold, {MAX_LONG}")
    entries = [element("Enumeration", value=raw, label=label) for raw, label in field.labels.items()]
    return element("EnumerationList", *entries)


def _integer_range(allowed: Range | None) -> ET.Element | None:
    if allowed is None:
        return None
    lowest = ceil(allowed.lowest) if isfinite(allowed.lowest) else None
    highest = floor(allowed.highest) if isfinite(allowed.highest) else None
    return element("ValidRange", minInclusive=lowest, maxInclusive=highest)


def _float_range(allowed: Range | None) -> ET.Element | None:
    return _ends("ValidRange", (allowed.lowest, allowed.highest)) if allowed is not None else None


def _alarm(limits: Limits | None) -> ET.Element | None:
    """Yellow limits as a warning, red ones as critical, both for values outside of them."""
    if limits is None or (limits.yellow is None and limits.red is None):
        return None
    warning = _ends("WarningRange", limits.yellow) if limits.yellow else None
    critical = _ends("CriticalRange", limits.red) if limits.red else None
    return element("DefaultAlarm", element("StaticAlarmRanges", warning, critical, rangeForm="outside"))


def _ends(tag: str, ends: tuple[float, float]) -> ET.Element:
    lowest, highest = (float(end) if isfinite(end) else None for end in ends)
    return element(tag, minInclusive=lowest, maxInclusive=highest)
