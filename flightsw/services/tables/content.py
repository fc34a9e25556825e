"""What the content of a table must be, the same on board and where tables are built."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.arguments import build
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.describe import describe_record
from tlm_cmd.definition.finite import not_finite
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError

Content = TypeVar("Content", bound=Record)
Rule = Callable[[Content], str | None]

LAYOUT_OCTETS = 8
"""Length of a layout's hash: two layouts of one table meet by chance once in 1.8e19 times."""
_NO_LAYOUT = ("class", "description", "yellow", "red", "range")


class TableError(FlightSoftwareError):
    """A table file, image or request that cannot be used; names the table, the field and what is allowed."""


class TableRules(Generic[Content]):
    """The types and ranges of one table, and the app's own rule.

    Attributes:
        app: the app's name in the mission.
        name: the table's name in the app.
        record: the class of the content.
        layout: hash of the layout; an image of another one means something else.
        most_octets: length of the largest image.
    """

    def __init__(self, app: str, name: str, record: type[Content], rule: Rule[Content] | None) -> None:
        self.app = app
        self.name = name
        self.record = record
        self.layout = layout_hash(record)
        self.most_octets = layout_of(record).octet_bounds[1]
        self._codec = codec_of(record)
        self._rule = rule

    def accept(self, image: bytes) -> Content:
        """The content that an image holds.

        Raises:
            TableError: types, ranges or the app's rule do not allow it.
        """
        try:
            content: Content = self._codec.decode(image)
        except ProtocolError as error:
            raise TableError(f"table {self.name}: {error}") from error
        self._ask_rule(f"table {self.name}", content)
        return content

    def image_of(self, content: Content) -> bytes:
        """The image of a content.

        Raises:
            TableError: types or ranges do not allow it.
        """
        try:
            return self._codec.encode(content)
        except ProtocolError as error:
            raise TableError(f"table {self.name}: {error}") from error

    def read(self, path: Path) -> Content:
        """The content of a TOML source.

        Raises:
            TableError: the file is missing, no TOML, or its content is not allowed.
        """
        try:
            return self.parse(path.read_text(encoding="utf-8"), f"table file {path}")
        except FileNotFoundError:
            raise TableError(f"table file {path} is missing") from None
        except (OSError, UnicodeDecodeError) as error:
            raise TableError(f"table file {path}: {error}") from error

    def parse(self, source: str, where: str) -> Content:
        """The content of a TOML source.

        Args:
            source: the text.
            where: what errors call it.

        Raises:
            TableError: it is no TOML, or its content is not allowed.
        """
        try:
            content = build(self.record, tomllib.loads(source))
        except (tomllib.TOMLDecodeError, ProtocolError) as error:
            raise TableError(f"{where}: {error}") from error
        self._ask_rule(where, content)
        return content

    def _ask_rule(self, where: str, content: Content) -> None:
        """Refuse numbers that are none, and ask the app's own rule; one that raises has not accepted the content."""
        for path, value in not_finite(content):
            raise TableError(f"{where}: {path} is {value}, allowed are finite numbers")
        if self._rule is None:
            return
        try:
            problem = self._rule(content)
        except Exception as error:
            raise TableError(f"{where}: its rule failed, {type(error).__name__}: {error}") from error
        if problem:
            raise TableError(f"{where}: {problem}")


def read_table(record: type[Content], path: Path) -> Content:
    """A table's content from its TOML source, without asking the app's rule.

    Raises:
        TableError: the file is missing, no TOML, or its content is not what the record allows.
    """
    return TableRules("", path.stem, record, None).read(path)


def layout_hash(record: type[Record]) -> bytes:
    """What the octets of a record mean, as a hash: names, order, wire types, lengths, calibrations, units, labels.

    Ranges, limits and descriptions are left out: an image stays what it is when they change, and is checked anew.
    """
    described = json.dumps(_essence(describe_record(record)), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(described.encode()).digest()[:LAYOUT_OCTETS]


def _essence(described: Any) -> Any:  # noqa: ANN401 - any value of JSON
    if isinstance(described, dict):
        # a field may be called like one of the keys that are left out, but only as a value of "name"
        return {key: _essence(value) for key, value in described.items() if key not in _NO_LAYOUT}
    if isinstance(described, list):
        return [_essence(each) for each in described]
    return described
