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


@cache
def structure(name: str, fields: tuple[str, ...]) -> type[msgspec.Struct]:
    """A frozen class with such fields; what is no identifier in Python becomes one."""
    names: list[str] = []
    for field in fields:
        identifier = re.sub(r"\W", "_", field)
        if not identifier.isidentifier() or identifier.startswith("__"):
            identifier = f"p_{identifier}"
        while identifier in names or iskeyword(identifier):
            identifier = f"{identifier}_"
        names.append(identifier)
    made: type[msgspec.Struct] = msgspec.defstruct(re.sub(r"\W", "_", name), names, frozen=True, gc=False)
    return made
