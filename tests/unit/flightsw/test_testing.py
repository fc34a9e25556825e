import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flightsw.app import WorkFailed
from flightsw.bus.ledger import Ledger
from flightsw.core.executive.messages import AppRestarted, RestartApp
from flightsw.core.executive.reports import status
from flightsw.errors import FlightSoftwareError
from flightsw.messages.life import AppStarted, HandlerFailed, Noop, NoopDone, WorkLost
from flightsw.runtime.keeping.reset_record import ResetRecord
from flightsw.runtime.supervision import VehicleAccount
from flightsw.services.tables.content import TableError
from flightsw.testing import Bench, StartedWork
from tlm_cmd.definition.dictionary import DictionaryError
from tlm_cmd.packets.verification import Stage

MESSAGES = """
from typing import Annotated
from tlm_cmd.definition.fields import U8, Range
from tlm_cmd.definition.message import Command, Event, Telemetry
class Poke(Command, code=2):
    value: Annotated[int, U8]
class Ask(Command, code=3): ...
class Toil(Command, code=4): ...
class Poked(Telemetry):
    value: Annotated[int, U8, Range(0, 100)]
class Beat(Telemetry, period_s=1):
    now_s: Annotated[int, U8]
class Seen(Event, code=32, text="seen {value}"):
    value: Annotated[int, U8]
"""
APP = """
import msgspec
from flightsw.app import App, Table, Work, WorkFailed, every, handles
from flightsw.core.executive.messages import AppRestarted, ExecutiveStatus, RestartApp
from tlm_cmd.definition.fields import U8
from tlm_cmd.definition.message import Record
from typing import Annotated
from bench_guinea.messages import Ask, Beat, Poke, Poked, Seen, Toil
class Rule(Record):
    factor: Annotated[int, U8]
class Done(msgspec.Struct):
    value: int
class Gadget: ...
class Memory(msgspec.Struct):
    pokes: int = 0
class Guinea(App):
    rule = Table(Rule, file="rule.toml")
    labour = Work("m:e", Done, Done, time_limit_s=1)
    state: Memory
    @handles(Poke)
    def poke(self, command):
        self.state.pokes += 1
        self.send(Poked(command.value * self.rule.factor))
        self.event(Seen(self.state.pokes))
    @handles(Ask)
    def ask(self, command):
        self.device(Gadget).hum()
        self.device(Gadget, "second").hum()
        self.command("executive", RestartApp("x"))
    @handles(Toil)
    def toil(self, command):
        self.work(self.labour, Done(1), key="k", takes_s=2)
    @handles(Done)
    def done(self, result):
        self.send(Poked(result.value))
    @handles(AppRestarted)
    def restarted(self, event):
        self.event(Seen(200))
    @handles(ExecutiveStatus)
    def status(self, packet):
        self.event(Seen(packet.apps))
    @every(seconds=1, offset=0.5)
    def beat(self):
        self.send(Beat(self.now_ns // 1_000_000_000))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of an app that does a little of everything, and its tables."""
    folder = tmp_path / "bench_guinea"
    folder.mkdir()
    for name, text in (("__init__", ""), ("messages", MESSAGES), ("app", APP)):
        (folder / f"{name}.py").write_text(text)
    (tmp_path / "rule.toml").write_text("factor = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for module in [each for each in sys.modules if each.startswith("bench_guinea")]:
        del sys.modules[module]


@pytest.fixture
def bench(package: Path) -> Bench:
    """The app on a bench, not started."""
    gadgets = {"gadget": Gadget(), "second": Gadget()}
    bench = Bench("bench_guinea", others=("flightsw.core.executive",), tables=package)
    gadget = sys.modules["bench_guinea.app"].Gadget
    bench._devices.update({gadget: gadgets["gadget"], (gadget, "second"): gadgets["second"]})
    return bench


class Gadget:
    """A device double."""

    hums = 0

    def hum(self) -> None:
        """Count."""
        self.hums += 1


def messages() -> Any:  # noqa: ANN401 - a module made by the test
    """The app's messages."""
    return sys.modules["bench_guinea.messages"]


def test_a_command_is_answered_at_once(bench: Bench) -> None:
    """The verdict comes back, with everything that followed from it having happened."""
    bench.start()
    assert bench.command(messages().Poke(4)).stage is Stage.COMPLETED
    assert bench.latest(messages().Poked).value == 8
    assert bench.logged == ["bench_guinea: started after 0 restarts, memory restored: False", "bench_guinea: seen 1"]
    assert bench.ledger().closed


def test_values_are_checked_as_in_flight(bench: Bench) -> None:
    """A packet that no ground could read fails the handler that sends it."""
    bench.start()
    assert bench.command(messages().Poke(60)).stage is Stage.FAILED
    assert bench.sent(messages().Poked) == []
    assert len(bench.sent(HandlerFailed)) == 1


def test_time_passes_only_when_told(bench: Bench) -> None:
    """Activities run when they are due; one due at the very end runs in the next call."""
    bench.start()
    bench.advance(1.5)
    assert [beat.now_s for beat in bench.sent(messages().Beat)] == [0]
    bench.advance(1.0)
    assert [beat.now_s for beat in bench.sent(messages().Beat)] == [0, 1]
    assert bench.now_ns() == 2_500_000_000


def test_a_bench_may_begin_late(package: Path) -> None:
    """Slots before the begin are not made up for."""
    bench = Bench("bench_guinea", others=("flightsw.core.executive",), tables=package, start_ns=7_000_000_000)
    bench.start()
    bench.advance(1)
    assert [beat.now_s for beat in bench.sent(messages().Beat)] == [7]


def test_a_restart_keeps_what_was_stored(bench: Bench) -> None:
    """The app comes back with its checkpoint; what it had sent stays to be seen."""
    bench.start()
    bench.command(messages().Poke(1))
    bench.restart()
    bench.command(messages().Poke(1))
    assert [seen.value for seen in bench.sent(messages().Seen)] == [1, 2]
    assert [(each.restarts, each.checkpoint) for each in bench.sent(AppStarted)] == [(0, False), (1, True)]


def test_devices_and_commands_to_others_are_doubled(bench: Bench) -> None:
    """The app gets the test's devices; its commands are noted, not executed."""
    bench.start()
    assert bench.command(messages().Ask()).stage is Stage.COMPLETED
    assert bench.commands == [RestartApp("x")]
    assert [gadget.hums for gadget in bench._devices.values()] == [1, 1]
    bench._devices.clear()
    assert "which the bench was not given" in bench.command(messages().Ask()).reason


def test_work_is_noted_and_its_result_brought(bench: Bench) -> None:
    """Nothing runs outside; a result, or a failure, comes when the test says so."""
    bench.start()
    bench.command(messages().Toil())
    done = sys.modules["bench_guinea.app"].Done
    assert bench.works == [StartedWork("labour", done(1), "k", 2_000_000_000)]
    bench.deliver_result(done(9))
    assert bench.latest(messages().Poked).value == 9
    bench.deliver_result(WorkFailed("labour", "k", "tired"))
    assert bench.latest(WorkLost).reason == "tired"


def test_packets_and_events_of_others_are_delivered(bench: Bench) -> None:
    """They come as from the app that declares them, or from the one named."""
    bench.start()
    bench.deliver(AppRestarted("x", "test"))
    assert bench.latest(messages().Seen).value == 200
    bench.deliver(status(VehicleAccount(3, 1, 0, Ledger(), 0), ResetRecord(), watchdog_stroked=False), "executive")
    assert bench.latest(messages().Seen).value == 3


def test_what_the_bench_cannot_do_is_said(bench: Bench) -> None:
    """Not started, never sent, declared by nobody, declared by another app: each has its own words."""
    with pytest.raises(FlightSoftwareError, match=r"call start\(\) first"):
        bench.advance(1)
    with pytest.raises(FlightSoftwareError, match=r"call start\(\) first"):
        bench.command(Noop())
    bench.start()
    with pytest.raises(FlightSoftwareError, match="bench_guinea has sent no NoopDone"):
        bench.latest(NoopDone)
    with pytest.raises(DictionaryError, match="bench_guinea declares no command RestartApp"):
        bench.command(RestartApp("x"))
    stranger = type(bench.latest(AppStarted))
    alone = Bench("flightsw.core.executive")
    assert alone.dictionary.apps_declaring(stranger) == ("executive",)
    with pytest.raises(FlightSoftwareError, match="no app of the bench declares Poked; add it to others"):
        alone.deliver(messages().Poked(1))


@pytest.mark.usefixtures("package")
def test_a_missing_table_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without its table files an app cannot be put on the bench."""
    with pytest.raises(TableError, match=r"rule\.toml is missing"):
        Bench("bench_guinea", others=("flightsw.core.executive",), tables=tmp_path_factory.mktemp("empty"))


def test_two_apps_of_one_name_are_refused() -> None:
    """Packages with the same last part would become one app."""
    with pytest.raises(FlightSoftwareError, match="two apps would have the same name"):
        Bench("flightsw.core.executive", others=("other.executive",))


def test_an_executive_finds_its_keeper() -> None:
    """The bench's own account closes."""
    bench = Bench("flightsw.core.executive")
    assert bench.ledger() == Ledger()
    assert bench.account().apps == 1
