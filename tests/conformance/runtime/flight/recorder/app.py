"""A recorder: appends every number that it is told to a file, so that nothing it does can be undone by its death."""

from __future__ import annotations

from pathlib import Path

from flight.gate.app import Mailbox
from flight.recorder.messages import Note
from flightsw.app import App, Table, handles


class Recorder(App):
    """Has no memory but the file."""

    mailbox = Table(Mailbox, file="mailbox.toml")

    @handles(Note)
    def note(self, command: Note) -> None:
        """Write it down, behind who has said it."""
        with (Path(self.mailbox.folder) / f"recorded.{self.name}").open("ab", 0) as file:
            file.write(b"%d %d\n" % (command.producer, command.number))
