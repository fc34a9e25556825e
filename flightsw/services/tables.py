"""Tables: the parameters of an app, loaded, validated and activated without stopping it.

A table's content is a Record. Its text source is TOML; its binary image is the Record's wire form, so that the ground
can load it in parts. The app reads the active buffer; loading only touches the inactive one.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, overload

from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.arguments import build
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError

Content = TypeVar("Content", bound=Record)


class TableError(FlightSoftwareError):
    """A table file or image that cannot be used; names the table, the field and what is allowed."""


class TableBuffer(Generic[Content]):
    """One table of one running app, double-buffered.

    Attributes:
        name: as commands name it.
        active: what the app reads.
        image: the active content's binary form.
    """

    def __init__(
        self, name: str, record: type[Content], content: Content, check: Callable[[Content], str | None] | None
    ) -> None:
        self.name = name
        self._where = f"table {name}"
        self._codec = codec_of(record)
        self._check = check
        self._loading = bytearray()
        self._validated: Content | None = None
        self._most_octets = layout_of(record).octet_bounds[1]
        self.active = content
        self.image = self._codec.encode(content)

    @property
    def checksum(self) -> int:
        """CRC-32 of the active image."""
        return zlib.crc32(self.image)

    def load(self, offset: int, data: bytes) -> None:
        """Write into the inactive buffer, which grows up to the largest legal image."""
        end = offset + len(data)
        if end > self._most_octets:
            raise TableError(f"{self._where}: octet {end} is beyond the largest image of {self._most_octets}")
        if offset > len(self._loading):
            raise TableError(f"{self._where}: part at {offset} leaves a gap behind octet {len(self._loading)}")
        self._validated = None
        self._loading[offset:end] = data

    def validate(self, length: int, checksum: int) -> None:
        """Check the inactive buffer; whatever was validated before is validated no more."""
        self._validated = None
        image = bytes(self._loading[:length])
        if len(image) != length:
            raise TableError(f"{self._where}: {len(image)} octets loaded, {length} announced")
        if zlib.crc32(image) != checksum:
            raise TableError(f"{self._where}: CRC-32 {zlib.crc32(image):#010x}, announced {checksum:#010x}")
        self._validated = self._accept(image)
        self._loading = bytearray(image)

    def activate(self) -> None:
        """Swap the validated content in."""
        if self._validated is None:
            raise TableError(f"{self._where}: nothing validated to activate; load and validate first")
        self.active, self.image = self._validated, bytes(self._loading)
        self.abort()

    def abort(self) -> None:
        """Forget the inactive buffer."""
        self._validated = None
        self._loading = bytearray()

    def restore(self, image: bytes) -> None:
        """Make a stored image the active content."""
        self.active, self.image = self._accept(image), image

    def _accept(self, image: bytes) -> Content:
        try:
            content: Content = self._codec.decode(image)
        except ProtocolError as error:
            raise TableError(f"{self._where}: {error}") from error
        _check(self._where, self._check, content)
        return content


class Table(Generic[Content]):
    """Declares a table in an app class; reading the attribute gives the active content.

    Args:
        record: the class of its content.
        file: TOML file in the app's table folder of the mission.
        check: the app's own rule; returns what is wrong, or None.
    """

    def __init__(self, record: type[Content], file: str, check: Callable[[Content], str | None] | None = None) -> None:
        self.record = record
        self.file = file
        self.check = check
        self.name = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Learn the name that commands use."""
        self.name = name

    @overload
    def __get__(self, app: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, app: object, owner: type[Any]) -> Content: ...
    def __get__(self, app: Any, owner: type[Any]) -> Self | Content:
        """The active content; of the class, the declaration itself."""
        if app is None:
            return self
        content: Content = app.container.tables[self.name].active
        return content

    def open(self, folder: Path) -> TableBuffer[Content]:
        """The table with its content read from the mission's file.

        Raises:
            TableError: the file is missing, no TOML, or its content is not what the record allows.
        """
        content = read_table(self.record, folder / self.file)
        _check(f"table file {folder / self.file}", self.check, content)
        return TableBuffer(self.name, self.record, content, self.check)


def read_table(record: type[Content], path: Path) -> Content:
    """A table's content from its TOML source.

    Raises:
        TableError: the file is missing, no TOML, or its content is not what the record allows.
    """
    try:
        return build(record, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise TableError(f"table file {path} is missing") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, ProtocolError) as error:
        raise TableError(f"table file {path}: {error}") from error


def _check(where: str, check: Callable[[Content], str | None] | None, content: Content) -> None:
    """Ask the app's own rule; one that raises has not accepted the content."""
    if check is None:
        return
    try:
        problem = check(content)
    except Exception as error:
        raise TableError(f"{where}: its rule failed, {type(error).__name__}: {error}") from error
    if problem:
        raise TableError(f"{where}: {problem}")
