"""The schema of XTCE 1.2, the dictionary of the reference mission, and documents made from their parts."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from importlib.util import find_spec
from math import ceil, floor, inf, isnan, nan
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lxml import etree

from flightsw.mission import Mission
from ops_tools.cli_commands.dictionary import default_mission
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.field_layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.fields import U8, Length, Number
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.xtce.database import XtceDatabase

XML_ATTRIBUTES = """\
<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<attribute name="base" type="anyURI"/>
</schema>
"""


class _Offline(etree.Resolver):
    """Gives the schema of ``xml:base``, which that of XTCE refers to by an address on the network."""

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        if system_url.endswith("xml.xsd"):
            return self.resolve_string(XML_ATTRIBUTES, context)
        return None


@pytest.fixture(scope="session")
def schema() -> etree.XMLSchema:
    """The schema of XTCE 1.2."""
    package = find_spec("space_packet_parser")
    if package is None or package.origin is None:
        pytest.skip("the schema comes with space-packet-parser")
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Offline())
    return etree.XMLSchema(etree.parse(Path(package.origin).parent / "xtce" / "schemas" / "SpaceSystem.xsd", parser))


@pytest.fixture(scope="session")
def reference() -> Dictionary:
    """The dictionary of the reference mission."""
    return Mission.load(default_mission()).dictionary


def agree(ours: Record, theirs: Any, prefix: str) -> list[str]:  # noqa: ANN401 - a class made for the file
    """Where a message of ours and one read by an imported file differ; a line for each field."""
    differences = []
    for field in layout_of(type(ours)).fields:
        value, name = getattr(ours, field.name), f"{prefix}{field.name}"
        if hasattr(theirs, name):
            found = getattr(theirs, name)
            if not _same(value, found):
                differences.append(f"{name}: {value!r} and {found!r}")
        elif isinstance(value, Record):
            differences += agree(value, theirs, f"{name}_")
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, Record):
                    differences += agree(item, theirs, f"{name}_{index}_")
                elif not _same(item, getattr(theirs, f"{name}_{index}")):
                    differences.append(f"{name}_{index}: {item!r}")
        else:
            differences.append(f"{name} is missing")
    return differences


def _same(ours: object, theirs: object) -> bool:
    match ours:
        case Record():
            return all(_same(getattr(ours, name), getattr(theirs, name)) for name in ours.__struct_fields__)
        case tuple():
            return isinstance(theirs, tuple) and len(ours) == len(theirs) and all(map(_same, ours, theirs))
        case IntEnum():
            return ours.name == theirs
        case bytes() if isinstance(theirs, str):  # octets within an array: a character for each
            return ours == theirs.encode("latin-1")
        case float() if isinstance(theirs, float) and isnan(ours):
            return isnan(theirs)
    return type(ours) is type(theirs) and ours == theirs


@pytest.fixture(scope="session")
def differences() -> Callable[[Record, Any, str], list[str]]:
    """Where a message of ours and one read by an imported file differ."""
    return agree


def drawn(layout: RecordLayout, random: Random) -> Any:  # noqa: ANN401 - a message of the layout's class
    """A message as it comes back from a decoder; ends of ranges are likely."""
    return layout.python_class(*(_drawn(field, random) for field in layout.fields))


def _drawn(field: FieldLayout, random: Random) -> object:
    if field.record is not None:
        return drawn(field.record, random)
    if field.enumeration is not None:
        return random.choice(list(field.enumeration))
    if field.extent is None:
        return _drawn_number(field, random)
    most = field.extent.count
    count = most if isinstance(field.extent, Length) else random.choice((0, 1, min(most, 5)))
    if field.item is not None:
        return tuple(_drawn(field.item, random) for _ in range(count))
    if field.kind is Kind.OCTETS:
        return random.randbytes(count)
    text = "".join(random.choice("aZ 0é€😀") for _ in range(count))
    return text.encode()[: min(count, most)].decode(errors="ignore")


def _drawn_number(field: FieldLayout, random: Random) -> float:
    wire, allowed = field.wire, field.allowed
    assert wire is not None
    if field.kind is Kind.BOOLEAN:
        return random.random() < 0.5
    lowest, highest = wire.lowest, wire.highest
    if field.calibration is not None:
        value = field.calibration.engineering(random.choice((0, 1, int(highest), int(lowest))))
        inside = allowed is None or allowed.lowest <= value <= allowed.highest
        return (
            value
            if inside or allowed is None
            else field.calibration.engineering(
                field.calibration.raw(allowed.lowest, wire if isinstance(wire, Number) else U8) + 1
            )
        )
    if allowed is not None:
        lowest, highest = max(lowest, allowed.lowest), min(highest, allowed.highest)
    if field.kind is Kind.INTEGER:
        low, high = ceil(lowest), floor(highest)
        return random.choice((low, high, random.randint(low, high)))
    if allowed is None:
        return random.choice((0.0, -1.5, inf, nan, float(random.randint(-9, 9))))
    return float(random.choice((ceil(max(lowest, -1e6)), floor(min(highest, 1e6)))))


@pytest.fixture(scope="session")
def draw() -> Callable[[RecordLayout, Random], Any]:
    """Draws messages."""
    return drawn


DOCUMENT = """\
<SpaceSystem xmlns="http://www.omg.org/spec/XTCE/20180204" name="s">
<TelemetryMetaData>
<ParameterTypeSet>
<IntegerParameterType name="u8"><IntegerDataEncoding sizeInBits="8"/></IntegerParameterType>
<IntegerParameterType name="u16"><IntegerDataEncoding sizeInBits="16"/></IntegerParameterType>
{types}
</ParameterTypeSet>
<ParameterSet>{parameters}</ParameterSet>
<ContainerSet>{containers}</ContainerSet>
</TelemetryMetaData>
{commands}
</SpaceSystem>
"""


def document_of(types: str = "", parameters: str = "", containers: str = "", commands: str = "") -> bytes:
    """A document; parameters are written ``name:type``, containers as XML or as names of parameters in order."""
    written = "".join(
        '<Parameter name="{}" parameterTypeRef="{}"/>'.format(*each.split(":")) for each in parameters.split()
    )
    if "<" not in containers:
        entries = "".join(f'<ParameterRefEntry parameterRef="{name}"/>' for name in containers.split())
        containers = f'<SequenceContainer name="p"><EntryList>{entries}</EntryList></SequenceContainer>'
    return DOCUMENT.format(types=types, parameters=written, containers=containers, commands=commands).encode()


@pytest.fixture(scope="session")
def document() -> Callable[..., bytes]:
    """Makes documents from their parts."""
    return document_of


@pytest.fixture(scope="session")
def loaded() -> Callable[..., XtceDatabase]:
    """Loads documents from their parts."""
    return lambda *parts, **named: XtceDatabase(document_of(*parts, **named))
