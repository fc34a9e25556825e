"""The tables of one app in its container: kept over restarts, swapped at the app's safe point, told to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flightsw.messages.tables import (
    MAX_DUMP_PARTS,
    MAX_FILE_NAME,
    MAX_TABLE_CHUNK,
    Inactive,
    TableActivated,
    TableBufferChoice,
    TableContent,
    TableRefused,
    TableRegistry,
)
from flightsw.runtime.checkpoints import StoredTable
from flightsw.services.tables.buffer import Origin, TableBuffer
from flightsw.services.tables.content import TableError
from tlm_cmd.packets.crc import crc32
from tlm_cmd.packets.verification import FailureCode, shorten

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class TableKeeper:
    """Activates, restores and reports the tables of one app; what is to be kept is part of the app's stored memory.

    Attributes:
        buffers: the tables, by name.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        folder = container.surroundings.table_folder(container.name)
        self._declared = container.app_class.tables
        self.buffers: dict[str, TableBuffer[Any]] = {
            name: table.open(container.name, folder) for name, table in self._declared.items()
        }
        self._problems: list[TableRefused] = []

    # ---------------------------------------------------------------- life

    def restore(self) -> None:
        """Activate what was activated before; what no longer fits keeps the content of its file."""
        tables = self._container.state.tables
        for name, table in tuple(tables.items()):
            try:
                self._restore(name, table)
            except TableError as error:
                del tables[name]
                self._problems.append(TableRefused(name, shorten(str(error))))

    def _restore(self, name: str, table: StoredTable) -> None:
        if name not in self.buffers or not self._declared[name].critical:
            raise TableError(f"the app has no critical table {name} any more")
        buffer = self.buffers[name]
        if table.layout != buffer.rules.layout:
            raise TableError(f"stored for layout {table.layout.hex()}, this {name} has {buffer.rules.layout.hex()}")
        buffer.restore(table.image, Origin(table.file, table.updated_met_ns))

    def started(self) -> None:
        """Report what could not be restored; fail activations that the app did not live to take; report all tables."""
        for problem in self._problems:
            self._container.report(problem)
        self._problems.clear()
        state = self._container.state
        for name, ticket in tuple(state.activations.items()):
            if ticket in state.open:
                reason = f"the app was restarted before it took table {name}; load it again"
                self._container.fail(ticket, FailureCode.APP_UNAVAILABLE, reason)
        state.activations.clear()
        self.report_all()

    # ---------------------------------------------------------------- activation

    def activate(self, name: str) -> None:
        """Swap a validated table in, or leave its command open until the app takes it.

        Raises:
            TableError: nothing was validated.
        """
        if self._declared[name].swap_on_call:
            self.buffers[name].wait()
            self._container.state.activations[name] = self._container.defer()
            self.report(name)
        else:
            self._swap(name)

    def swap_waiting(self) -> tuple[str, ...]:
        """Swap in what waits for the app; returns the names of the tables."""
        waiting = [name for name, buffer in self.buffers.items() if buffer.inactive is Inactive.WAITING]
        for name in waiting:
            self._swap(name)
            ticket = self._container.state.activations.pop(name, None)
            if ticket is not None:
                self._container.complete(ticket)
        return tuple(waiting)

    def abort(self, name: str) -> None:
        """Forget an inactive buffer; an activation that waits has failed."""
        self.buffers[name].abort()
        ticket = self._container.state.activations.pop(name, None)
        if ticket is not None:
            self._container.fail(ticket, FailureCode.NOT_POSSIBLE_NOW, f"table {name} was aborted")
        self.report(name)

    def _swap(self, name: str) -> None:
        buffer = self.buffers[name]
        buffer.activate(self._container.met_ns())
        if self._declared[name].critical:
            origin = buffer.origin
            stored = StoredTable(buffer.rules.layout, buffer.image, origin.file, origin.updated_met_ns)
            self._container.state.tables[name] = stored
        self._container.report(TableActivated(name, buffer.checksum))
        self.report(name)

    # ---------------------------------------------------------------- telling

    def report(self, name: str) -> None:
        """Send one table's entry of the registry."""
        buffer = self.buffers[name]
        self._container.publish(
            TableRegistry(
                table=name,
                kind=buffer.kind,
                critical=self._declared[name].critical,
                octets=len(buffer.image),
                checksum=buffer.checksum,
                layout=buffer.rules.layout,
                updated_met_ns=buffer.origin.updated_met_ns,
                file=buffer.origin.file[:MAX_FILE_NAME],
                inactive=buffer.inactive,
                inactive_octets=buffer.inactive_octets,
            )
        )

    def report_all(self) -> None:
        """Send the whole registry."""
        for name in self.buffers:
            self.report(name)

    def dump(self, name: str, choice: TableBufferChoice, offset: int, length: int) -> None:
        """Send a buffer's image, or a piece of it, in parts.

        Raises:
            TableError: the buffer is empty, or the piece is beyond its end or too long.
        """
        image = self.buffers[name].image_in(choice)
        octets = length or len(image) - offset
        if offset + octets > len(image) or octets < 0:
            raise TableError(f"table {name}: {octets} octets at {offset}; the image has {len(image)} octets")
        if octets > MAX_DUMP_PARTS * MAX_TABLE_CHUNK:
            raise TableError(
                f"table {name}: {octets} octets in one dump, at most {MAX_DUMP_PARTS * MAX_TABLE_CHUNK} are allowed"
            )
        layout, checksum = self.buffers[name].rules.layout, crc32(image)
        for begin in _begins(offset, octets):
            part = image[begin : min(begin + MAX_TABLE_CHUNK, offset + octets)]
            self._container.publish(TableContent(name, choice, layout, len(image), checksum, begin, part))


def _begins(offset: int, octets: int) -> Iterator[int]:
    """Where parts begin; an empty image has one, which is empty."""
    yield offset
    yield from range(offset + MAX_TABLE_CHUNK, offset + octets, MAX_TABLE_CHUNK)
