"""A table of another app as its reader has it, put together from what the owner sends. Pure."""

from __future__ import annotations

from typing import Generic

from flightsw.messages.tables import TableBufferChoice, TableContent, TableRegistry
from flightsw.services.tables.content import Content, TableError, TableRules
from tlm_cmd.packets.crc import crc32


class SharedContent(Generic[Content]):
    """The reader's copy of one table.

    Attributes:
        rules: what its content must be; the owner's own rule has been asked already.
        content: as it was last complete, None until it was.
        checksum: CRC-32 of its image.
        wanted: CRC-32 of the image that the owner has, None while it is not known.
    """

    def __init__(self, rules: TableRules[Content]) -> None:
        self.rules = rules
        self.content: Content | None = None
        self.checksum: int | None = None
        self.wanted: int | None = None
        self._refused: int | None = None
        self._parts = bytearray()
        self._of: tuple[int, int] | None = None

    @property
    def outdated(self) -> bool:
        """Whether the owner is to be asked: nothing has come, or the owner has something else that is of use."""
        if self.wanted is None:
            return self.content is None
        return self.wanted not in (self.checksum, self._refused)

    def note(self, registry: TableRegistry) -> None:
        """Hear what the owner has."""
        if registry.table == self.rules.name:
            self.wanted = registry.checksum

    def take(self, packet: TableContent) -> bool:
        """Take a part; parts come in order, and a lost one makes the copy wait for the next dump.

        Returns:
            Whether the copy has new content.

        Raises:
            TableError: the image is complete and cannot be used; the former content stays.
        """
        if packet.table != self.rules.name or packet.buffer is not TableBufferChoice.ACTIVE:
            return False
        if packet.offset == 0:
            self._parts, self._of = bytearray(), (packet.octets, packet.checksum)
        if self._of != (packet.octets, packet.checksum) or packet.offset != len(self._parts):
            return False
        self._parts += packet.data
        if len(self._parts) < packet.octets:
            return False
        image, self._of = bytes(self._parts), None
        self.wanted = packet.checksum
        if self.content is not None and packet.checksum == self.checksum:
            return False
        self._refused = packet.checksum
        if packet.layout != self.rules.layout:
            raise TableError(f"layout {packet.layout.hex()}, this app knows {self.rules.layout.hex()}")
        if crc32(image) != packet.checksum:
            raise TableError(f"CRC-32 {crc32(image):#010x}, announced {packet.checksum:#010x}")
        self.content, self.checksum = self.rules.accept(image), packet.checksum
        self._refused = None
        return True
