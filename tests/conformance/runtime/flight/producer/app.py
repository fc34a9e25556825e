"""A producer: commands recorders without end, and notes in a file what the bus has accepted."""

from __future__ import annotations

from pathlib import Path

from flight.gate.app import Mailbox
from flight.recorder.messages import Note
from flightsw.app import App, Table, every

RECORDERS = ("recorder0", "recorder1")
NOTES_AT_ONCE = 2


class Producer(App):
    """Numbers its notes over all of its lives: what it has not stored begins anew behind a gap."""

    mailbox = Table(Mailbox, file="mailbox.toml")

    def start(self) -> None:
        """Begin to number."""
        self._number = self.container.state.restarts << 20

    @every(seconds=0.2)
    def produce(self) -> None:
        """Send some notes; each is written down when the bus has taken it."""
        for _ in range(NOTES_AT_ONCE):
            for recorder in RECORDERS:
                self._number += 1
                failed = self.container.state.failed
                self.command(recorder, Note(int(self.name[-1]), self._number))
                if self.container.state.failed == failed:
                    with (Path(self.mailbox.folder) / f"accepted.{self.name}.{recorder}").open("ab", 0) as file:
                        file.write(b"%d\n" % self._number)
