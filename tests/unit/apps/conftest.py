"""What the tests of the mission's apps share: the mission, and benches that must end with nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

import apps
from flightsw.bus.inbox import InboxLimits
from flightsw.messages.life import CheckpointLost
from flightsw.mission import Mission
from flightsw.mission_links import MissionLinks
from flightsw.testing import Bench
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID
from tlm_cmd.definition.message import Quality
from tlm_cmd.link.parameters import LinkParameters


class BenchMaker(Protocol):
    """Makes the bench of one app of the mission, with the mission's tables and links."""

    def __call__(
        self,
        app: str,
        devices: Mapping[Any, object],
        *,
        others: tuple[str, ...] = (),
        tables: Path | None = None,
        start_ns: int = 0,
        memory_of: Bench | None = None,
        take: Callable[[int, object], None] = ...,
        protected: bool = False,
        power_on: bool = False,
    ) -> Bench:
        """Make and start it.

        With ``memory_of`` it has the checkpoint of an earlier bench, as after a reset, or with ``power_on`` only what
        no reset erases; ``take`` is handed the commands that reach the others. Links are bare unless ``protected``.
        """
        ...


def bare(links: MissionLinks) -> MissionLinks:
    """The links without codes, sequence control and security: frames as they are."""

    def stripped(parameters: LinkParameters) -> LinkParameters:
        return msgspec.structs.replace(
            parameters,
            telemetry_coding=None,
            telecommand_coding=None,
            cop1=None,
            telemetry_security=None,
            telecommand_security=None,
        )

    x_band = None if links.x_band is None else stripped(links.x_band)
    return msgspec.structs.replace(links, s_band=stripped(links.s_band), x_band=x_band)


@pytest.fixture(scope="session")
def mission() -> Mission:
    """The reference mission."""
    return Mission.load(Path(apps.__file__).parent / "missions/urbanwatch/mission.toml")


@pytest.fixture
def bench_of(mission: Mission) -> Iterator[BenchMaker]:
    """Make benches; at the end of the test every ledger must be closed, and no handler may have raised."""
    made: list[Bench] = []

    def make(
        app: str,
        devices: Mapping[Any, object],
        *,
        others: tuple[str, ...] = (),
        tables: Path | None = None,
        start_ns: int = 0,
        memory_of: Bench | None = None,
        take: Callable[[int, object], None] = lambda _message_id, _message: None,
        protected: bool = False,
        power_on: bool = False,
    ) -> Bench:
        packages = {name: entry.package for name, entry in mission.file.apps.items()}
        bench = Bench(
            packages[app],
            others=tuple(packages[name] for name in others),
            devices=devices,
            tables=tables or mission.table_folder(app),
            start_ns=start_ns,
        )
        bench.links = mission.file.links if protected else bare(mission.file.links)
        if memory_of is not None:
            bench.security_store, bench.key_safe = memory_of.security_store, memory_of.key_safe
            bench.lasting = memory_of.lasting
            bench._stored = {} if power_on else dict(memory_of._stored)
        for name in others:
            bench.bus.open_mailbox(name, InboxLimits(), take)
            bench.bus.subscribe(name, COMMAND_MESSAGE_ID | bench.dictionary.apid_of(name), Quality.COMMAND)
        bench.start()
        made.append(bench)
        return bench

    yield make
    for bench in made:
        bench.bus.dispatch()
        assert bench.ledger().closed
        assert bench.container.running, bench.logged
        assert bench.container.state.errors == 0, bench.logged
        assert bench.sent(CheckpointLost) == []
