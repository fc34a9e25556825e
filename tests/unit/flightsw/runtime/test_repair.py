"""Apps that no longer advance, and handlers that keep failing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flightsw.bus.ledger import Ledger
from flightsw.bus.link_counters import LinkCounters
from flightsw.clock import VirtualClock
from flightsw.hal.sim import MemoryNvm
from flightsw.mission_file import AppEntry, MissionFile, TimeEntry
from flightsw.mission_life import OnFailure
from flightsw.mission_links import MissionLinks
from flightsw.runtime.child import Child
from flightsw.runtime.control import Heartbeat
from flightsw.runtime.keeping.keeper import Keeper
from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.orders import Orders
from flightsw.runtime.repair import Repair
from flightsw.runtime.supervision import AppAction, AppFigures, AppState, FailureIgnored, Notice, RestartNotice
from flightsw.services.store import Store
from tests.unit.flightsw.runtime.conftest import World
from tlm_cmd.link.parameters import LinkParameters

SECOND = 1_000_000_000


class Pace(VirtualClock):
    """A clock with a speed."""

    speed = 1.0


class Shop:
    """A supervisor of one process that starts no process and notes what it is told."""

    def __init__(self, entry: AppEntry) -> None:
        links = MissionLinks(LinkParameters(spacecraft_id=1))
        file = MissionFile("m", "1", TimeEntry("2026-01-01T00:00:00Z"), links, {"a": entry})
        self.mission: Any = type("Mission", (), {"file": file})
        self.clock = self.host_clock = Pace()
        self.keeper = Keeper(file.apps, file.executive, Store(MemoryNvm()))
        self.keeper.booted(ResetSubtype.POWER_CYCLE, "", 0)
        self.child = Child("p", ("a",), states={"a": AppState.RUNNING}, prepared=True, started=True)
        self.child.end = object()  # type: ignore[assignment] - nothing is said to it
        self.fleet: Any = self
        self.news: Any = self
        self.requests: Any = self
        self.starting: Any = self
        self.orders = Orders()
        self.resting = False
        self.ordered: list[tuple[AppAction, str]] = []
        self.told: list[Notice] = []
        self.left_out: list[str] = []

    def __iter__(self) -> Any:  # noqa: ANN401 - of the fleet
        return iter((self.child,))

    def of(self, _app: str) -> Child:
        """The one process."""
        return self.child

    def add(self, notice: Notice) -> None:
        """Note it."""
        self.told.append(notice)

    def order(self, action: AppAction, _app: str, cause: str) -> None:
        """Note it."""
        self.ordered.append((action, cause))

    def leave_out(self, _child: Child, app: str, _reason: str) -> None:
        """Note it."""
        self.left_out.append(app)

    def beat(self, cycles: int, handlers: int = 0) -> None:
        """A heartbeat comes."""
        figures = AppFigures(running=True, cycles=cycles, handlers=handlers)
        self.child.note(Heartbeat({"a": figures}, Ledger(), 0, 0, {}, {}, LinkCounters()), self.clock.now_ns())


@pytest.mark.parametrize("alive", ["cycles", "handlers"])
def test_an_app_that_runs_nothing_though_its_slots_are_due_is_restarted(tmp_path: Path, alive: str) -> None:
    """Heartbeats alone do not save it; slots run or messages handled do. It is noticed once in each period."""
    shop: Any = Shop(AppEntry("x", 0x20))
    repair = Repair(shop, tmp_path)
    for second in range(1, 100):
        shop.clock.advance_to(second * SECOND)
        shop.beat(second if alive == "cycles" else 0, second if alive == "handlers" else 0)
        repair.check()
    assert shop.ordered == []
    for second in range(100, 136):
        shop.clock.advance_to(second * SECOND)
        shop.beat(99 if alive == "cycles" else 0, 99 if alive == "handlers" else 0)
        repair.check()
    assert shop.ordered == [(AppAction.RESTART, "its slots are due, but it has run nothing for 36 s")]


def test_policies_are_followed_while_the_process_lives(tmp_path: Path) -> None:
    """Restarted as often as allowed and then given up; or ignored."""
    shop: Any = Shop(AppEntry("x", 0x20, max_restarts=1))
    repair = Repair(shop, tmp_path)
    repair.failed("a", "first")
    repair.failed("a", "second")
    assert shop.ordered == [(AppAction.RESTART, "first")]
    assert (shop.left_out, shop.told) == (["a"], [RestartNotice("a", "second", exhausted=True)])
    calm: Any = Shop(AppEntry("x", 0x20, on_failure=OnFailure.IGNORE))
    Repair(calm, tmp_path).failed("a", "first")
    assert (calm.ordered, calm.told) == ([], [FailureIgnored("a", "first")])


def test_an_app_that_could_not_start_is_tried_again_when_its_time_has_come(tmp_path: Path) -> None:
    """Not before, and once."""
    shop: Any = Shop(AppEntry("x", 0x20))
    repair = Repair(shop, tmp_path)
    repair.start_failed("a", "could not start", 5 * SECOND)
    for second in range(1, 10):
        shop.clock.advance_to(second * SECOND)
        shop.beat(second)
        repair.check()
        assert shop.ordered == ([(AppAction.RESTART, "could not start")] if second >= 5 else [])


def test_failures_in_a_row_are_counted_by_handler(world: World) -> None:
    """A success begins the count anew; a refusal is neither."""
    world.start()
    for sequence in range(3):
        world.do(lambda _app: 1 / 0, sequence)
    world.do(lambda _app: None, 3)
    world.do(lambda _app: 1 / 0, 4)
    assert world.failing == [("Do", 1), ("Do", 2), ("Do", 3), ("Do", 1)]
