"""The schema of XTCE 1.2, as it comes with space-packet-parser, and the dictionary of the reference mission."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree

from flightsw.mission import Mission
from ops_tools.cli_commands.dictionary import default_mission
from tlm_cmd.definition.dictionary import Dictionary

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
