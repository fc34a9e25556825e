"""What a dictionary that was written to a file has otherwise than the mission's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

MAX_VALUE_CHARACTERS = 60
"""Longer values are cut off."""
_KINDS = ("commands", "telemetry", "events")

if TYPE_CHECKING:
    from tlm_cmd.xtce.database import XtceDatabase
    from tlm_cmd.xtce.packet_model import Container, MetaCommand
    from tlm_cmd.xtce.xml_document import Node


def is_dictionary(document: object) -> bool:
    """Whether a document of JSON is one of a dictionary: it has the lists that each of them has."""
    return isinstance(document, dict) and all(isinstance(document.get(kind), list) for kind in _KINDS)


def compare(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """What a dictionary's document has that another has not, or has otherwise; one line each."""
    differences: list[str] = []
    for key in sorted({*found, *expected}):
        mine, theirs = found.get(key), expected.get(key)
        if isinstance(mine, list) and isinstance(theirs, list):
            differences += _compare_entries(key, mine, theirs)
        elif mine != theirs:
            differences.append(f"{key}: {_short(mine)} in the file, {_short(theirs)} in the mission")
    return differences


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters; three dots say that it was longer."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def described(database: XtceDatabase, data: bytes) -> dict[str, Any]:
    """What an XTCE file says of packets and commands, in the form of a dictionary's document.

    Args:
        database: as it was loaded.
        data: the file; verifiers, and whatever else watches a command, stand there only.
    """
    watching = _watching(data)
    return {
        "telemetry": [_described(each, "fields") for each in database.containers.values()],
        "commands": [_described(each, "layout") | watching[path] for path, each in database.commands.items()],
    }


def first_difference(found: bytes, expected: bytes) -> str:
    """Where a file first differs from another, for people."""
    pairs = enumerate(zip(found, expected, strict=False))
    octet = next((n for n, (mine, theirs) in pairs if mine != theirs), min(len(found), len(expected)))
    line = found.count(b"\n", 0, octet) + 1
    return f"octet {octet}, line {line}"


def _described(entry: Container | MetaCommand, entries: str) -> dict[str, Any]:
    """An entry without its place in the file, named as people do: ``POWER.POWER_STATUS``."""
    fields = _without_lines(msgspec.to_builtins(entry))
    _, _, *systems, name = fields.pop("path").split("/")
    named = ".".join([*(system.upper() for system in systems), name])
    return {"name": named, entries: fields.pop("entries"), **fields}


def _watching(data: bytes) -> dict[str, dict[str, Any]]:
    """What the database passes over of each command, by path and element."""
    from tlm_cmd.xtce.names import Named, Names  # noqa: PLC0415 - only what is run is loaded
    from tlm_cmd.xtce.read_commands import WATCHING  # noqa: PLC0415 - the same
    from tlm_cmd.xtce.xml_document import parse_document  # noqa: PLC0415 - the same

    definitions = Names(parse_document(data)).all(Named.COMMAND)
    return {
        path: {tag: elements for tag in WATCHING if (elements := [_plain(each) for each in definition.node.all(tag)])}
        for path, definition in definitions.items()
    }


def _plain(node: Node) -> tuple[Any, ...]:
    return node.tag, node.attributes, node.text, [_plain(child) for child in node.children]


def _without_lines(value: Any) -> Any:  # noqa: ANN401 - any value of a document
    if isinstance(value, dict):
        return {name: _without_lines(item) for name, item in value.items() if name != "line"}
    return [_without_lines(item) for item in value] if isinstance(value, list | tuple) else value


def _short(value: object) -> str:
    return shortened(repr(value), MAX_VALUE_CHARACTERS)


def _compare_entries(kind: str, found: list[Any], expected: list[Any]) -> list[str]:
    mine, theirs = _by_name(found), _by_name(expected)
    differences = [f"{kind}: {name} is only in the file" for name in mine if name not in theirs]
    differences += [f"{kind}: {name} is only in the mission" for name in theirs if name not in mine]
    for name, entry in mine.items():
        other = theirs.get(name, entry)
        if entry != other:
            parts = [key for key in sorted({*entry, *other}) if entry.get(key) != other.get(key)]
            differences.append(f"{kind}: {name} differs in {', '.join(parts)}")
    return differences


def _by_name(entries: list[Any]) -> dict[str, dict[str, Any]]:
    return {str(entry.get("name")): entry for entry in entries if isinstance(entry, dict)}
