"""Telemetry packets and events as containers that inherit from one another: header, secondary header, packet.

Each is an XTCE ``SequenceContainer``; ``RestrictionCriteria`` of its ``BaseContainer`` tell it from its siblings.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface, EventEntry, TelemetryEntry
from tlm_cmd.definition.field_layout import FieldLayout, Kind
from tlm_cmd.definition.fields import U8, U16, U32, Bits, Length
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Severity
from tlm_cmd.packets.cfs_header import TELEMETRY_PAYLOAD_OFFSET
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS
from tlm_cmd.packets.verification import VerificationReport
from tlm_cmd.xtce import type_elements
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.field_types import FieldTypes
from tlm_cmd.xtce.field_writer import FieldWriter
from tlm_cmd.xtce.markup import checked_name, element, text_element
from tlm_cmd.xtce.space_systems import SpaceSystem
from tlm_cmd.xtce.tail import PACKET_LENGTH
from tlm_cmd.xtce.type_elements import NO_SIZE, Role
from tlm_cmd.xtce.type_table import ROOT, TypeTable

PACKET = "CCSDSPacket"
"""The container of the primary header; readers look for this name."""
TELEMETRY = "TelemetryPacket"
EVENT = "EVENT"
SHORT_EVENT = "SHORT_EVENT"
APID = "PKT_APID"
ERROR_CONTROL = "packet_error_control"
REPORT = "VERIFICATION_REPORT"
"""Prefix of the parameters of all verification reports."""
REPORT_CONTAINER = "VerificationReport"
"""What all verification reports inherit from: no packet's own name, which would refer to itself in its space system."""

_HEADER = (
    ("VERSION", 3, "packet version number, 0"),
    ("TYPE", 1, "0 telemetry, 1 telecommand"),
    ("SEC_HDR_FLG", 1, "whether there is a secondary header"),
    (APID, 11, "application process identifier"),
    ("SEQ_FLGS", 2, "3: the packet is whole"),
    ("SRC_SEQ_CTR", 14, "count of the packets of this APID"),
    (PACKET_LENGTH, 16, "octets behind the primary header, less one"),
)
_UNSIGNED_BY_OCTETS = {1: U8, 2: U16, 4: U32}


