"""Which XTCE types there are, each written once, in the space system that uses it or in the root when several do."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

ROOT = ""
"""Where types stand that several space systems use."""


class TypeTable:
    """Gives names to types; equal types share one.

    A name means one type wherever it is seen from, so that references need no paths.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._elements: dict[str, ET.Element] = {}
        self._users: dict[str, set[str]] = {}
        self._pinned: dict[tuple[str, str], ET.Element] = {}

    def shared(self, system: str, made: ET.Element, hint: str) -> str:
        """The name of a type that refers to no parameter.

        Args:
            system: the space system that uses it.
            made: the type, without a name.
            hint: the name it would like; another type of this name makes it ``hint_2`` and so on.
        """
        key = (made.tag, ET.tostring(made, encoding="unicode"))
        name = self._names.get(key)
        if name is None:
            name = self._free(hint, lambda name: name in self._elements or any(name == pin for _, pin in self._pinned))
            self._names[key] = name
            self._elements[name] = _named(made, name)
        self._users.setdefault(name, set()).add(system)
        return name

    def pinned(self, system: str, made: ET.Element, hint: str) -> str:
        """The name of a type that refers to a parameter of a space system, and therefore stands beside it."""
        name = self._free(hint, lambda name: name in self._elements or (system, name) in self._pinned)
        self._pinned[system, name] = _named(made, name)
        return name

    def of(self, system: str) -> list[ET.Element]:
        """The types that stand in a space system, or in the root (`ROOT`), in the order of their first use.

        A shared type stands behind the types that it refers to.
        """
        found = []
        for name, made in self._elements.items():
            users = self._users[name]
            home = next(iter(users)) if len(users) == 1 else ROOT
            if home == system:
                found.append(made)
        return found + [made for (home, _), made in self._pinned.items() if home == system]

    def _free(self, hint: str, taken: Callable[[str], bool]) -> str:
        name, number = hint, 1
        while taken(name):
            number += 1
            name = f"{hint}_{number}"
        return name


def _named(made: ET.Element, name: str) -> ET.Element:
    attributes = dict(made.attrib)
    made.attrib.clear()
    made.attrib.update({"name": name} | attributes)
    return made
