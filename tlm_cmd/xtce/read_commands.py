"""Commands: XTCE's ``MetaCommand`` with the arguments, the values and the containers that it inherits."""

from __future__ import annotations

from tlm_cmd.xtce.names import Definition, Named, Names
from tlm_cmd.xtce.packet_model import Argument, Entry, MetaCommand
from tlm_cmd.xtce.read_containers import ContainerReader, described
from tlm_cmd.xtce.read_types import TypeReader
from tlm_cmd.xtce.xml_document import Node

MAX_INHERITED = 16

WATCHING = ("VerifierSet", "TransmissionConstraintList", "ContextSignificanceList", "Interlock", "ParameterToSetList",
            "ParametersToSuspendAlarmsOnSet")  # fmt: skip
"""Elements that watch a command, or say when to send it: they are passed over."""

_DESCRIBING = ("LongDescription", "AliasSet", "AncillaryDataSet", "SystemName")


class CommandReader:
    """Reads commands.

    Attributes:
        left_out: how many elements of each kind were passed over: what watches a command, or says when to send it.
    """

    def __init__(self, names: Names, types: TypeReader, containers: ContainerReader) -> None:
        self.left_out: dict[str, int] = {}
        self._names, self._types, self._containers = names, types, containers

    def command(self, definition: Definition) -> MetaCommand:
        """One command.

        Raises:
            XtceError: something in it is not supported, or refers to nothing.
        """
        lineage = self._lineage(definition)
        for each in lineage:
            self._check(each.node, own=each is definition)
        arguments: dict[str, Argument] = {}
        assigned: dict[str, str] = {}
        significance = ("", "")
        for each in lineage:
            self._assignments(each.node, arguments, assigned)
            self._arguments(each, arguments)
            level = each.node.find("DefaultSignificance")
            if level is not None:
                level_name = level.attributes.get("consequenceLevel", "normal")
                significance = (level_name, level.attributes.get("reasonForWarning", ""))
        node = definition.node
        return MetaCommand(
            path=definition.path,
            arguments=tuple(arguments.values()),
            assigned=assigned,
            entries=self._entries(lineage, arguments),
            abstract=node.flag("abstract", default=False),
            significance=significance,
            description=described(node),
            line=node.line,
        )

    def _lineage(self, definition: Definition) -> list[Definition]:
        """The command and those it inherits from, the first one first."""
        lineage = [definition]
        while (base := lineage[0].node.find("BaseMetaCommand")) is not None:
            found = self._names.get(Named.COMMAND, base, "metaCommandRef", lineage[0].system)
            if found in lineage or len(lineage) >= MAX_INHERITED:
                raise base.error(f"inherits from itself, or from more than {MAX_INHERITED} commands")
            lineage.insert(0, found)
        return lineage

    def _check(self, node: Node, *, own: bool) -> None:
        if node.tag != "MetaCommand":
            raise node.unsupported()
        for child in node.children:
            if child.tag in WATCHING:
                self.left_out[child.tag] = self.left_out.get(child.tag, 0) + own
            elif child.tag not in (*_DESCRIBING, "BaseMetaCommand", "ArgumentList", "CommandContainer",
                                   "DefaultSignificance"):  # fmt: skip
                raise child.error(f"within {node.tag} {node.name!r} is not supported")

    def _assignments(self, node: Node, arguments: dict[str, Argument], assigned: dict[str, str]) -> None:
        base = node.find("BaseMetaCommand")
        listed = base.find("ArgumentAssignmentList") if base is not None else None
        for assignment in listed.children if listed is not None else ():
            name = assignment.get("argumentName")
            if name not in arguments:
                raise assignment.error(f"no argument is called {name!r}")
            assigned[name] = assignment.get("argumentValue")

    def _arguments(self, definition: Definition, arguments: dict[str, Argument]) -> None:
        listed = definition.node.find("ArgumentList")
        for node in listed.children if listed is not None else ():
            name = node.get("name")
            if node.tag != "Argument" or name in arguments:
                raise node.error("is no Argument, or its name is taken")
            found = self._types.type_of(node, "argumentTypeRef", Named.ARGUMENT_TYPE, definition.system)
            arguments[name] = Argument(name, found, node.attributes.get("initialValue"), described(node))

    def _entries(self, lineage: list[Definition], arguments: dict[str, Argument]) -> tuple[Entry, ...]:
        """The entries of the command's own container, behind those of the containers that it inherits from."""
        entries: tuple[Entry, ...] = ()
        names: dict[str, tuple[Entry, ...]] = {}
        for each in lineage:
            container = each.node.find("CommandContainer")
            if container is None:
                continue
            container.only("EntryList", "BaseContainer", *_DESCRIBING)
            before: tuple[Entry, ...] = ()
            base = container.find("BaseContainer")
            if base is not None:
                inherited = names.get(base.get("containerRef").rpartition("/")[2])
                if inherited is None:
                    raise base.error(f"{base.get('containerRef')!r} is no container of a command that is inherited")
                before = inherited
            entries = before + self._containers.entries(container.one("EntryList"), each.system, arguments)
            names[container.name] = entries
        return entries
