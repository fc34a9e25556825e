"""XTCE's ``SpaceSystem`` under construction: what each holds, and how all become one document."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.markup import checked_name, element, group, text_element
from tlm_cmd.xtce.type_table import TypeTable


class SpaceSystem:
    """One space system and those within it.

    Attributes:
        name: its name; those of its parents are not part of it.
        key: how the tables of types know it: empty for the root.
        parameters: ``Parameter`` elements.
        containers: ``SequenceContainer`` elements.
        commands: ``MetaCommand`` elements.
        children: the space systems within.
    """

    def __init__(self, name: str, key: str, text: str = "") -> None:
        self.name, self.key, self._text = checked_name("SpaceSystem", name), key, text
        self.parameters: list[ET.Element] = []
        self.containers: list[ET.Element] = []
        self.commands: list[ET.Element] = []
        self.children: list[SpaceSystem] = []

    def made(
        self, parameter_types: TypeTable, argument_types: TypeTable, header: ET.Element | None = None
    ) -> ET.Element:
        """The element.

        Raises:
            XtceError: two things of one kind have one name.
        """
        types = [*parameter_types.of(self.key)]
        arguments = [*argument_types.of(self.key)]
        for kind in (types, self.parameters, self.containers, arguments, self.commands):
            _check_unique(kind)
        for child in self.children:
            _check_hidden(self.parameters, child.parameters)
            _check_hidden(self.containers, child.containers)
            _check_hidden(self.commands, child.commands)
        telemetry = [
            group("ParameterTypeSet", types),
            group("ParameterSet", self.parameters),
            group("ContainerSet", self.containers),
        ]
        commands = [group("ArgumentTypeSet", arguments), group("MetaCommandSet", self.commands)]
        return element(
            "SpaceSystem",
            text_element("LongDescription", self._text),
            header,
            group("TelemetryMetaData", [part for part in telemetry if part is not None]),
            group("CommandMetaData", [part for part in commands if part is not None]),
            *(child.made(parameter_types, argument_types) for child in self.children),
            name=self.name,
        )


def _check_unique(elements: list[ET.Element]) -> None:
    seen: dict[str, ET.Element] = {}
    for each in elements:
        name = each.get("name", "")
        if name in seen:
            raise XtceError(each.tag, name, 0, "two have this name")
        seen[name] = each


def _check_hidden(outer: list[ET.Element], inner: list[ET.Element]) -> None:
    """Refuse a name that would hide one of the space system around: a reference would then mean the wrong one.

    Raises:
        XtceError: a name stands in both.
    """
    names = {each.get("name") for each in outer}
    for each in inner:
        if each.get("name") in names:
            raise XtceError(each.tag, each.get("name", ""), 0, "the space system around has one of this name")
