"""XTCE types of fields that need no other field to be read, and the names they get in a ``ParameterTypeSet``."""

from __future__ import annotations

from typing import assert_never
from xml.etree import ElementTree as ET

from tlm_cmd.definition.describe import wire_name
from tlm_cmd.definition.field_layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.fields import U16, Bits, Length, Number, Tail, UpTo
from tlm_cmd.xtce import type_elements
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.markup import checked_name, element, text_element
from tlm_cmd.xtce.type_elements import Role
from tlm_cmd.xtce.type_table import TypeTable

FILL = "fill"
"""What the unused bits behind a group of bit fields are called."""


def is_self_contained(field: FieldLayout, *, in_array: bool = False) -> bool:
    """Whether one type can hold a field: it needs no parameter that tells a length.

    Octets behind their length are such only within an array, where XTCE knows no parameter of the item at hand: there
    they are a text, a character for each octet.
    """
    if field.record is not None:
        return all(is_self_contained(inner, in_array=in_array) for inner in field.record.fields)
    if field.item is not None:
        return isinstance(field.extent, Length) and is_self_contained(field.item, in_array=True)
    match field.extent:
        case UpTo():
            return in_array or field.kind is Kind.TEXT
        case Tail():
            return False
        case _:
            return True


class FieldTypes:
    """Gives the types of the fields of one space system.

    Attributes:
        role: whether they are types of parameters or of arguments.
    """

    def __init__(self, table: TypeTable, system: str, role: Role) -> None:
        self.role = role
        self._table, self._system = table, system

    def of(self, field: FieldLayout, owner: str, name: str = "") -> str:
        """The name of the type of a self-contained field.

        Args:
            field: the field.
            owner: the class it stands in; names types that no other field has.
            name: its name when it is an item of an array.
        """
        return self.shared(field, self._hint(field, owner, name or field.name), owner)

    def shared(self, field: FieldLayout, hint: str, owner: str = "") -> str:
        """The name of the type of a self-contained field, preferably ``hint``."""
        made = self._element(field, owner)
        return self._table.shared(self._system, made, checked_name(f"{self.role.value}Type", hint))

    def pinned(self, made: ET.Element, parameter: str) -> str:
        """The name of a type that refers to other parameters of the space system."""
        return self._table.pinned(self._system, made, checked_name(f"{self.role.value}Type", parameter))

    def fill(self, width: int) -> str:
        """The name of the type of unused bits, ``width`` of them."""
        return self.of(FieldLayout(name=FILL, kind=Kind.INTEGER, wire=Bits(width)), "")

    def tail_octets(self) -> str:
        """The name of the type of a length that does not travel."""
        return self.of(FieldLayout(name="octets", kind=Kind.INTEGER, wire=U16), "")

    def _element(self, field: FieldLayout, owner: str) -> ET.Element:  # noqa: PLR0911 - one return per kind
        match field.kind:
            case Kind.INTEGER | Kind.FLOAT | Kind.BOOLEAN | Kind.ENUMERATION:
                return type_elements.scalar_type(field, self.role)
            case Kind.TEXT if isinstance(field.extent, UpTo):
                return type_elements.led_text_type(self.role, field.extent)
            case Kind.OCTETS if isinstance(field.extent, UpTo):
                return type_elements.led_text_type(self.role, field.extent, type_elements.ONE_OCTET)
            case Kind.TEXT if isinstance(field.extent, Length):
                return type_elements.fixed_text_type(self.role, field.extent.count)
            case Kind.OCTETS if isinstance(field.extent, Length):
                return type_elements.fixed_octets_type(self.role, field.extent.count)
            case Kind.ARRAY if field.item is not None and isinstance(field.extent, Length):
                last = type_elements.fixed_value(field.extent.count - 1)
                return type_elements.array_type(self.role, self.of(field.item, owner, field.name), last)
            case Kind.RECORD if field.record is not None:
                return type_elements.aggregate_type(self.role, self._members(field.record))
            case Kind.TEXT | Kind.OCTETS | Kind.ARRAY | Kind.RECORD:
                raise XtceError(f"{self.role.value}Type", field.name, 0, "has no size of its own")
            case _:
                assert_never(field.kind)

    def _members(self, record: RecordLayout) -> list[ET.Element]:
        members: list[ET.Element] = []
        width = fills = 0
        for field in record.fields:
            if isinstance(field.wire, Bits):
                width += field.wire.width
            elif width % 8:
                fills += 1
                members.append(element("Member", name=f"{FILL}_{fills}", typeRef=self.fill(-width % 8)))
                width = 0
            described = text_element("LongDescription", field.description)
            name = checked_name("Member", field.name)
            members.append(element("Member", described, name=name, typeRef=self.of(field, record.name)))
        if width % 8:
            members.append(element("Member", name=f"{FILL}_{fills + 1}", typeRef=self.fill(-width % 8)))
        return members

    def _hint(self, field: FieldLayout, owner: str, name: str) -> str:
        """A name for a type: that of the wire when it says no more, else one of the field or of its class."""
        wire = (wire_name(field) or "").replace("(", "_").removesuffix(")")
        own = f"{owner}_{name}" if owner else name
        match field.kind:
            case Kind.INTEGER | Kind.FLOAT:
                bare = not (field.unit or field.calibration or field.allowed or field.limits)
                return wire if bare else own
            case Kind.BOOLEAN:
                return f"boolean_{wire}"
            case Kind.ENUMERATION:
                assert field.enumeration is not None  # noqa: S101 - the layout guarantees it
                return field.enumeration.__name__ + (f"_{wire}" if not _is_octet(field) else "")
            case Kind.TEXT | Kind.OCTETS:
                fixed = isinstance(field.extent, Length)
                assert field.extent is not None  # noqa: S101 - the layout guarantees it
                return f"{field.kind.value}_{'' if fixed else 'up_to_'}{field.extent.count}"
            case Kind.RECORD:
                return field.record.name if field.record is not None else own
            case Kind.ARRAY:
                return own
            case _:
                assert_never(field.kind)


def _is_octet(field: FieldLayout) -> bool:
    return isinstance(field.wire, Number) and field.wire.octets == 1
