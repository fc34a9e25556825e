"""An XTCE file, loaded: packets to named values, commands to octets, by functions compiled when it was loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tlm_cmd.definition.decoder import DecodeFunction
from tlm_cmd.errors import ProtocolError, WrongValueError
from tlm_cmd.xtce.budget import Budget
from tlm_cmd.xtce.command_encoder import CommandEncoder
from tlm_cmd.xtce.dispatch import Selection
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.names import Named, Names
from tlm_cmd.xtce.packet_decoder import Rest, compile_packet
from tlm_cmd.xtce.packet_model import Container, MetaCommand
from tlm_cmd.xtce.packet_tree import Step, compile_find
from tlm_cmd.xtce.read_commands import CommandReader
from tlm_cmd.xtce.read_containers import ContainerReader
from tlm_cmd.xtce.read_types import TypeReader
from tlm_cmd.xtce.xml_document import parse_document

MAX_INHERITANCE = 32


class UnknownPacketError(ProtocolError):
    """A packet that no container describes.

    Attributes:
        container: the container that it is one of, but which is abstract.
    """

    def __init__(self, container: str) -> None:
        super().__init__(f"no container that inherits from {container} describes this packet")
        self.container = container


class PacketType(msgspec.Struct, frozen=True):
    """One container that packets can be of.

    Attributes:
        container: what the file says of it.
        fields: names of the values, as the file has them; in messages, what is no identifier in Python is ``_``.
        decode: octets to a message of engineering values.
        decode_raw: octets to a message of raw values.
    """

    container: Container
    fields: tuple[str, ...]
    decode: DecodeFunction
    decode_raw: DecodeFunction

    @property
    def name(self) -> str:
        """Its path."""
        return self.container.path


class XtceDatabase:
    """All that an XTCE file describes.

    Attributes:
        containers: what the file says of containers, by path.
        packets: containers that packets can be of, by path.
        commands: what the file says of commands, by path.
        encoders: encoders of commands that are not abstract, by path.
        left_out: how many elements of each kind do nothing here: alarms that depend on more than limits, verifiers,
            constraints, and what the caller left out.
    """

    def __init__(self, data: bytes, *, root: str = "", rest: Rest = Rest.REFUSE, without: Iterable[str] = ()) -> None:
        """Read and compile a document.

        Args:
            data: its octets.
            root: path or name of the container that packets begin with; by default the one that inherits from none
                and from which others inherit.
            rest: what becomes of octets behind the last entry of a packet.
            without: element sets that may be passed over, such as ``AlgorithmSet``; others that are not supported
                are refused.

        Raises:
            XtceError: something is not supported, or wrong; the error names the element, its name and its line.
            FieldRangeError: the document is too large.
        """
        names = Names(parse_document(data), frozenset(without))
        types = TypeReader(names)
        reader = ContainerReader(names, types)
        commands = CommandReader(names, types, reader)
        self._rest, self._budget = rest, Budget()
        self.containers: dict[str, Container] = {
            path: reader.container(definition) for path, definition in names.all(Named.CONTAINER).items()
        }
        self.commands: dict[str, MetaCommand] = {
            path: commands.command(definition) for path, definition in names.all(Named.COMMAND).items()
        }
        for definition in names.all(Named.PARAMETER).values():
            reader.parameter(definition)
        for kind in (Named.PARAMETER_TYPE, Named.ARGUMENT_TYPE):
            for definition in names.all(kind).values():
                types.defined(definition, kind)
        self.left_out = _added(names.left_out, types.left_out, commands.left_out)
        self.packets: dict[str, PacketType] = {}
        self._children: dict[str, list[Container]] = {}
        for container in self.containers.values():
            self._children.setdefault(container.base, []).append(container)
        self._root = self._tree(root) if self.containers else None
        self._find = compile_find(self._root) if self._root is not None else None
        self.encoders: dict[str, CommandEncoder] = {
            path: CommandEncoder(command, self._budget)
            for path, command in self.commands.items()
            if not command.abstract
        }

    # ---------------------------------------------------------------- telemetry

    def identify(self, data: bytes | bytearray | memoryview, start: int = 0, end: int | None = None) -> PacketType:
        """Which packet the octets are.

        The packet stands in octets ``start`` to before ``end`` of ``data``, to its end if None.

        Raises:
            UnknownPacketError: no container describes them.
            WrongValueError: more than one does.
            ProtocolError: they are too short to tell.
        """
        step = self._find(data, start, end) if self._find is not None else None
        if step is None or step.selection is not None or step.packet is None:
            step = self._walk(data, start, end)
        packet: PacketType = step.packet
        return packet

    def _walk(self, data: bytes | bytearray | memoryview, start: int, end: int | None) -> Step:
        """The container that a packet is, from the root down.

        Raises:
            UnknownPacketError: the document has no container, or the packet comes to an abstract one and no further.
            WrongValueError: it fits several containers that inherit from the same one.
        """
        step = self._root
        if step is None:
            raise UnknownPacketError("the document")
        while step.selection is not None:
            found = step.selection.select(data, start, end)
            if not found:
                break
            if len(found) > 1:
                paths = ", ".join(step.children[number].path for number in found)
                raise WrongValueError("packet", paths, "one container")
            step = step.children[found[0]]
        if step.packet is None:
            raise UnknownPacketError(step.path)
        return step

    def decode(
        self, data: bytes | bytearray | memoryview, start: int = 0, end: int | None = None
    ) -> tuple[PacketType, Any]:
        """A packet as a message of engineering values, and which packet it is.

        The packet stands in octets ``start`` to before ``end`` of ``data``, to its end if None.

        Raises:
            UnknownPacketError: no container describes it.
            ProtocolError: it does not fit its description.
        """
        step = self._find(data, start, end) if self._find is not None else None
        if step is None or step.selection is not None or step.packet is None:
            step = self._walk(data, start, end)
        packet = step.packet
        return packet, packet.decode(data, start, end)

    def decode_raw(
        self, data: bytes | bytearray | memoryview, start: int = 0, end: int | None = None
    ) -> tuple[PacketType, Any]:
        """A packet as a message of raw values, and which packet it is.

        The packet stands in octets ``start`` to before ``end`` of ``data``, to its end if None.

        Raises:
            UnknownPacketError: no container describes it.
            ProtocolError: it does not fit its description.
        """
        packet = self.identify(data, start, end)
        return packet, packet.decode_raw(data, start, end)

    # ---------------------------------------------------------------- commands

    def encoder(self, name: str) -> CommandEncoder:
        """The encoder of a command, by its path, or by its name when only one has it.

        Raises:
            XtceError: there is none.
        """
        found = self.encoders.get(name)
        if found is None:
            same = [encoder for path, encoder in self.encoders.items() if path.endswith(f"/{name}")]
            if len(same) != 1:
                raise XtceError("MetaCommand", name, 0, f"{len(same)} commands are called so")
            found = same[0]
        return found

    # ---------------------------------------------------------------- building

    def _tree(self, root: str) -> Step:
        if root:
            paths = [path for path in self.containers if path == root or path.endswith(f"/{root}")]
        else:
            roots = [container.path for container in self._children.get("", ())]
            paths = [path for path in roots if path in self._children] or roots
        if len(paths) != 1:
            named = f"called {root!r}" if root else "from which others inherit"
            raise XtceError("SequenceContainer", root, 0, f"{len(paths)} containers {named}; name the root")
        return self._step(self.containers[paths[0]], 0)

    def _step(self, container: Container, depth: int) -> Step:
        if depth > MAX_INHERITANCE:
            raise XtceError("SequenceContainer", container.path, container.line, "inherits from too many others")
        packet = None
        if not container.abstract:
            decode, fields = compile_packet(container, self.containers, self._budget, raw=False, rest=self._rest)
            packet = PacketType(container, fields, decode, self._raw_decoder(container))
            self.packets[container.path] = packet
        children = self._children.get(container.path, [])
        return Step(
            container.path,
            packet,
            tuple(self._step(child, depth + 1) for child in children),
            Selection(container, children, self.containers, self._budget) if children else None,
        )

    def _raw_decoder(self, container: Container) -> DecodeFunction:
        """The decoder of raw values, compiled at its first call: most are never asked for."""
        compiled: list[DecodeFunction] = []

        def decode_raw(data: bytes | bytearray | memoryview, start: int = 0, end: int | None = None) -> Any:  # noqa: ANN401 - a message
            if not compiled:
                compiled.append(compile_packet(container, self.containers, Budget(), raw=True, rest=self._rest)[0])
            return compiled[0](data, start, end)

        return decode_raw


def _added(*counts: Mapping[str, int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for tag, number in each.items():
            total[tag] = total.get(tag, 0) + number
    return total
