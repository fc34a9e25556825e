"""Commands as XTCE's ``MetaCommand`` elements that inherit the header of all commands."""

from __future__ import annotations

from enum import IntEnum
from xml.etree import ElementTree as ET

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface, CommandEntry
from tlm_cmd.definition.field_layout import RecordLayout
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.packets.verification import VerificationReport
from tlm_cmd.xtce import type_elements
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.export_telemetry import APID, REPORT
from tlm_cmd.xtce.field_types import FieldTypes
from tlm_cmd.xtce.field_writer import FieldWriter
from tlm_cmd.xtce.markup import as_text, checked_name, element, group, text_element
from tlm_cmd.xtce.space_systems import SpaceSystem
from tlm_cmd.xtce.type_elements import Role
from tlm_cmd.xtce.type_table import ROOT, TypeTable
from tlm_cmd.xtce.verifiers import VerifierWindows, verifier_set

COMMAND = "CcsdsCommand"
"""The command that all others inherit from; its container is called the same."""
FUNCTION_CODE = "function_code"

_TELECOMMAND_WITH_SECONDARY_HEADER = "03"  # version 000, type 1, flag 1
_HEADER_TEXT = """\
Primary header (CCSDS 133.0-B-2) and secondary header of a command, as in NASA's core Flight System.
Sequence count, packet length and checksum are 0 here: what sends the command fills them in, the checksum last, so that
the XOR of all octets of the packet and 0xFF is 0."""


class CommandWriter:
    """Writes every command.

    Attributes:
        opaque: why the arguments of a command are written as octets without meaning, by the command's name.
    """

    def __init__(self, dictionary: Dictionary, types: TypeTable, root: SpaceSystem, windows: VerifierWindows) -> None:
        self.opaque: dict[str, str] = {}
        self._dictionary, self._table, self._root, self._windows = dictionary, types, root, windows

    def header(self) -> None:
        """Write what every command begins with, and how it is verified."""
        types = FieldTypes(self._table, ROOT, Role.ARGUMENT)
        arguments = [
            _argument(APID, types.fill(11), "application process identifier of the app that is commanded"),
            _argument(FUNCTION_CODE, types.fill(7), "which command of the app"),
        ]
        entries = element(
            "EntryList",
            _fixed("version_type_flag", _TELECOMMAND_WITH_SECONDARY_HEADER, 5),
            element("ArgumentRefEntry", argumentRef=APID),
            _fixed("sequence_flags", "03", 2),
            _fixed("sequence_count", "0000", 14),
            _fixed("packet_length", "0000", 16),
            _fixed("reserved", "00", 1),
            element("ArgumentRefEntry", argumentRef=FUNCTION_CODE),
            _fixed("checksum", "00", 8),
        )
        reports = any(entry.record is VerificationReport for entry in self._dictionary.telemetry.values())
        self._root.commands.append(
            element(
                "MetaCommand",
                text_element("LongDescription", _HEADER_TEXT),
                element("ArgumentList", *arguments),
                element("CommandContainer", entries, name=COMMAND),
                verifier_set(REPORT, self._windows) if reports else None,
                name=COMMAND,
                abstract=True,
            )
        )

    def app(self, app: AppInterface, system: SpaceSystem) -> None:
        """Write the commands of one app."""
        for command in self._dictionary.commands.values():
            if command.app == app.name:
                system.commands.append(self._command(command, system))

    def _command(self, command: CommandEntry, system: SpaceSystem) -> ET.Element:
        layout = layout_of(command.record)
        name, text = command.name.partition(".")[2], layout.description
        writer = FieldWriter(FieldTypes(self._table, system.key, Role.ARGUMENT))
        try:
            writer.message(layout, "", _defaults(layout))
        except XtceError as error:
            self.opaque[command.name] = error.problem
            writer, text = self._opaque(name, system), f"{text}\n\nWithout arguments: {error}"
        assignments = element(
            "ArgumentAssignmentList",
            element("ArgumentAssignment", argumentName=APID, argumentValue=str(command.apid)),
            element("ArgumentAssignment", argumentName=FUNCTION_CODE, argumentValue=str(command.code)),
        )
        container = element(
            "CommandContainer",
            element("EntryList", *writer.entries),
            element("BaseContainer", containerRef=COMMAND),
            name=name,
        )
        reason = " ".join(layout.description.partition("\n")[0].split())
        hazard = element(
            "DefaultSignificance", reasonForWarning=f"Hazardous, must be armed: {reason}", consequenceLevel="critical"
        )
        return element(
            "MetaCommand",
            text_element("LongDescription", text),
            element("BaseMetaCommand", assignments, metaCommandRef=COMMAND),
            group("ArgumentList", writer.definitions),
            container,
            hazard if command.record.hazardous else None,
            name=checked_name("MetaCommand", name),
        )

    def _opaque(self, name: str, system: SpaceSystem) -> FieldWriter:
        """All arguments as octets, whose number is an argument that does not travel."""
        types = FieldTypes(self._table, system.key, Role.ARGUMENT)
        writer = FieldWriter(types)
        writer.definitions.append(_argument("payload_octets", types.tail_octets(), "octets of the payload"))
        size = type_elements.parameter_value("payload_octets", 8, 0, Role.ARGUMENT)
        writer.octets("payload", size, f"all arguments of {name}, as they travel")
        return writer


def _argument(name: str, type_name: str, text: str) -> ET.Element:
    return element("Argument", text_element("LongDescription", text), name=name, argumentTypeRef=type_name)


def _fixed(name: str, octets: str, width: int) -> ET.Element:
    return element("FixedValueEntry", name=name, binaryValue=octets, sizeInBits=width)


def _defaults(layout: RecordLayout) -> dict[str, str]:
    """Defaults by argument; those of arrays and structures have no form in XTCE and must be given."""
    values = layout.python_class.__struct_defaults__
    fields = layout.fields[len(layout.fields) - len(values) :]
    texts = {field.name: _default(value) for field, value in zip(fields, values, strict=True)}
    return {name: text for name, text in texts.items() if text is not None}


def _default(value: object) -> str | None:
    match value:
        case IntEnum():
            return value.name
        case bool():
            return "True" if value else "False"  # oneStringValue and zeroStringValue of a type that names none
        case int() | float() | str():
            return as_text(value)
        case bytes():
            return value.hex()
    return None
