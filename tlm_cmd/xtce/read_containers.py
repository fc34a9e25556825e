"""Containers, and the entries that stand in them: XTCE's ``SequenceContainer`` and ``EntryList``."""

from __future__ import annotations

from tlm_cmd.xtce.model import Amount, Condition
from tlm_cmd.xtce.names import Definition, Named, Names
from tlm_cmd.xtce.packet_model import (
    Argument,
    Container,
    ContainerEntry,
    Entry,
    FixedEntry,
    Location,
    Parameter,
    ParameterEntry,
)
from tlm_cmd.xtce.read_conditions import ConditionReader
from tlm_cmd.xtce.read_types import TypeReader
from tlm_cmd.xtce.xml_document import Node

MAX_LOCATION_BITS = 8 * 65_542
"""No entry begins behind the largest packet."""
MAX_FIXED_BITS = 8 * 1024

_DESCRIBING = ("LongDescription", "AliasSet", "AncillaryDataSet", "DefaultRateInStream", "RateInStreamSet")
_PLACING = ("LocationInContainerInBits", "RepeatEntry", "IncludeCondition", "TimeAssociation", "AncillaryDataSet")


class ContainerReader:
    """Reads containers and what stands in them."""

    def __init__(self, names: Names, types: TypeReader) -> None:
        self._names, self._types = names, types
        self._parameters: dict[str, Parameter] = {}

    def container(self, definition: Definition) -> Container:
        """One container.

        Raises:
            XtceError: something in it is not supported, or refers to nothing.
        """
        node = definition.node
        if node.tag != "SequenceContainer":
            raise node.unsupported()
        node.only("EntryList", "BaseContainer", *_DESCRIBING)
        base, condition = "", None
        inherited = node.find("BaseContainer")
        if inherited is not None:
            inherited.only("RestrictionCriteria")
            base = self._names.get(Named.CONTAINER, inherited, "containerRef", definition.system).path
            criteria = inherited.find("RestrictionCriteria")
            if criteria is not None:
                condition = ConditionReader(self._names, definition.system).match(criteria)
        return Container(
            path=definition.path,
            entries=self.entries(node.one("EntryList"), definition.system),
            base=base,
            condition=condition,
            abstract=node.flag("abstract", default=False),
            description=described(node),
            line=node.line,
        )

    def entries(self, node: Node, system: str, arguments: dict[str, Argument] | None = None) -> tuple[Entry, ...]:
        """The entries of a container; ``arguments`` are those that a command's container can refer to."""
        return tuple(self._entry(entry, system, arguments or {}) for entry in node.children)

    def parameter(self, definition: Definition) -> Parameter:
        """One parameter."""
        known = self._parameters.get(definition.path)
        if known is None:
            node = definition.node
            if node.tag != "Parameter":
                raise node.unsupported()
            node.only("ParameterProperties", *_DESCRIBING)
            found = self._types.type_of(node, "parameterTypeRef", Named.PARAMETER_TYPE, definition.system)
            known = self._parameters[definition.path] = Parameter(definition.path, found, described(node))
        return known

    def _entry(self, node: Node, system: str, arguments: dict[str, Argument]) -> Entry:
        match node.tag:
            case "ParameterRefEntry" | "ArrayParameterRefEntry":
                node.only(*_PLACING)
                definition = self._names.get(Named.PARAMETER, node, "parameterRef", system)
                return self._placed(node, system, self.parameter(definition))
            case "ArgumentRefEntry" | "ArrayArgumentRefEntry":
                node.only(*_PLACING)
                argument = arguments.get(node.get("argumentRef"))
                if argument is None:
                    raise node.error(f"no argument is called {node.get('argumentRef')!r}")
                return self._placed(node, system, Parameter(argument.name, argument.type, argument.description))
            case "ContainerRefEntry":
                node.only(*_PLACING)
                found = self._names.get(Named.CONTAINER, node, "containerRef", system)
                location, condition, repeat = self._place(node, system)
                return ContainerEntry(
                    container=found.path, location=location, condition=condition, repeat=repeat, line=node.line
                )
            case "FixedValueEntry":
                return self._fixed(node)
        raise node.unsupported()

    def _placed(self, node: Node, system: str, parameter: Parameter) -> ParameterEntry:
        location, condition, repeat = self._place(node, system)
        return ParameterEntry(
            parameter=parameter, location=location, condition=condition, repeat=repeat, line=node.line
        )

    def _place(self, node: Node, system: str) -> tuple[Location | None, Condition | None, Amount | None]:
        conditions = ConditionReader(self._names, system)
        included, repeated = node.find("IncludeCondition"), node.find("RepeatEntry")
        repeat = None
        if repeated is not None:
            repeated.only("Count", "Offset")
            offset = repeated.find("Offset")
            if offset is not None and conditions.amount(offset).fixed != 0:
                raise offset.error("a gap between repetitions is not supported")
            repeat = conditions.amount(repeated.one("Count"))
        condition = conditions.match(included) if included is not None else None
        return _location(node), condition, repeat

    def _fixed(self, node: Node) -> FixedEntry:
        node.only()
        bits = node.integer("sizeInBits")
        if not 1 <= bits <= MAX_FIXED_BITS:
            raise node.error(f"sizeInBits is {bits}, allowed are 1 to {MAX_FIXED_BITS}")
        try:
            value = int.from_bytes(bytes.fromhex(node.get("binaryValue")), "big")
        except ValueError:
            raise node.error(f"binaryValue {node.get('binaryValue')[:80]!r} is not hexadecimal") from None
        return FixedEntry(value=value & ((1 << bits) - 1), bits=bits, name=node.name, line=node.line)


def _location(node: Node) -> Location | None:
    found = node.find("LocationInContainerInBits")
    if found is None:
        return None
    found.only("FixedValue")
    kind = found.attributes.get("referenceLocation", "previousEntry")
    fixed = found.one("FixedValue")
    bits = fixed.as_integer(fixed.text)
    if kind not in ("previousEntry", "containerStart"):
        raise found.error(f"referenceLocation {kind!r} is not supported")
    if not 0 <= bits <= MAX_LOCATION_BITS:
        raise found.error(f"{bits} bits are out of range, allowed are 0 to {MAX_LOCATION_BITS}")
    return Location(bits, from_start=kind == "containerStart")


def described(node: Node) -> str:
    """What an element says it means."""
    found = node.find("LongDescription")
    return found.text if found is not None else node.attributes.get("shortDescription", "")
