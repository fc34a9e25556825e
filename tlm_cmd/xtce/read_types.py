"""Types of parameters and of arguments: the elements of XTCE's ``ParameterTypeSet`` and ``ArgumentTypeSet``."""

from __future__ import annotations

from tlm_cmd.xtce.model import AggregateType, Amount, ArrayType, DataType, Ends, Nature, ScalarType
from tlm_cmd.xtce.names import Definition, Named, Names
from tlm_cmd.xtce.read_conditions import ConditionReader
from tlm_cmd.xtce.read_encodings import EncodingReader
from tlm_cmd.xtce.xml_document import Node

MAX_TYPE_DEPTH = 16
MAX_DIMENSIONS = 8
_TOO_DEEP = f"holds itself, or is more than {MAX_TYPE_DEPTH} types deep"
_DESCRIBING = ("LongDescription", "AliasSet", "AncillaryDataSet", "ToString")
_ENCODINGS = ("IntegerDataEncoding", "FloatDataEncoding", "StringDataEncoding", "BinaryDataEncoding")
_NATURES = {nature.value: nature for nature in Nature}


class TypeReader:
    """Reads types when they are first asked for.

    It knows how deep each of them is, and how deep the deepest one is within each that it is reading.

    Attributes:
        left_out: how many elements of each kind were passed over: monitoring that this package does not do.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._read: dict[tuple[Named, str], tuple[DataType, int]] = {}
        self._reading: dict[tuple[Named, str], int] = {}
        self.left_out: dict[str, int] = {}

    def type_of(self, node: Node, attribute: str, kind: Named, system: str) -> DataType:
        """The type that an attribute refers to.

        Raises:
            XtceError: there is none, or it is not supported.
        """
        return self.defined(self._names.get(kind, node, attribute, system), kind)

    def defined(self, definition: Definition, kind: Named) -> DataType:
        """The type that a definition defines.

        Raises:
            XtceError: it is not supported, holds itself, or is too deep.
        """
        key = (kind, definition.path)
        if key not in self._read:
            if key in self._reading or len(self._reading) >= MAX_TYPE_DEPTH:
                raise definition.node.error(_TOO_DEEP)
            self._reading[key] = 0
            found = self._type(definition, kind)
            self._read[key] = found, 1 + self._reading.pop(key)
        found, depth = self._read[key]
        if depth > MAX_TYPE_DEPTH:
            raise definition.node.error(_TOO_DEEP)
        if self._reading:
            holder = next(reversed(self._reading))
            self._reading[holder] = max(self._reading[holder], depth)
        return found

    def _type(self, definition: Definition, kind: Named) -> DataType:
        node = definition.node
        if "baseType" in node.attributes:
            raise node.error("baseType is not supported")
        nature = node.tag.removesuffix("ParameterType").removesuffix("ArgumentType")
        match nature:
            case "Array":
                return self._array(definition, kind)
            case "Aggregate":
                return self._aggregate(definition, kind)
            case _ if nature in _NATURES and node.tag != nature:
                return self._scalar(definition, _NATURES[nature])
        raise node.unsupported()

    def _array(self, definition: Definition, kind: Named) -> DataType:
        node = definition.node
        node.only("DimensionList", *_DESCRIBING)
        found = self.type_of(node, "arrayTypeRef", kind, definition.system)
        dimensions = list(node.one("DimensionList").children)
        if not 1 <= len(dimensions) <= MAX_DIMENSIONS:
            raise node.error(f"has {len(dimensions)} dimensions, allowed are 1 to {MAX_DIMENSIONS}")
        conditions = ConditionReader(self._names, definition.system)
        for dimension in reversed(dimensions):
            dimension.only("StartingIndex", "EndingIndex")
            start = conditions.amount(dimension.one("StartingIndex")).fixed
            end = conditions.amount(dimension.one("EndingIndex"))
            if start is None or end.cases:
                raise dimension.error("only a fixed start and an end that follows from one parameter are supported")
            count = Amount(end.reference, end.slope, end.intercept + 1 - start)
            found = ArrayType(definition.path, found, count)
        return found

    def _aggregate(self, definition: Definition, kind: Named) -> AggregateType:
        node = definition.node
        node.only("MemberList", *_DESCRIBING)
        members: dict[str, DataType] = {}
        for member in node.one("MemberList").children:
            member.only(*_DESCRIBING)
            if member.name in members:
                raise member.error("two members have this name")
            members[member.get("name")] = self.type_of(member, "typeRef", kind, definition.system)
        if not members:
            raise node.error("has no member")
        return AggregateType(definition.path, tuple(members.items()))

    def _scalar(self, definition: Definition, nature: Nature) -> ScalarType:
        node = definition.node
        timed = nature in (Nature.ABSOLUTE_TIME, Nature.RELATIVE_TIME)
        holder = node.find("Encoding") if timed else node
        conditions = ConditionReader(self._names, definition.system)
        encodings = EncodingReader(conditions)
        self._check_children(node, nature)
        wire = holder.find(*_ENCODINGS) if holder is not None else None
        encoding = encodings.encoding(wire) if wire is not None else None
        calibrator, contexts = encodings.calibrators(wire) if wire is not None else (None, ())
        if timed and holder is not None:
            calibrator = encodings.scale(holder, calibrator)
        description = node.find("LongDescription")
        return ScalarType(
            name=definition.path,
            nature=nature,
            encoding=encoding,
            calibrator=calibrator,
            contexts=contexts,
            labels=_labels(node) if nature is Nature.ENUMERATION else (),
            strings=(node.attributes.get("zeroStringValue", "False"), node.attributes.get("oneStringValue", "True")),
            valid=_valid(node),
            warning=_limits(node, "WarningRange"),
            critical=_limits(node, "CriticalRange"),
            unit=_unit(node),
            epoch=_epoch(node),
            description=description.text if description is not None else node.attributes.get("shortDescription", ""),
        )

    def _check_children(self, node: Node, nature: Nature) -> None:
        """Refuse what would change values, and count what only watches them."""
        known = {*_DESCRIBING, *_ENCODINGS, "UnitSet", "ValidRange", "ValidRangeSet", "SizeRangeInCharacters"}
        known |= {"EnumerationList"} if nature is Nature.ENUMERATION else set()
        known |= {"Encoding", "ReferenceTime"} if "Time" in nature.value else set()
        for child in node.children:
            if child.tag in ("DefaultAlarm", "ContextAlarmList"):
                for alarm in child.children:
                    if alarm.tag != "StaticAlarmRanges":
                        self.left_out[alarm.tag] = self.left_out.get(alarm.tag, 0) + 1
            elif child.tag not in known:
                raise child.error(f"within {node.tag} {node.name!r} is not supported")


def _labels(node: Node) -> tuple[tuple[int, int, str], ...]:
    labels = []
    listed = node.one("EnumerationList")
    for entry in listed.children:
        if entry.tag != "Enumeration":
            raise entry.unsupported()
        value = entry.integer("value")
        most = entry.integer("maxValue", value)
        if most < value:
            raise entry.error(f"maxValue {most} is less than value {value}")
        labels.append((value, most, entry.get("label")))
    if not labels:
        raise listed.error("has no Enumeration")
    return tuple(labels)


def _valid(node: Node) -> Ends | None:
    ranges = list(node.all("ValidRange"))
    for several in node.all("ValidRangeSet"):
        ranges += several.all("ValidRange")
    if len(ranges) > 1:
        raise node.error("more than one ValidRange is not supported")
    return _ends(ranges[0]) if ranges else None


def _limits(node: Node, level: str) -> Ends | None:
    alarm = node.find("DefaultAlarm")
    ranges = alarm.find("StaticAlarmRanges") if alarm is not None else None
    found = ranges.find(level) if ranges is not None else None
    if ranges is None or found is None or ranges.attributes.get("rangeForm", "outside") != "outside":
        return None
    return _ends(found)


def _ends(node: Node) -> Ends:
    lowest = node.attributes.get("minInclusive", node.attributes.get("minExclusive"))
    highest = node.attributes.get("maxInclusive", node.attributes.get("maxExclusive"))
    return Ends(
        _exact(node, lowest) if lowest is not None else None,
        _exact(node, highest) if highest is not None else None,
        lowest_excluded="minInclusive" not in node.attributes and lowest is not None,
        highest_excluded="maxInclusive" not in node.attributes and highest is not None,
    )


def _exact(node: Node, text: str) -> float:
    """A number, whole if it is written so: a float cannot tell large ones apart."""
    try:
        return node.as_integer(text)
    except ValueError:
        return node.as_number(text)


def _unit(node: Node) -> str:
    units = node.find("UnitSet")
    return " ".join(unit.text for unit in units.children if unit.text) if units is not None else ""


def _epoch(node: Node) -> str:
    reference = node.find("ReferenceTime")
    epoch = reference.find("Epoch") if reference is not None else None
    return epoch.text if epoch is not None else ""
