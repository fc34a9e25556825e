"""Which container a packet is one of, among those that inherit from the same one.

Criteria are the ``RestrictionCriteria`` of the ``BaseContainer`` of XTCE's ``SequenceContainer``.

Where criteria compare numbers at fixed places with constants, one look-up answers for all containers; what is left is
asked one by one, once the entries in front have been read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce.budget import Budget
from tlm_cmd.xtce.fixed_places import Keys, Place, alternatives, extract, fixed_places, table_key
from tlm_cmd.xtce.model import Condition
from tlm_cmd.xtce.packet_decoder import guarded
from tlm_cmd.xtce.packet_model import Container
from tlm_cmd.xtce.packet_reader import PacketReader
from tlm_cmd.xtce.structures import entries_of

Select = Callable[..., Any]
"""``select(data, start, end)`` gives the numbers of the containers whose criteria hold."""


class Selection:
    """How to tell the containers that inherit from one apart.

    Attributes:
        select: gives the numbers of those whose criteria hold.
        keys: for each of them what must stand where, in each of the cases in which its criteria hold; None when that
            is not all that counts.
    """

    def __init__(
        self, parent: Container, children: Sequence[Container], containers: Mapping[str, Container], budget: Budget
    ) -> None:
        """Compile the selection.

        Args:
            parent: the container.
            children: those that inherit from it directly.
            containers: all by path.
            budget: what is left of the values that the file may have.

        Raises:
            XtceError: a criterion refers to what is not there.
        """
        places = fixed_places(parent, containers)
        self.keys: list[Keys | None] = [
            alternatives(child.condition, places) if child.condition is not None else None for child in children
        ]
        tables: dict[tuple[Place, ...], dict[Any, tuple[int, ...]]] = {}
        others: list[tuple[int, Condition]] = []
        always: list[int] = []
        for number, (child, keys) in enumerate(zip(children, self.keys, strict=True)):
            if child.condition is None:
                always.append(number)
            elif keys is None:
                others.append((number, child.condition))
            else:
                for key in keys:
                    where, values = table_key(key)
                    table = tables.setdefault(where, {})
                    table[values] = (*table.get(values, ()), number)
        reader = PacketReader(GeneratedSource(parent.path), parent.path, containers, raw=True, budget=budget)
        self.select = _select(parent, tables, (others, always), reader)


def _select(
    parent: Container,
    tables: Mapping[tuple[Place, ...], dict[Any, tuple[int, ...]]],
    rest: tuple[Sequence[tuple[int, Condition]], Sequence[int]],
    reader: PacketReader,
) -> Select:
    name, source, (others, always) = parent.path.rpartition("/")[2], reader.source, rest
    found = [f"{tuple(always)!r}"] if always else []
    needed = max((bit + width + 7 for places in tables for bit, width in places), default=0) // 8
    if needed:
        source.line(f"if start + {needed} > end: raise TooShortError({name!r}, {needed}, end - start)")
    for places, table in tables.items():
        found.append(f"{source.bind('table', table)}.get({extract(places)}, ())")
    if others:
        reader.entries(entries_of(parent.path, reader.containers))
        reader.close_run()
        tests = [f"({reader.scope.condition(condition)}, {number})" for number, condition in others]
        found.append(f"tuple([number for test, number in ({', '.join(tests)},) if test])")
    select: Select = guarded(source, name, " + ".join(found) or "()")
    return select
