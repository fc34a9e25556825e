from __future__ import annotations

import msgspec
import pytest

from flightsw.bus.link_counters import LinkCounters
from flightsw.core.software_bus import messages
from flightsw.core.software_bus.messages import (
    BusStatus,
    CommandsNotKept,
    ConnectionRefused,
    DifferentDictionary,
    ForeignOctets,
    LinkReport,
    ReportLinks,
)
from flightsw.runtime.supervision import LinkAccount, ProcessLinks
from flightsw.testing import Bench
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.verification import Stage

QUIET = LinkCounters(resent=3, unconfirmed=2)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The app, started, with nothing to report."""
    bench = Bench("flightsw.core.software_bus")
    bench.start()
    show(bench, monkeypatch, core=QUIET)
    return bench


def show(bench: Bench, monkeypatch: pytest.MonkeyPatch, **counters: LinkCounters) -> None:
    """Let the links have met this."""
    to = {"there": LinkAccount(offered=9, received=6, malformed=1, lost=2)}
    links = {process: ProcessLinks(to, each) for process, each in counters.items()}
    monkeypatch.setattr(bench, "process_links", lambda: links)


def told(bench: Bench) -> list[Event]:
    """The app's own events."""
    kinds = (ForeignOctets, DifferentDictionary, ConnectionRefused, CommandsNotKept)
    return [event for kind in kinds for event in bench.sent(kind)]


def test_links_are_reported_on_command(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One packet for each process, with its links and its counters."""
    show(bench, monkeypatch, core=LinkCounters(1, {"x": 2, "y": 3}, 4, 5, 6, 7, 8, 9, "who"), link=QUIET)
    assert bench.command(ReportLinks()).stage is Stage.COMPLETED
    first, second = bench.sent(LinkReport)
    assert (first.process, second.process, second.resent) == ("core", "link", 3)
    assert first.links == (messages.LinkAccount("there", 9, 6, 1, 2),)
    assert (first.foreign, first.different, first.out_of_order, first.duplicates) == (1, 5, 4, 5)
    assert (first.resent, first.unconfirmed, first.unkept, first.refused_connections) == (6, 7, 8, 9)


def test_the_status_sums_all_processes_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a minute."""
    show(bench, monkeypatch, core=QUIET, link=msgspec.structs.replace(QUIET, foreign=4))
    bench.advance(60)
    assert bench.sent(BusStatus) == [
        BusStatus(unconfirmed=4, resent=6, unkept=0, foreign=4, different=0, refused_connections=0)
    ]


def test_what_goes_wrong_is_told_once_with_its_cause(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of trouble has its event, when it begins or grows, and none while nothing changes."""
    bench.advance(10)
    assert told(bench) == []
    worse = msgspec.structs.replace(
        QUIET, foreign=2, different={"payload": 7}, unkept=1, refused_connections=1, last_refused="10.0.0.9: no key"
    )
    show(bench, monkeypatch, core=worse)
    bench.advance(20)
    expected = [
        ForeignOctets("core", 2),
        DifferentDictionary("core", "payload"),
        ConnectionRefused("core", "10.0.0.9: no key"),
        CommandsNotKept("core"),
    ]
    assert told(bench) == expected
    bench.advance(20)
    assert told(bench) == expected


def test_lock_step_has_no_links(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to report, and that is no error."""
    show(bench, monkeypatch)
    assert bench.command(ReportLinks()).stage is Stage.COMPLETED
    assert bench.sent(LinkReport) == []
