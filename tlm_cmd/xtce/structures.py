"""Classes of messages, and what XTCE containers hold with all that they inherit by ``BaseContainer``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from keyword import iskeyword

import msgspec

from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.packet_model import Container, Entry


def entries_of(path: str, containers: Mapping[str, Container], line: int = 0) -> tuple[Entry, ...]:
    """The entries of a container, those that it inherits first.

    Raises:
        XtceError: it inherits from itself.
    """
    entries: tuple[Entry, ...] = ()
    seen: list[str] = []
    while path:
        if path in seen:
            raise XtceError("SequenceContainer", path, line, "inherits from itself")
        seen.append(path)
        container = containers[path]
        entries, path = container.entries + entries, container.base
    return entries


class DistinctNames:
    """Gives out names, no two of them equal: the second ``x`` becomes ``x_2``, and so on."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._numbers: dict[str, int] = {}

    def give(self, name: str) -> str:
        """The name, or with the next number behind it what nothing else is called."""
        found, number = name, self._numbers.get(name, 1)
        while found in self._given:
            number += 1
            found = f"{name}_{number}"
        self._numbers[name] = number
        self._given.add(found)
        return found


@cache
def structure(name: str, fields: tuple[str, ...]) -> type[msgspec.Struct]:
    """A frozen class with such fields; what is no identifier in Python becomes one, and equal ones are numbered."""
    distinct, names = DistinctNames(), []
    for field in fields:
        identifier = re.sub(r"\W", "_", field)
        if not identifier.isidentifier() or identifier.startswith("__"):
            identifier = f"p_{identifier}"
        names.append(distinct.give(f"{identifier}_" if iskeyword(identifier) else identifier))
    made: type[msgspec.Struct] = msgspec.defstruct(re.sub(r"\W", "_", name), names, frozen=True, gc=False)
    return made
