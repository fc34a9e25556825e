"""Tables by command: load, validate, activate, abort."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.app import Refused
from flightsw.messages.tables import AbortTable, ActivateTable, LoadTable, TableActivated, ValidateTable
from flightsw.services.tables import TableBuffer, TableError
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class TableCommands:
    """Works on the tables of an app.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            LoadTable: self._load_table,
            ValidateTable: self._validate_table,
            ActivateTable: self._activate_table,
            AbortTable: self._abort_table,
        }

    def _table(self, name: str) -> TableBuffer[Any]:
        tables = self._container.tables
        if name not in tables:
            raise Refused(f"no table {name!r}, there is {', '.join(tables) or 'none'}", FailureCode.BAD_ARGUMENT)
        return tables[name]

    def _on_table(self, name: str, action: Callable[[TableBuffer[Any]], None]) -> None:
        try:
            action(self._table(name))
        except TableError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    def _load_table(self, command: LoadTable) -> None:
        self._on_table(command.table, lambda table: table.load(command.offset, command.data))

    def _validate_table(self, command: ValidateTable) -> None:
        self._on_table(command.table, lambda table: table.validate(command.length, command.checksum))

    def _activate_table(self, command: ActivateTable) -> None:
        self._on_table(command.table, lambda table: table.activate())
        table = self._table(command.table)
        self._container.state.tables[command.table] = table.image
        self._container.report(TableActivated(command.table, table.checksum))

    def _abort_table(self, command: AbortTable) -> None:
        self._table(command.table).abort()
