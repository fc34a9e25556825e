"""What an XTCE file says of packets: parameters, containers, commands (CCSDS 660.0-B-2).

References are resolved: everything here knows the things it refers to by their path, ``/system/name``.
"""

from __future__ import annotations

import msgspec

from tlm_cmd.xtce.model import Amount, Condition, DataType


class Parameter(msgspec.Struct, frozen=True):
    """A parameter, known by its path."""

    path: str
    type: DataType
    description: str = ""

    @property
    def name(self) -> str:
        """Its name without its space system."""
        return self.path.rpartition("/")[2]


class Location(msgspec.Struct, frozen=True):
    """Where an entry begins: bits from the begin of the container, or behind the entry before."""

    bits: int
    from_start: bool


class ParameterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter, or an argument, in a container."""

    parameter: Parameter
    location: Location | None = None
    condition: Condition | None = None
    repeat: Amount | None = None
    line: int = 0


class ContainerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A container in a container; ``name`` is that of the field when it repeats."""

    container: str
    location: Location | None = None
    condition: Condition | None = None
    repeat: Amount | None = None
    line: int = 0


class FixedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Bits that are always the same."""

    value: int
    bits: int
    name: str = ""
    line: int = 0


Entry = ParameterEntry | ContainerEntry | FixedEntry


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container.

    Attributes:
        path: its path.
        entries: what it adds to its base.
        base: path of the container that it inherits from, empty when there is none.
        condition: when a packet of the base is one of this.
        abstract: whether only those that inherit from it are packets.
        description: what it means.
        line: where it stands.
    """

    path: str
    entries: tuple[Entry, ...]
    base: str = ""
    condition: Condition | None = None
    abstract: bool = False
    description: str = ""
    line: int = 0


class Argument(msgspec.Struct, frozen=True):
    """An argument of a command; ``default`` is as written, None when it must be given."""

    name: str
    type: DataType
    default: str | None = None
    description: str = ""


class MetaCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command with everything that it inherits.

    Attributes:
        path: its path.
        arguments: its own and those of its bases that no assignment fixes, in order.
        assigned: values of arguments of its bases, as written.
        entries: what its packet holds, in order.
        abstract: whether it is only there to be inherited from.
        significance: consequence level and reason, empty for normal commands.
        description: what it means.
        line: where it stands.
    """

    path: str
    arguments: tuple[Argument, ...]
    assigned: dict[str, str]
    entries: tuple[Entry, ...]
    abstract: bool = False
    significance: tuple[str, str] = ("", "")
    description: str = ""
    line: int = 0
