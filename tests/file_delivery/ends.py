"""Two file delivery entities, 1 and 2, and what is said between them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.indications import Indication
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Content, Pdu
from tlm_cmd.cfdp.requests import PutRequest, TransactionId

S = 1_000_000_000
CONTENT = random.Random(1).randbytes(10_000)
FILE = PutRequest(2, "there", "here")
"""A file of ten segments, from entity 1 to entity 2."""
FIRST = TransactionId(1, 0)
"""The first transaction of entity 1."""

Kind = TypeVar("Kind")


def nothing_lost(content: Content) -> bool:
    """Let every PDU through."""
    del content
    return True


def nothing_passes(content: Content) -> bool:
    """Let no PDU through."""
    del content
    return False


class Ends:
    """Entity 1 has the file, entity 2 gets it.

    Args:
        remote: parameters of the other entity, the same at both ends.
        local: parameters of both entities.
        content: of the file.
    """

    def __init__(
        self,
        remote: dict[str, Any] | None = None,
        local: dict[str, Any] | None = None,
        content: bytes = CONTENT,
    ) -> None:
        self.files = (MemoryFilestore(), MemoryFilestore())
        self.files[0].put("there", content)
        self.remote, self.local = remote or {}, local or {}
        self.sender, self.receiver = self.make(0), self.make(1)
        self.now_ns = 0
        self.said: list[tuple[int, Content]] = []
        """What was given out, by whom (0 or 1), whether it got through or not."""

    def make(self, index: int) -> Entity:
        """Make an entity over its filestore."""
        local = LocalEntity(entity_id=1 + index, **self.local)
        return Entity(local, [RemoteEntity(entity_id=2 - index, **self.remote)], self.files[index])

    def exchange(
        self, passes: Callable[[Content], bool] = nothing_lost, most: int = 1000, entities: tuple[Entity, ...] = ()
    ) -> None:
        """Carry PDUs to and fro, one each way at a time, until both are silent or so many were carried."""
        ends = entities or (self.sender, self.receiver)
        for _ in range(most):
            silent = True
            for index, end in enumerate(ends):
                octets = end.next_pdu(self.now_ns)
                if octets is None:
                    continue
                silent = False
                content = Pdu.unpack(octets).content
                self.said.append((index, content))
                if passes(content):
                    ends[1 - index].receive(octets, self.now_ns)
            if silent:
                return

    def wait(self, seconds: float) -> None:
        """Let time pass in which nothing arrives."""
        self.now_ns += round(seconds * S)
        self.sender.poll(self.now_ns)
        self.receiver.poll(self.now_ns)

    def restart(self, index: int) -> Entity:
        """Replace an entity by a new one that goes on with what is left of the old one's memory on a disk."""
        old = (self.sender, self.receiver)[index]
        new = self.make(index)
        new.state = msgspec.msgpack.decode(msgspec.msgpack.encode(old.state), type=EntityState)
        new.restart(self.now_ns)
        if index == 0:
            self.sender = new
        else:
            self.receiver = new
        return new

    def said_by(self, index: int, kind: type[Kind]) -> list[Kind]:
        """Return what an end gave out of this kind."""
        return [content for by, content in self.said if by == index and isinstance(content, kind)]

    @property
    def over(self) -> bool:
        """Whether no transaction is going on at either end."""
        return not self.sender.transactions and not self.receiver.transactions

    @property
    def delivered(self) -> bytes | None:
        """The file at its destination."""
        file = self.files[1].files.get("here")
        return None if file is None else bytes(file)


def heard(entity: Entity, kind: type[Kind]) -> list[Kind]:
    """Take an entity's indications and return those of one kind."""
    found: list[Indication] = entity.take_indications()
    return [indication for indication in found if isinstance(indication, kind)]
