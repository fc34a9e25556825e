"""A herald: one of many that command the sink at the same time."""

from __future__ import annotations

from flight.herald.messages import Proclaim
from flight.sink.messages import Add
from flightsw.app import App, handles


class Herald(App):
    """Knows one command."""

    @handles(Proclaim)
    def proclaim(self, command: Proclaim) -> None:
        """Say it again and again."""
        for _ in range(command.count):
            self.command("sink", Add(1))
