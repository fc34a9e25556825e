"""A table's image, or a part of one, as a file: for which table and layout it is, and a checksum over everything.

The header, most significant octet first: magic ``FSTB``, version, three spare octets, app and table (32 octets each,
filled up with zeros), hash of the layout (8), length and CRC-32 of the whole image, offset and length of the part in
this file, CRC-32 over the header so far and the part. The part follows.
"""

from __future__ import annotations

import struct
from typing import Any, Self

import msgspec

from flightsw.services.tables.content import TableError, TableRules
from tlm_cmd.packets.crc import crc32

VERSION = 1
_MAGIC = b"FSTB"
_HEADER = struct.Struct(">4sB3x32s32s8sIIII")
_CRC = struct.Struct(">I")
HEADER_OCTETS = _HEADER.size + _CRC.size


class TableImage(msgspec.Struct, frozen=True):
    """An image, or a part of one.

    Attributes:
        app: the app that the table belongs to.
        table: its name.
        layout: hash of the layout it was built for.
        octets: length of the whole image.
        checksum: CRC-32 of the whole image.
        offset: where the part begins in it.
        part: the part; all of the image when it begins at 0 and is as long.
    """

    app: str
    table: str
    layout: bytes
    octets: int
    checksum: int
    offset: int
    part: bytes

    @classmethod
    def of(cls, rules: TableRules[Any], image: bytes, offset: int = 0, octets: int | None = None) -> Self:
        """An image as it goes into a file, whole or the part of ``octets`` from ``offset`` on.

        Raises:
            TableError: the part is empty, or not within the image.
        """
        length = len(image) - offset if octets is None else octets
        if not (offset >= 0 and length >= (len(image) > 0) and offset + length <= len(image)):
            raise TableError(
                f"table {rules.name}: part of {length} octets at {offset}; the image has {len(image)} octets"
            )
        part = image[offset : offset + length]
        return cls(rules.app, rules.name, rules.layout, len(image), crc32(image), offset, part)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.offset == 0 and len(self.part) == self.octets

    def pack(self) -> bytes:
        """The octets of the file."""
        header = _HEADER.pack(
            _MAGIC,
            VERSION,
            self.app.encode(),
            self.table.encode(),
            self.layout,
            self.octets,
            self.checksum,
            self.offset,
            len(self.part),
        )
        return b"".join((header, _CRC.pack(crc32(self.part, crc32(header))), self.part))

    @classmethod
    def unpack(cls, octets: bytes, where: str) -> Self:
        """The image in a file.

        Args:
            octets: the file's content.
            where: what errors call it.

        Raises:
            TableError: it is no table image, of another version, cut short, or corrupt.
        """
        if len(octets) < HEADER_OCTETS:
            raise TableError(f"{where}: cut short, {len(octets)} octets are less than a header of {HEADER_OCTETS}")
        header, part = octets[: _HEADER.size], octets[HEADER_OCTETS:]
        magic, version, app, table, layout, whole, checksum, offset, length = _HEADER.unpack(header)
        (announced,) = _CRC.unpack_from(octets, _HEADER.size)
        if magic != _MAGIC:
            raise TableError(f"{where}: no table image, it begins with {magic!r}")
        if version != VERSION:
            raise TableError(f"{where}: version {version} of the format, {VERSION} is known")
        if length != len(part):
            raise TableError(f"{where}: cut short or corrupt, {len(part)} octets of {length} are there")
        found = crc32(part, crc32(header))
        if found != announced:
            raise TableError(f"{where}: corrupt, CRC-32 {found:#010x}, announced {announced:#010x}")
        try:
            app_name, table_name = (name.rstrip(b"\0").decode() for name in (app, table))
        except UnicodeDecodeError as error:
            raise TableError(f"{where}: names that are no text, {error}") from error
        return cls(app_name, table_name, layout, whole, checksum, offset, part)

    def check_for(self, rules: TableRules[Any], where: str) -> None:
        """Refuse to be loaded into a table that it was not built for.

        Raises:
            TableError: it is of another app, another table or another layout.
        """
        if (self.app, self.table) != (rules.app, rules.name):
            raise TableError(f"{where}: built for {self.app}.{self.table}, not for {rules.app}.{rules.name}")
        if self.layout != rules.layout:
            raise TableError(
                f"{where}: built for layout {self.layout.hex()}, this {rules.name} has layout {rules.layout.hex()}"
            )
