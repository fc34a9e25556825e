"""A dictionary of two apps, and links between two buses of one test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import pytest

from flightsw.bus.links import BusLinks
from flightsw.bus.router import Bus
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import U8, U32, Tail
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


class Go(Command, code=2):
    """A command."""

    speed: Annotated[int, U8]


class Count(Telemetry):
    """A packet."""

    number: Annotated[int, U32]


class Image(Telemetry):
    """A large packet."""

    data: Annotated[bytes, Tail(60_000)]


class Gone(Event, code=32, severity=Severity.INFO, text="gone at {speed}"):
    """An event."""

    speed: Annotated[int, U8]


DICTIONARY = Dictionary(
    "links",
    [
        AppInterface("near", 0x20, (Go,), (Count, Image), (Gone,)),
        AppInterface("far", 0x30, (Go,), (Count, Image), (Gone,)),
    ],
)
GO_ID, COUNT_ID, IMAGE_ID, GONE_ID = 0x1820, 0x0821, 0x0822, 0x0820
PROCESSES = ("here", "there")

MakeLinks = Callable[..., tuple[Bus, BusLinks]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="fs"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def make_links(folder: Path) -> Iterator[MakeLinks]:
    """Makes the links of a process of the test; closed behind it."""
    made: list[BusLinks] = []

    def make(name: str, epoch: int = 1, **more: object) -> tuple[Bus, BusLinks]:
        bus = Bus()
        links = BusLinks(
            bus, DICTIONARY, name, PROCESSES, epoch, lambda process: f"ipc://{folder}/{process}", lambda: (1, 2), **more
        )
        made.append(links)
        return bus, links

    yield make
    for links in made:
        links.close()
