"""From the root container to the one that a packet is: step by step, and in one look-up where that is possible.

XTCE's containers make a tree by their ``BaseContainer``; those that are ``abstract`` are no packets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce.dispatch import Select, Selection
from tlm_cmd.xtce.fixed_places import Key, Place, extract, table_key


class Step:
    """A container on the way.

    Attributes:
        path: its path.
        packet: what describes packets of it, None when it is abstract.
        children: those that inherit from it.
        selection: how to tell them apart, None when there are none.
    """

    __slots__ = ("children", "packet", "path", "selection")

    def __init__(self, path: str, packet: Any, children: tuple[Step, ...], selection: Selection | None) -> None:  # noqa: ANN401 - whatever the caller gives it
        self.path, self.packet, self.children, self.selection = path, packet, children, selection


def compile_find(root: Step) -> Select:
    """``find(data, start, end)``: the step that one look-up leads to, None when the way must be walked.

    It never gives a step that the walk would not come by, and none where two are possible.
    """
    tables: dict[tuple[Place, ...], dict[Any, Step]] = {}
    twice: list[tuple[tuple[Place, ...], Any]] = []
    wheres: dict[tuple[Place, ...], list[Key]] = {}
    for key, step in _leads(root):
        places, values = table_key(key)
        table = tables.setdefault(places, {})
        if values in table:
            twice.append((places, values))
        table[values] = step
        wheres.setdefault(places, []).append(key)
    for places, values in twice:
        tables[places].pop(values, None)
    source = GeneratedSource(root.path)
    if not _exclude_each_other(list(wheres.values())):
        tables = {}
    source.lines = ["try:"]
    for places, table in tables.items():
        bound = source.bind("table", table)
        source.line(f"    step = {bound}.get({extract(places)})")
        source.line("    if step is not None: return step")
    source.lines += ["    pass", "except IndexError: pass"]
    find: Select = source.function("find(data, start, end)", [*source.lines, "return None"])
    return find


def _leads(step: Step) -> Iterator[tuple[Key, Step]]:
    """What must stand where for a packet to come by a step; abstract ones lead on to those that inherit from them."""
    if step.selection is None or any(keys is None for keys in step.selection.keys):
        return
    for child, keys in zip(step.children, step.selection.keys, strict=True):
        further = list(_leads(child)) if child.packet is None else []
        for key in keys or ():
            if not further:
                yield key, child
            for inner, target in further:
                if all(key.get(place, value) == value for place, value in inner.items()):
                    yield key | inner, target


def _exclude_each_other(tables: list[list[Key]]) -> bool:
    """Whether no packet can be found in two tables: what they have in common differs."""
    for index, one in enumerate(tables):
        for other in tables[index + 1 :]:
            common = sorted(one[0].keys() & other[0].keys())
            first = {tuple(key[place] for place in common) for key in one}
            if any(tuple(key[place] for place in common) in first for key in other):
                return False
    return True
