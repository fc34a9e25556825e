"""Links between two buses of one test, and a dictionary for what they carry."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.links import BusLinks
from flightsw.bus.overflow import Loss, Overflow
from flightsw.bus.requests import Request
from flightsw.bus.router import Bus
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import U8, U32, Range, Tail
from tlm_cmd.definition.message import Command, Event, Quality, Severity, Telemetry
from tlm_cmd.packets.verification import GROUND, RequestId


class Go(Command, code=2):
    """A command."""

    speed: Annotated[int, U8, Range(0, 99)]


class Count(Telemetry):
    """A packet."""

    number: Annotated[int, U32]


class Image(Telemetry):
    """A large packet."""

    data: Annotated[bytes, Tail(60_000)]


class Gone(Event, code=32, severity=Severity.INFO, text="gone at {speed}"):
    """An event."""

    speed: Annotated[int, U8]


class Words:
    """What the links of a test carry."""

    Go, Count, Image, Gone = Go, Count, Image, Gone
    go_id, count_id, image_id, gone_id = 0x1820, 0x0821, 0x0822, 0x0820
    dictionary = Dictionary("links", [AppInterface("app", 0x20, (Go,), (Count, Image), (Gone,))])

    @staticmethod
    def request(sequence: int, speed: int = 1) -> Request:
        """A command of the ground to the app."""
        return Request(RequestId(GROUND, 0x20, sequence, 2), Go(speed))


class End:
    """One process of a test: a bus with an app on it, and links to the others."""

    def __init__(self, folder: Path, name: str, epoch: int, **more: Any) -> None:  # noqa: ANN401 - passed on
        self.bus = Bus()
        self.received: list[Any] = []
        self.refused: list[tuple[Request, Loss]] = []
        self.met: list[object] = []
        more = {"on_refused": lambda *refused: self.refused.append(refused), "on_met": self.met.append} | more
        self.links = BusLinks(
            self.bus,
            Words.dictionary,
            name,
            ("here", "there"),
            epoch,
            lambda process: f"ipc://{folder}/{process}",
            **more,
        )

    def subscribe(self, *message_ids: int, limits: InboxLimits | None = None) -> None:
        """Put the app on the bus."""
        self.bus.open_mailbox("app", limits or InboxLimits(), lambda _id, message: self.received.append(message))
        for message_id in message_ids:
            if message_id == Words.go_id:
                self.bus.subscribe("app", message_id, Quality.COMMAND, overflow=Overflow.WAIT)
            else:
                self.bus.subscribe("app", message_id, Quality.TELEMETRY)

    def drain(self, packets: int) -> None:
        """Wait for so many packets, and hand them out."""
        count = 0
        while count < packets:
            assert self.links.inbox.poll(10_000), f"{count} of {packets} packets came"
            count += self.links.drain()
            self.bus.dispatch()


MakeEnd = Callable[..., End]


@pytest.fixture
def words() -> type[Words]:
    """The messages of the tests."""
    return Words


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="fs"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def make_end(folder: Path) -> Iterator[MakeEnd]:
    """Makes one process of the test; its sockets are closed behind it."""
    made: list[End] = []

    def make(name: str, epoch: int = 1, **more: object) -> End:
        made.append(End(folder, name, epoch, **more))
        return made[-1]

    yield make
    for end in made:
        end.links.close()
