"""The tables of a mission as the ground finds them: by name, by the file of a source, by the header of an image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from flightsw.mission import Mission
from flightsw.services.tables.content import TableError, TableRules
from flightsw.services.tables.image_file import TableImage
from tlm_cmd.definition.message import Record
from tlm_cmd.packets.crc import crc32

TEXT_SUFFIX = ".toml"


class NoSuchTableError(TableError):
    """A table that the mission does not have, or a file of which nobody can tell what it is for, or read it."""


class CheckedTable(msgspec.Struct, frozen=True):
    """A table that has passed every rule it will meet on board.

    Attributes:
        rules: of the table.
        content: as the image holds it.
        image: what is loaded.
    """

    rules: TableRules[Any]
    content: Record
    image: bytes

    @property
    def name(self) -> str:
        """As people call it: ``thermal.setpoints``."""
        return f"{self.rules.app}.{self.rules.name}"

    def describe(self) -> str:
        """One line about it."""
        return (
            f"{self.name}: {len(self.image)} octets, CRC-32 {crc32(self.image):#010x}, layout {self.rules.layout.hex()}"
        )


def all_tables(mission: Mission) -> Iterator[tuple[str, str]]:
    """App and name of every table that is loaded."""
    for app in mission.file.apps:
        for name, table in mission.app_class(app).tables.items():
            if table.file:
                yield app, name


def rules_of(mission: Mission, app: str, name: str) -> TableRules[Any]:
    """The rules of a table, the app's own among them.

    Raises:
        NoSuchTableError: the mission has no such table.
    """
    if app in mission.file.apps and name in mission.app_class(app).tables:
        return mission.app_class(app).tables[name].rules(app)
    known = ", ".join(f"{each}.{table}" for each, table in all_tables(mission))
    raise NoSuchTableError(f"no table {app}.{name}, the mission has {known or 'none'}")


def mission_source(mission: Mission, app: str, name: str) -> Path:
    """The mission's own TOML file of a table."""
    return mission.table_folder(app) / mission.app_class(app).tables[name].file


def check_source(rules: TableRules[Any], path: Path) -> CheckedTable:
    """Build a TOML source, and accept its image as on board.

    Raises:
        TableError: anything is not allowed.
    """
    image = rules.image_of(rules.read(path))
    return CheckedTable(rules, rules.accept(image), image)


def check_image(mission: Mission, image: TableImage, where: str) -> CheckedTable:
    """Accept a whole image as on board.

    Raises:
        TableError: it is of no table of the mission, of another layout, only a part, or not allowed.
    """
    rules = rules_of(mission, image.app, image.table)
    image.check_for(rules, where)
    if not image.is_whole:
        raise TableError(
            f"{where}: only octets {image.offset} to {image.offset + len(image.part)} of {image.octets}; what it makes "
            "of the active content is checked on board"
        )
    return CheckedTable(rules, rules.accept(image.part), image.part)


def table_of_source(mission: Mission, path: Path) -> TableRules[Any]:
    """The table that a TOML file is for: the one whose file is called so, in the folder called like its app.

    Raises:
        NoSuchTableError: there is none, or there are several and the folder does not tell.
    """
    called = [(app, name) for app, name in all_tables(mission) if mission.app_class(app).tables[name].file == path.name]
    here = [found for found in called if found[0] == path.resolve().parent.name] or called
    if len(here) != 1:
        found = ", ".join(f"{app}.{name}" for app, name in here) or "no table"
        raise NoSuchTableError(
            f"{path}: {found} of the mission has a file of this name; say which by --table APP.TABLE"
        )
    return rules_of(mission, *here[0])


def read_octets(path: Path) -> bytes:
    """A file's content.

    Raises:
        NoSuchTableError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoSuchTableError(f"{path}: {error.strerror or error}") from error
