"""What each name in a document means: definitions by path, and references found as XTCE says.

A reference that begins with ``/`` is a path from the root; one with ``/`` or ``..`` in it starts at the space system it
stands in; a bare name is looked for there, then in each space system around (NameReferenceType of the schema).
"""

from __future__ import annotations

from enum import Enum, unique

import msgspec

from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import Reference
from tlm_cmd.xtce.xml_document import Node

NO_SIZE = "_yamcs_ignore"
"""A reference where XTCE demands one though nothing needs to be known."""


@unique
class Named(Enum):
    """What can be referred to; the values say so to people."""

    PARAMETER_TYPE = "parameter type"
    PARAMETER = "parameter"
    CONTAINER = "container"
    ARGUMENT_TYPE = "argument type"
    COMMAND = "command"


_SETS = {
    "ParameterTypeSet": Named.PARAMETER_TYPE,
    "ParameterSet": Named.PARAMETER,
    "ContainerSet": Named.CONTAINER,
    "CommandContainerSet": Named.CONTAINER,
    "ArgumentTypeSet": Named.ARGUMENT_TYPE,
    "MetaCommandSet": Named.COMMAND,
}
_SPACE_SYSTEM = ("TelemetryMetaData", "CommandMetaData", "SpaceSystem", "Header", "LongDescription", "AliasSet",
                 "AncillaryDataSet")  # fmt: skip


class Definition(msgspec.Struct, frozen=True):
    """Something with a name: where it stands and in which space system."""

    path: str
    system: str
    node: Node


class Names:
    """All definitions of a document.

    Attributes:
        left_out: how many elements of each kind were passed over because the caller wants it so.

    Raises:
        XtceError: two definitions have one name, or an element is not supported and not to be passed over.
    """

    def __init__(self, root: Node, without: frozenset[str] = frozenset()) -> None:
        if root.tag != "SpaceSystem":
            raise root.error("is no SpaceSystem")
        self.left_out: dict[str, int] = {}
        self._without = without
        self._by_kind: dict[Named, dict[str, Definition]] = {kind: {} for kind in Named}
        self._system(root, "")

    def all(self, kind: Named) -> dict[str, Definition]:
        """The definitions of a kind by path, in document order."""
        return self._by_kind[kind]

    def find(self, kind: Named, text: str, system: str) -> Definition | None:
        """What a reference from within a space system means, None when it means nothing."""
        known = self._by_kind[kind]
        if text.startswith("/"):
            return known.get(text)
        if "/" in text:
            found = known.get(_joined(system, text))
            if found is not None or text.startswith("."):
                return found
        while True:
            found = known.get(f"{system}/{text}")
            if found is not None or not system:
                return found
            system = system.rpartition("/")[0]

    def get(self, kind: Named, node: Node, attribute: str, system: str) -> Definition:
        """What an attribute of an element refers to.

        Raises:
            XtceError: nothing has this name.
        """
        text = node.get(attribute)
        found = self.find(kind, text, system)
        if found is None:
            raise node.error(f"no {kind.value} is called {text!r}")
        return found

    def reference(self, node: Node, system: str) -> Reference:
        """The parameter that a ``parameterRef`` means, and the way to a part of it.

        Raises:
            XtceError: an index or an instance other than the newest is asked for.
        """
        text = node.get("parameterRef")
        if "[" in text:
            raise node.error(f"{text!r} refers to an item of an array, which is not supported")
        if node.integer("instance", 0) != 0:
            raise node.error("an instance other than 0 is not supported")
        calibrated = node.flag("useCalibratedValue", default=True)
        members: tuple[str, ...] = ()
        path = text
        while True:
            found = self.find(Named.PARAMETER, path, system)
            if found is not None or path in ("", NO_SIZE):
                break
            cut = max(path.rfind("."), path.rfind("/"))
            if cut <= 0:
                break
            members, path = (path[cut + 1 :], *members), path[:cut]
        if found is None:
            return Reference(name=text, path="", calibrated=calibrated, line=node.line)
        return Reference(name=text, path=found.path, members=members, calibrated=calibrated, line=node.line)

    # ---------------------------------------------------------------- reading

    def _system(self, node: Node, parent: str) -> None:
        path = f"{parent}/{_name(node)}"
        for child in node.children:
            if child.tag not in _SPACE_SYSTEM:
                self._pass_over(child)
        for meta in node.children:
            if meta.tag in ("TelemetryMetaData", "CommandMetaData"):
                self._meta(meta, path)
        for child in node.all("SpaceSystem"):
            self._system(child, path)

    def _meta(self, meta: Node, system: str) -> None:
        for group in meta.children:
            kind = _SETS.get(group.tag)
            if kind is None:
                self._pass_over(group)
                continue
            known = self._by_kind[kind]
            for node in group.children:
                if node.tag in ("ParameterRef", "BlockMetaCommand", "MetaCommandRef"):
                    raise node.unsupported()
                path = f"{system}/{_name(node)}"
                if path in known:
                    raise node.error(f"line {known[path].node.line} defines a {kind.value} of this name already")
                known[path] = Definition(path, system, node)

    def _pass_over(self, node: Node) -> None:
        if node.tag not in self._without:
            raise XtceError(node.tag, node.name, node.line, "is not supported; it can be left out by the caller")
        self.left_out[node.tag] = self.left_out.get(node.tag, 0) + 1


def _name(node: Node) -> str:
    name = node.get("name")
    if not name or any(sign in name for sign in "./[]"):
        raise node.error("is no name in XTCE; it has none of . / [ ]")
    return name


def _joined(system: str, text: str) -> str:
    parts = system.split("/")[1:]
    for part in text.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
