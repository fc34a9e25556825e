"""The fields of a message as parameters, or arguments, and as entries of a container, in wire order.

XTCE's elements are ``Parameter`` and ``ParameterRefEntry``, or ``Argument`` and ``ArgumentRefEntry``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never
from xml.etree import ElementTree as ET

from tlm_cmd.definition.field_layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.fields import Bits, Length, Range, Tail, UpTo
from tlm_cmd.xtce import type_elements
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.field_types import FILL, FieldTypes, is_self_contained
from tlm_cmd.xtce.markup import checked_name, element, text_element
from tlm_cmd.xtce.tail import PACKET_LENGTH, PACKET_LENGTH_BIT, TailPlan, plan_tail
from tlm_cmd.xtce.type_elements import Role


class FieldWriter:
    """Writes the fields of one message, one behind the other.

    Attributes:
        definitions: ``Parameter`` or ``Argument`` elements.
        entries: what stands in the container.
    """

    def __init__(self, types: FieldTypes, *, plain: bool = False) -> None:
        """Write for one container.

        Args:
            types: gives the types, for parameters or for arguments.
            plain: without arrays, structures and leading sizes, for readers that know none of them.
        """
        self.definitions: list[ET.Element] = []
        self.entries: list[ET.Element] = []
        self._types, self._role, self._plain = types, types.role, plain
        self._tail: TailPlan | None = None
        self._defaults: Mapping[str, str] = {}
        self._location: int | None = None
        self._rest_octets = ""

    def message(
        self, layout: RecordLayout, prefix: str, defaults: Mapping[str, str] | None = None, *, ahead_octets: int = 0
    ) -> None:
        """Write all fields of a message.

        Args:
            layout: the fields.
            prefix: put before each name.
            defaults: values of arguments that need not be given, by field, as XTCE writes them.
            ahead_octets: octets of the payload in front of the fields.

        Raises:
            XtceError: XTCE cannot express a field, or a plain reader would not understand it.
        """
        self._defaults = defaults or {}
        self._rest_octets = f"{prefix}rest_octets"
        if self._role is Role.PARAMETER:
            self._tail = plan_tail(layout, ahead_octets)
        if self._tail is not None and self._tail.variable and self._plain:
            problem = f"the length of the tail depends on the length of {self._tail.variable}"
            raise XtceError("Container", layout.name, 0, problem)
        self._record(layout, prefix)

    def octets(self, name: str, size: ET.Element, text: str) -> None:
        """Write octets whose size in bits a ``DynamicValue`` tells."""
        self._put(name, self._types.pinned(type_elements.sized_octets_type(self._role, size), name), text)

    # ---------------------------------------------------------------- one behind the other

    def _record(self, layout: RecordLayout, prefix: str) -> None:
        width = fills = 0
        for field in layout.fields:
            if isinstance(field.wire, Bits):
                width += field.wire.width
            elif width % 8:
                fills += 1
                self._fill(f"{prefix}{FILL}_{fills}", -width % 8)
                width = 0
            self._field(field, f"{prefix}{field.name}", layout.name)
        if width % 8:
            self._fill(f"{prefix}{FILL}_{fills + 1}", -width % 8)

    def _fill(self, name: str, width: int) -> None:
        self._put(name, self._types.fill(width), "unused bits")

    def _field(self, field: FieldLayout, name: str, owner: str) -> None:
        if is_self_contained(field) and not self._is_apart(field):
            self._put(name, self._types.of(field, owner), meaning(field), self._defaults.get(field.name))
            return
        match field.kind:
            case Kind.RECORD:
                assert field.record is not None  # noqa: S101 - the layout guarantees it
                self._record(field.record, f"{name}_")
            case Kind.ARRAY:
                assert field.item is not None  # noqa: S101 - the layout guarantees it
                self._array(field, field.item, name, owner)
            case Kind.TEXT | Kind.OCTETS:
                self._string(field, name)
            case Kind.INTEGER | Kind.FLOAT | Kind.BOOLEAN | Kind.ENUMERATION:
                raise XtceError(self._role.value, name, 0, f"a field of kind {field.kind.value} has no size of its own")
            case _:
                assert_never(field.kind)

    def _is_apart(self, field: FieldLayout) -> bool:
        """Whether a field is taken apart though one type could hold it."""
        if self._tail is not None and self._tail.variable == field.name and isinstance(field.extent, UpTo):
            return True
        structured = field.kind in (Kind.RECORD, Kind.ARRAY)
        return self._plain and (structured or isinstance(field.extent, UpTo))

    def _put(self, name: str, type_name: str, text: str, default: str | None = None) -> None:
        """Define something and place it behind what was placed before."""
        self._define(name, type_name, text, default)
        entry = element(f"{self._role.value}RefEntry", **{f"{self._role.value.lower()}Ref": name})
        if self._location is not None:
            entry.append(_at(self._location))
            self._location = None
        self.entries.append(entry)

    def _define(self, name: str, type_name: str, text: str, default: str | None = None) -> None:
        role = self._role.value
        references = {"name": checked_name(role, name), f"{role.lower()}TypeRef": type_name, "initialValue": default}
        self.definitions.append(element(role, text_element("LongDescription", text), **references))

    def _count(self, name: str, extent: UpTo, counted: str) -> None:
        count = FieldLayout(name=name, kind=Kind.INTEGER, wire=extent.prefix, allowed=Range(0, extent.count))
        self._put(name, self._types.shared(count, f"count_up_to_{extent.count}"), counted)

    # ---------------------------------------------------------------- what varies in size

    def _string(self, field: FieldLayout, name: str) -> None:
        """A text or an octet string whose length stands in front of it, or follows from that of the packet."""
        extent = field.extent
        count = f"{name}_octets"
        if isinstance(extent, UpTo):
            self._count(count, extent, "octets that follow")
            size = type_elements.parameter_value(count, 8, 0, self._role)
            self._end_of_count(field, count)
        elif self._role is Role.ARGUMENT:
            self._define(count, self._types.tail_octets(), f"octets of {name}")
            size = type_elements.parameter_value(count, 8, 0, self._role)
        else:
            size = self._rest(name, 8)
        most = extent.count if extent is not None else 0
        made = (
            type_elements.sized_text_type(self._role, size, most)
            if field.kind is Kind.TEXT
            else type_elements.sized_octets_type(self._role, size)
        )
        self._put(name, self._types.pinned(made, name), meaning(field), self._defaults.get(field.name))

    def _array(self, field: FieldLayout, item: FieldLayout, name: str, owner: str) -> None:
        match field.extent:
            case Length(count) if self._plain:
                for index in range(count):
                    self._field(item, f"{name}_{index}", owner)
            case Length(count):
                self._put_array(field, item, name, owner, type_elements.fixed_value(count - 1))
            case UpTo() as extent if self._plain:
                problem = f"an array of up to {extent.count} items cannot be written without arrays"
                raise XtceError("Container", name, 0, problem)
            case UpTo() as extent:
                self._count(f"{name}_count", extent, f"items of {name}")
                self._end_of_count(field, f"{name}_count")
                last = type_elements.parameter_value(f"{name}_count", 1, -1, self._role)
                self._put_array(field, item, name, owner, last)
            case Tail():
                octets = item.fixed_octets
                if octets is None or octets & (octets - 1) or self._role is Role.ARGUMENT or self._plain:
                    problem = (
                        "an array up to the end of the packet has no size in XTCE unless its items take 2^n octets"
                    )
                    raise XtceError("Container", name, 0, problem)
                last = self._rest(name, 1 / octets, intercept=-1)
                self._put_array(field, item, name, owner, last)
            case _:
                raise XtceError(self._role.value, name, 0, "an array needs a length")

    def _put_array(self, field: FieldLayout, item: FieldLayout, name: str, owner: str, last: ET.Element) -> None:
        if not is_self_contained(item, in_array=True):
            raise XtceError(self._role.value, name, 0, "items of an array cannot hold arrays of variable length")
        made = type_elements.array_type(self._role, self._types.of(item, owner, field.name), last)
        self._put(name, self._types.pinned(made, name), meaning(field), self._defaults.get(field.name))

    # ---------------------------------------------------------------- the rest of the packet

    def _end_of_count(self, field: FieldLayout, count: str) -> None:
        """Behind the count that the tail depends on: read the packet's length again, less what is counted."""
        tail = self._tail
        if tail is None or tail.variable != field.name:
            return
        self._location = PACKET_LENGTH_BIT
        made = self._types.pinned(tail.length_type(count), self._rest_octets)
        self._put(self._rest_octets, made, "octets at the end of the packet")
        self._location = tail.data_bit

    def _rest(self, name: str, slope: float, intercept: float = 0) -> ET.Element:
        """The size of what is left of the packet, ``slope`` for each octet.

        Raises:
            XtceError: the field is not the last one of its packet.
        """
        tail = self._tail
        if tail is None:
            raise XtceError(self._role.value, name, 0, "only the last field of a packet can take the rest of it")
        if tail.variable:
            return type_elements.parameter_value(self._rest_octets, slope, intercept)
        return type_elements.parameter_value(PACKET_LENGTH, slope, slope * tail.packet_intercept + intercept)


def meaning(field: FieldLayout) -> str:
    """What a field means, or its items."""
    return field.description or (field.item.description if field.item is not None else "")


def _at(bit: int) -> ET.Element:
    made = element("LocationInContainerInBits", type_elements.fixed_value(bit))
    made.set("referenceLocation", "containerStart")
    return made
