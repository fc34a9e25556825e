"""How long the field at the end of a packet is: XTCE knows no rest of the packet, only sizes that parameters tell."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec

from tlm_cmd.definition.field_layout import FieldLayout, RecordLayout
from tlm_cmd.definition.fields import Bits, Length, Tail, UpTo
from tlm_cmd.packets.cfs_header import TELEMETRY_PAYLOAD_OFFSET
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.markup import element
from tlm_cmd.xtce.type_elements import polynomial

PACKET_LENGTH = "PKT_LEN"
"""The length field of the primary header: the octets behind that header, less one."""
PACKET_LENGTH_BIT = 32
"""Where it stands in the packet (CCSDS 133.0-B-2, 4.1.3.5.3)."""
PAYLOAD_BIT = 8 * TELEMETRY_PAYLOAD_OFFSET
MAX_CASES = 256
"""Most lengths that one variable part in front of a tail may have; each becomes a calibrator of its own."""

_BESIDE_PAYLOAD = TELEMETRY_PAYLOAD_OFFSET - PRIMARY_HEADER_OCTETS + CRC_OCTETS - 1


class TailPlan(msgspec.Struct, frozen=True):
    """What stands in front of a tail.

    Attributes:
        fixed_octets: octets of the payload whose number is known.
        variable: name of the field whose length is not known, empty when there is none.
        unit_octets: octets that each count of it stands for.
        most: its largest count.
        data_bit: where its data begin in the packet.
    """

    fixed_octets: int
    variable: str = ""
    unit_octets: int = 1
    most: int = 0
    data_bit: int = 0

    @property
    def packet_intercept(self) -> int:
        """The octets of the tail, and of the variable part in front of it, are the packet's length plus this."""
        return -_BESIDE_PAYLOAD - self.fixed_octets

    def length_type(self, count: str) -> ET.Element:
        """The packet's length, calibrated to the octets of the tail by the count of the variable part.

        A calibrator per count subtracts what the variable part takes.
        """
        cases = [
            element(
                "ContextCalibrator",
                element("ContextMatch", element("Comparison", parameterRef=count, value=number)),
                element("Calibrator", polynomial((float(self.packet_intercept - self.unit_octets * number), 1.0))),
            )
            for number in range(self.most + 1)
        ]
        encoding = element(
            "IntegerDataEncoding", element("ContextCalibratorList", *cases), encoding="unsigned", sizeInBits=16
        )
        return element("IntegerParameterType", encoding, signed=True, sizeInBits=32)


def plan_tail(layout: RecordLayout, ahead_octets: int = 0) -> TailPlan | None:
    """What stands in front of the tail of a message; None when it ends with none.

    Args:
        layout: the message.
        ahead_octets: octets of the payload in front of it.

    Raises:
        XtceError: the length of the tail depends on more than one other field.
    """
    if not layout.fields or not _has_tail(layout.fields[-1]):
        return None
    *fields, last = layout.fields
    if not isinstance(last.extent, Tail):
        raise XtceError("Container", f"{layout.name}.{last.name}", 0, "a tail within a structure has no size in XTCE")
    variable = [field for field in fields if not isinstance(field.wire, Bits) and field.fixed_octets is None]
    if not variable:
        return TailPlan(ahead_octets + _octets(layout, fields))
    only, unit = variable[0], _unit_octets(variable[0])
    if len(variable) > 1 or unit is None or not isinstance(only.extent, UpTo) or only.extent.count >= MAX_CASES:
        names = ", ".join(field.name for field in variable)
        raise XtceError("Container", f"{layout.name}.{last.name}", 0, f"its length depends on the lengths of {names}")
    ahead = ahead_octets + _octets(layout, fields[: fields.index(only)]) + only.extent.prefix.octets
    fixed = ahead_octets + _octets(layout, fields)
    return TailPlan(fixed, only.name, unit, only.extent.count, PAYLOAD_BIT + 8 * ahead)


def _octets(layout: RecordLayout, fields: list[FieldLayout]) -> int:
    """Octets that fields take, those of variable length without what they count."""
    return RecordLayout(layout.python_class, tuple(fields)).octet_bounds[0]


def _has_tail(field: FieldLayout) -> bool:
    if field.record is not None and field.record.fields:
        return _has_tail(field.record.fields[-1])
    return isinstance(field.extent, Tail)


def _unit_octets(field: FieldLayout) -> int | None:
    """Octets per count of a field of variable length, None when its items vary in size as well."""
    if isinstance(field.extent, Length) or field.extent is None:
        return None
    return 1 if field.item is None else field.item.fixed_octets
