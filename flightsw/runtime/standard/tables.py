"""Tables by command: load, validate, activate, abort, dump, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.app import Refused
from flightsw.hal.errors import PortError
from flightsw.messages.tables import (
    AbortTable,
    ActivateTable,
    DumpTable,
    DumpTableFile,
    Inactive,
    LoadTable,
    LoadTableFile,
    ReportTables,
    TableAborted,
    TableDumped,
    TableKind,
    TableLoaded,
    TableValidated,
    ValidateTable,
)
from flightsw.services.tables.buffer import TableBuffer
from flightsw.services.tables.content import TableError
from flightsw.services.tables.image_file import TableImage
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer

MAX_LOADS = 4
"""Single-buffer tables of one app that may be in loading at once."""


class TableCommands:
    """Works on the tables of an app.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            LoadTable: self._refusing(self._load),
            ValidateTable: self._refusing(self._validate),
            ActivateTable: self._refusing(self._activate),
            AbortTable: self._refusing(self._abort),
            LoadTableFile: self._refusing(self._load_file),
            DumpTable: self._refusing(self._dump),
            DumpTableFile: self._refusing(self._dump_file),
            ReportTables: self._report,
        }

    def _refusing(self, action: Callable[[Any, TableBuffer[Any]], None]) -> Callable[[Any], None]:
        """A handler for one table, whose refusals are verdicts."""

        def handle(command: Any) -> None:  # noqa: ANN401 - a command of the classes above
            tables = self._container.tables
            if command.table not in tables:
                raise Refused(
                    f"no table {command.table!r}, there is {', '.join(tables) or 'none'}", FailureCode.BAD_ARGUMENT
                )
            try:
                action(command, tables[command.table])
            except TableError as error:
                raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
            except PortError as error:
                raise Refused(str(error), FailureCode.DEVICE_FAILED) from error

        return handle

    def _load(self, command: LoadTable, buffer: TableBuffer[Any]) -> None:
        self._check_room(buffer)
        first = buffer.inactive is not Inactive.LOADED
        buffer.load(command.offset, command.data)
        if first:
            self._container.table_keeper.report(command.table)

    def _validate(self, command: ValidateTable, buffer: TableBuffer[Any]) -> None:
        checksum = buffer.validate(command.length, command.checksum)
        self._container.report(TableValidated(command.table, checksum))
        self._container.table_keeper.report(command.table)

    def _activate(self, command: ActivateTable, _: TableBuffer[Any]) -> None:
        self._container.table_keeper.activate(command.table)

    def _abort(self, command: AbortTable, _: TableBuffer[Any]) -> None:
        self._container.table_keeper.abort(command.table)
        self._container.report(TableAborted(command.table))

    def _load_file(self, command: LoadTableFile, buffer: TableBuffer[Any]) -> None:
        self._check_room(buffer)
        image = self._read(command.file, buffer)
        buffer.load_file(image, command.file)
        self._container.report(TableLoaded(command.table, command.file, image.offset, len(image.part)))
        self._container.table_keeper.report(command.table)

    def _read(self, file: str, buffer: TableBuffer[Any]) -> TableImage:
        """The image in a file of the app's table memory, or else of the mission's table folder."""
        surroundings, app = self._container.surroundings, self._container.name
        octets = surroundings.table_memory(app).read(file)  # refuses a name with folders in it
        where = f"table file {file}"
        if octets is None:
            try:
                octets = (surroundings.table_folder(app) / file).read_bytes()
            except FileNotFoundError:
                raise TableError(f"{where} is neither in the table memory of {app} nor in the mission") from None
            except OSError as error:
                raise TableError(f"{where}: {error}") from error
        if not file.endswith(".toml"):
            return TableImage.unpack(octets, where)
        try:
            content = buffer.rules.parse(octets.decode(), where)
        except UnicodeDecodeError as error:
            raise TableError(f"{where}: {error}") from error
        return TableImage.of(buffer.rules, buffer.rules.image_of(content))

    def _dump(self, command: DumpTable, _: TableBuffer[Any]) -> None:
        self._container.table_keeper.dump(command.table, command.buffer, command.offset, command.length)

    def _dump_file(self, command: DumpTableFile, buffer: TableBuffer[Any]) -> None:
        surroundings, app = self._container.surroundings, self._container.name
        image = buffer.image_in(command.buffer)
        surroundings.table_memory(app).write(command.file, TableImage.of(buffer.rules, image).pack())
        self._container.report(TableDumped(command.table, command.file, len(image)))

    def _report(self, _: ReportTables) -> None:
        self._container.table_keeper.report_all()

    def _check_room(self, buffer: TableBuffer[Any]) -> None:
        """Refuse to begin one load too many."""
        loading = [
            other.rules.name
            for other in self._container.tables.values()
            if other.kind is TableKind.SINGLE and other.inactive is not Inactive.EMPTY and other is not buffer
        ]
        if buffer.kind is TableKind.SINGLE and len(loading) >= MAX_LOADS:
            raise Refused(f"{', '.join(loading)} are being loaded; activate or abort one first")