class TelemetryWriter:
    """Writes every packet that can come down.

    Attributes:
        opaque: why a packet or an event is written as octets without meaning, by the entry's name.
    """

    def __init__(self, dictionary: Dictionary, types: TypeTable, root: SpaceSystem, *, plain: bool) -> None:
        self.opaque: dict[str, str] = {}
        self._dictionary, self._table, self._root, self._plain = dictionary, types, root, plain
        self._root_types = FieldTypes(types, ROOT, Role.PARAMETER)

    def headers(self) -> None:
        """Write what every packet begins and ends with."""
        for name, width, text in _HEADER:
            self._parameter(name, self._bits(width), text)
        self._container(PACKET, [name for name, _, _ in _HEADER], "Primary header (CCSDS 133.0-B-2)", abstract=True)
        self._parameter("time_seconds", self._bits(32), "whole seconds of spacecraft time since the mission's epoch")
        self._parameter("time_subseconds", self._bits(16), "fraction of a second, in 1/65536 s")
        spare = FieldLayout(name="spare", kind=Kind.OCTETS, extent=Length(4))
        self._parameter("time_spare", self._root_types.of(spare, ""), "unused octets of the secondary header")
        self._parameter(ERROR_CONTROL, self._bits(16), "CRC-16 over all octets before it")
        if not self._plain:
            text = "No size: a leading size says all. The name is the one that Yamcs knows for it."
            self._parameter(NO_SIZE, self._bits(8), text)
        names = ["time_seconds", "time_subseconds", "time_spare"]
        text = "Secondary header of telemetry, as in NASA's core Flight System"
        conditions = [comparison("TYPE", 0), comparison("SEC_HDR_FLG", 1)]
        self._container(TELEMETRY, names, text, base=(PACKET, conditions), abstract=True)
        self._verification()

    def app(self, app: AppInterface, system: SpaceSystem, prefix: str) -> None:
        """Write the packets of one app; ``prefix`` stands before each name where all share one space system."""
        for packet in self._dictionary.telemetry.values():
            if packet.app == app.name:
                self._packet(packet, system, prefix)
        events = [event for event in self._dictionary.events.values() if event.app == app.name]
        if events:
            self._events(app, events, system, prefix)

    # ---------------------------------------------------------------- packets

    def _verification(self) -> None:
        """All verification reports are one container, whoever sends them, so that a verifier looks at one place."""
        apids = [entry.apid for entry in self._dictionary.telemetry.values() if entry.record is VerificationReport]
        if not apids:
            return
        writer = FieldWriter(self._root_types, plain=True)  # verifiers refer to parameters, not to parts of them
        writer.message(layout_of(VerificationReport), f"{REPORT}_")
        self._root.parameters += writer.definitions
        conditions = [
            element(
                "Condition",
                element("ParameterInstanceRef", parameterRef=APID),
                text_element("ComparisonOperator", "=="),
                text_element("Value", str(apid)),
            )
            for apid in apids
        ]
        either = element("ORedConditions", *conditions) if len(conditions) > 1 else conditions[0]
        base = element(
            "BaseContainer",
            element("RestrictionCriteria", element("BooleanExpression", either)),
            containerRef=TELEMETRY,
        )
        entries = element("EntryList", *writer.entries, element("ParameterRefEntry", parameterRef=ERROR_CONTROL))
        text = text_element("LongDescription", layout_of(VerificationReport).description)
        self._root.containers.append(
            element("SequenceContainer", text, entries, base, name=REPORT_CONTAINER, abstract=True)
        )

    def _packet(self, packet: TelemetryEntry, system: SpaceSystem, prefix: str) -> None:
        name = prefix + packet.name.partition(".")[2]
        layout = layout_of(packet.record)
        when = "on occasion" if packet.record.period_s is None else f"every {packet.record.period_s:g} s"
        if packet.record is VerificationReport:
            base = base_container(REPORT_CONTAINER, [comparison(APID, packet.apid)])
            system.containers.append(container(name, [], layout.description, base, short=when))
            return
        writer = FieldWriter(FieldTypes(self._table, system.key, Role.PARAMETER), plain=self._plain)
        text = layout.description
        try:
            writer.message(layout, f"{name}_")
        except XtceError as error:
            writer, text = self._opaque(packet.name, name, system, error), f"{text}\n\nWithout fields: {error}"
        base = base_container(TELEMETRY, [comparison(APID, packet.apid)])
        self._complete(name, writer, text, base, system, when)

    def _complete(
        self, name: str, writer: FieldWriter, text: str, base: ET.Element, system: SpaceSystem, short: str
    ) -> None:
        system.parameters += writer.definitions
        entries = [*writer.entries, element("ParameterRefEntry", parameterRef=ERROR_CONTROL)]
        system.containers.append(container(name, entries, text, base, short=short))

    def _opaque(self, entry: str, name: str, system: SpaceSystem, error: XtceError, taken: int = 0) -> FieldWriter:
        """The payload as octets without meaning, ``taken`` of which were described before."""
        self.opaque[entry] = error.problem
        writer = FieldWriter(FieldTypes(self._table, system.key, Role.PARAMETER), plain=self._plain)
        beside = TELEMETRY_PAYLOAD_OFFSET - PRIMARY_HEADER_OCTETS + CRC_OCTETS - 1 + taken
        size = type_elements.parameter_value(PACKET_LENGTH, 8, -8 * beside)
        writer.octets(f"{name}_payload", size, "all fields, as they travel")
        return writer

    # ---------------------------------------------------------------- events

    def _events(self, app: AppInterface, events: list[EventEntry], system: SpaceSystem, prefix: str) -> None:
        base, code = f"{prefix}{EVENT}", f"{prefix}{EVENT}_code"
        short, severity = f"{prefix}{EVENT}_short", f"{prefix}{EVENT}_severity"
        types = FieldTypes(self._table, system.key, Role.PARAMETER)
        names = FieldLayout(
            name=code, kind=Kind.ENUMERATION, wire=U8, labels={event.code: _name(event) for event in events}
        )
        flag = FieldLayout(name=short, kind=Kind.BOOLEAN, wire=Bits(1))
        labels = {member.value: member.name for member in Severity}
        degree = FieldLayout(name=severity, kind=Kind.ENUMERATION, wire=Bits(7), labels=labels)
        system.parameters += [
            parameter(code, types.shared(names, f"{app.name}_events"), f"which event of {app.name}"),
            parameter(short, types.shared(flag, "boolean_bits_1"), "whether the fields were left out"),
            parameter(severity, types.shared(degree, "Severity_bits_7"), "how much it matters"),
        ]
        entries = [element("ParameterRefEntry", parameterRef=name) for name in (code, short, severity)]
        of_app = base_container(TELEMETRY, [comparison(APID, app.apid)])
        system.containers.append(container(base, entries, f"Events of {app.name}", of_app, abstract=True))
        crc = element("ParameterRefEntry", parameterRef=ERROR_CONTROL)
        text = "An event of which only code and severity were sent"
        short_base = base_container(base, [comparison(short, 1, raw=True)])
        system.containers.append(container(f"{prefix}{SHORT_EVENT}", [crc], text, short_base))
        for event in events:
            self._event(event, (base, code, short, severity), system, prefix)

    def _event(self, event: EventEntry, names: tuple[str, str, str, str], system: SpaceSystem, prefix: str) -> None:
        base, code, short, severity = names
        name, layout = prefix + _name(event), layout_of(event.record)
        text = f"{layout.description}\n\n{event.record.severity.name}: {event.record.text}"
        writer = FieldWriter(FieldTypes(self._table, system.key, Role.PARAMETER), plain=self._plain)
        try:
            writer.message(layout, f"{name}_", ahead_octets=2)
        except XtceError as error:
            writer, text = self._opaque(event.name, name, system, error, 2), f"{text}\n\nWithout fields: {error}"
        conditions = [
            comparison(code, event.code, raw=True),
            comparison(short, 0, raw=True),
            comparison(severity, event.record.severity, raw=True),
        ]
        self._complete(name, writer, text, base_container(base, conditions), system, event.record.severity.name)

    # ---------------------------------------------------------------- the root

    def _bits(self, width: int) -> str:
        octets = width // 8
        wire = Bits(width) if width % 8 else _UNSIGNED_BY_OCTETS[octets]
        return self._root_types.of(FieldLayout(name="bits", kind=Kind.INTEGER, wire=wire), "")

    def _parameter(self, name: str, type_name: str, text: str) -> None:
        self._root.parameters.append(parameter(name, type_name, text))

    def _container(
        self,
        name: str,
        parameters: Iterable[str],
        text: str,
        *,
        base: tuple[str, list[ET.Element]] | None = None,
        abstract: bool = False,
    ) -> None:
        entries = [element("ParameterRefEntry", parameterRef=parameter) for parameter in parameters]
        inherited = base_container(*base) if base is not None else None
        self._root.containers.append(container(name, entries, text, inherited, abstract=abstract))


