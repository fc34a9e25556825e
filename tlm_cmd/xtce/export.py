"""The mission dictionary as an XTCE 1.2 document (CCSDS 660.0-B-2)."""

from __future__ import annotations

from enum import Enum, unique
from xml.etree import ElementTree as ET

import msgspec

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.xtce.export_commands import CommandWriter
from tlm_cmd.xtce.export_telemetry import TelemetryWriter
from tlm_cmd.xtce.markup import element, serialise
from tlm_cmd.xtce.space_systems import SpaceSystem
from tlm_cmd.xtce.type_table import ROOT, TypeTable
from tlm_cmd.xtce.verifiers import VerifierWindows


@unique
class Form(Enum):
    """How much of XTCE the reader must understand."""

    NESTED = "nested"
    """A space system per app, structures, arrays, texts behind their lengths, commands and their verifiers."""
    PLAIN = "plain"
    """Telemetry only, all in one space system, with neither structures nor arrays: names are longer instead."""


class Exported(msgspec.Struct, frozen=True):
    """A document, and what it could not say.

    Attributes:
        text: the XML.
        opaque: why the fields of a message stand in it as octets without meaning, by the message's name.
    """

    text: str
    opaque: dict[str, str]


def export(dictionary: Dictionary, form: Form = Form.NESTED, windows: VerifierWindows | None = None) -> Exported:
    """Write a dictionary as XTCE; the same dictionary always gives the same text.

    Args:
        dictionary: the mission's.
        form: for which reader.
        windows: how long commands may take to each stage of their verification.

    Raises:
        XtceError: a name that XTCE cannot carry, or two that come to be the same.
    """
    plain = form is Form.PLAIN
    root = SpaceSystem(dictionary.mission, ROOT, f"Commands and telemetry of {dictionary.mission}")
    parameter_types, argument_types = TypeTable(), TypeTable()
    telemetry = TelemetryWriter(dictionary, parameter_types, root, plain=plain)
    commands = CommandWriter(dictionary, argument_types, root, windows or VerifierWindows())
    telemetry.headers()
    if not plain and dictionary.commands:
        commands.header()
    for app in dictionary.apps:
        if plain:
            telemetry.app(app, root, f"{app.name.upper()}_")
            continue
        system = SpaceSystem(app.name, app.name, f"The app {app.name}, APID 0x{app.apid:03x}")
        root.children.append(system)
        telemetry.app(app, system, "")
        commands.app(app, system)
    document = root.made(parameter_types, argument_types, _header(dictionary))
    return Exported(serialise(document), telemetry.opaque | commands.opaque)


def _header(dictionary: Dictionary) -> ET.Element:
    """Which dictionary it is: the version is its content hash, which flight and ground compare on contact."""
    return element("Header", version=dictionary.content_hash, validationStatus="Working")
