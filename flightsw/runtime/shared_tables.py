"""The tables of other apps that one app reads: heard from their owners, who are asked for what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flightsw.messages.tables import DumpTable, TableContent, TableRefused, TableRegistry
from flightsw.services.tables.content import TableError, TableRules
from flightsw.services.tables.sharing import SharedContent
from tlm_cmd.packets.verification import shorten

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class SharedTables:
    """Follows the owners of the tables that an app shares.

    Attributes:
        contents: what has come, by name of the app's attribute.
        message_ids: what the app has to be subscribed to.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.contents: dict[str, SharedContent[Any]] = {}
        self._by_message: dict[int, list[SharedContent[Any]]] = {}
        dictionary = container.surroundings.dictionary
        for name, shared in container.app_class.shared_tables.items():
            content = SharedContent(TableRules(shared.owner, shared.table, shared.record, None))
            self.contents[name] = content
            for packet in (TableRegistry, TableContent):
                message_id = dictionary.telemetry_of(shared.owner, packet).message_id
                self._by_message.setdefault(message_id, []).append(content)
        self.message_ids = tuple(self._by_message)

    def hear(self, message_id: int, message: object) -> None:
        """Take what an owner sends; ask for the content when it has another one than is here."""
        for content in self._by_message.get(message_id, ()):
            if isinstance(message, TableRegistry):
                known = content.wanted
                content.note(message)
                if content.outdated and content.wanted != known:
                    self._ask(content)
            elif isinstance(message, TableContent):
                try:
                    content.take(message)
                except TableError as error:
                    name = f"{content.rules.app}.{content.rules.name}"
                    self._container.report(TableRefused(name, shorten(str(error))))

    def ask(self) -> None:
        """Ask the owners for what is missing."""
        for content in self.contents.values():
            if content.outdated:
                self._ask(content)

    def _ask(self, content: SharedContent[Any]) -> None:
        self._container.request(content.rules.app, DumpTable(content.rules.name))
