"""How an app class declares its tables, and those of other apps that it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, Self, overload

from flightsw.messages.tables import TableKind
from flightsw.services.tables.buffer import BY_APP, TableBuffer
from flightsw.services.tables.content import Content, Rule, TableError, TableRules


class Table(Generic[Content]):
    """Declares a table in an app class; reading the attribute gives the active content.

    Args:
        record: the class of its content.
        file: TOML file in the app's table folder of the mission; none for a dump-only table.
        check: the app's own rule; returns what is wrong, or None.
        kind: how it is kept.
        critical: whether content that was activated by command is in effect again after a restart and a processor
            reset; else the app begins with the file each time.
        swap_on_call: whether activated content waits until the app calls ``swap_tables``; else it is swapped in between
            two handlers, as soon as it is activated.
        initial: first content of a dump-only table, which the app writes by assigning to the attribute.

    Raises:
        TableError: a dump-only table with a file, or without a first content; any other the other way round.
    """

    def __init__(
        self,
        record: type[Content],
        file: str = "",
        check: Rule[Content] | None = None,
        *,
        kind: TableKind = TableKind.SINGLE,
        critical: bool = True,
        swap_on_call: bool = False,
        initial: Content | None = None,
    ) -> None:
        dump_only = kind is TableKind.DUMP_ONLY
        if dump_only != (initial is not None) or dump_only == bool(file):
            raise TableError(f"a table of {record.__name__}: a dump-only table has an initial content, others a file")
        self.record = record
        self.file = file
        self.check = check
        self.kind = kind
        self.critical = critical and not dump_only
        self.swap_on_call = swap_on_call
        self._initial = initial
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

    def __set__(self, app: Any, content: Content) -> None:  # noqa: ANN401 - an App, which is declared above this
        """Write a dump-only table.

        Raises:
            TableError: the table is not dump-only, or types or ranges do not allow the content.
        """
        container = app.container
        container.tables[self.name].write(content, container.met_ns())

    def rules(self, app: str) -> TableRules[Content]:
        """What the content of the table must be, in an app of this name."""
        return TableRules(app, self.name, self.record, self.check)

    def open(self, app: str, folder: Path) -> TableBuffer[Content]:
        """The table with its content read from the mission's file.

        Raises:
            TableError: the file is missing, no TOML, or its content is not what the record allows.
        """
        rules = self.rules(app)
        content = self._initial if self._initial is not None else rules.read(folder / self.file)
        return TableBuffer(rules, content, self.kind, self.file or BY_APP)


class SharedTable(Generic[Content]):
    """Declares that an app reads a table of another, in whichever process; it can never write it.

    Reading the attribute gives the content that is active in its owner, None until it has come. The framework asks the
    owner for it when the app starts, and again whenever the owner reports another content.

    Args:
        owner: the app that the table belongs to.
        table: its name.
        record: the class of its content, declared in the owner's ``messages``.
    """

    def __init__(self, owner: str, table: str, record: type[Content]) -> None:
        self.owner = owner
        self.table = table
        self.record = record
        self.name = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Learn the attribute's name."""
        self.name = name

    @overload
    def __get__(self, app: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, app: object, owner: type[Any]) -> Content | None: ...
    def __get__(self, app: Any, owner: type[Any]) -> Self | Content | None:
        """The content as its owner has it; of the class, the declaration itself."""
        if app is None:
            return self
        content: Content | None = app.container.shared_tables.contents[self.name].content
        return content