def parameter(name: str, type_name: str, text: str) -> ET.Element:
    """A parameter."""
    described = text_element("LongDescription", text)
    return element("Parameter", described, name=checked_name("Parameter", name), parameterTypeRef=type_name)


def container(
    name: str, entries: list[ET.Element], text: str, base: ET.Element | None, *, abstract: bool = False, short: str = ""
) -> ET.Element:
    """A container."""
    attributes = {
        "name": checked_name("SequenceContainer", name),
        "shortDescription": short or None,
        "abstract": True if abstract else None,
    }
    described = text_element("LongDescription", text)
    return element("SequenceContainer", described, element("EntryList", *entries), base, **attributes)


def base_container(name: str, conditions: list[ET.Element]) -> ET.Element:
    """What a container inherits from, and when."""
    together = conditions[0] if len(conditions) == 1 else element("ComparisonList", *conditions)
    return element("BaseContainer", element("RestrictionCriteria", together), containerRef=name)


def comparison(name: str, value: int, *, raw: bool = False) -> ET.Element:
    """A parameter equals a number; ``raw`` compares what travels."""
    return element("Comparison", parameterRef=name, value=int(value), useCalibratedValue=False if raw else None)


def _name(event: EventEntry) -> str:
    return event.name.partition(".")[2]
