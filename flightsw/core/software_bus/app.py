"""The software bus app: reports on links, and turns what goes wrong there into events."""

from __future__ import annotations

import msgspec

from flightsw.app import App, every, handles
from flightsw.bus.link_counters import LinkCounters
from flightsw.core.software_bus.messages import (
    MAX_REPORTED_LINKS,
    BusStatus,
    CommandsNotKept,
    ConnectionRefused,
    DifferentDictionary,
    ForeignOctets,
    LinkAccount,
    LinkReport,
    ReportLinks,
)
from flightsw.runtime.supervision import ProcessLinks
from tlm_cmd.packets.verification import shorten

_MAX_U32 = 2**32 - 1


class SoftwareBusState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        known: what was last seen of each process, so that news are told once.
    """

    known: dict[str, LinkCounters] = {}


class SoftwareBus(App):
    """Watches the links between processes."""

    state: SoftwareBusState

    @handles(ReportLinks)
    def report_links(self, _: ReportLinks) -> None:
        """Publish the account of each process's links; in lock-step there is none."""
        for process, links in self._processes().items():
            self.send(_report(process, links))

    @every(seconds=5, offset=2)
    def watch(self) -> None:
        """Tell what is new."""
        for process, links in self._processes().items():
            self._tell(process, self.state.known.get(process, LinkCounters()), links.counters)
            self.state.known[process] = links.counters

    @every(seconds=60, offset=30)
    def publish_status(self) -> None:
        """Sum all links up."""
        counters = [links.counters for links in self._processes().values()]
        self.send(
            BusStatus(
                unconfirmed=sum(each.unconfirmed for each in counters) & _MAX_U32,
                resent=sum(each.resent for each in counters) & _MAX_U32,
                unkept=sum(each.unkept for each in counters) & _MAX_U32,
                foreign=sum(each.foreign for each in counters) & _MAX_U32,
                different=sum(sum(each.different.values()) for each in counters) & _MAX_U32,
                refused_connections=sum(each.refused_connections for each in counters) & _MAX_U32,
            )
        )

    def _processes(self) -> dict[str, ProcessLinks]:
        return self.container.surroundings.supervision.process_links()

    def _tell(self, process: str, before: LinkCounters, now: LinkCounters) -> None:
        if now.foreign > before.foreign:
            self.event(ForeignOctets(process, now.foreign & _MAX_U32))
        for sender in now.different:
            if sender not in before.different:
                self.event(DifferentDictionary(process, sender))
        if now.refused_connections > before.refused_connections:
            self.event(ConnectionRefused(process, shorten(now.last_refused)))
        if now.unkept and not before.unkept:
            self.event(CommandsNotKept(process))


def _report(process: str, links: ProcessLinks) -> LinkReport:
    counters = links.counters
    return LinkReport(
        process=process,
        links=tuple(
            LinkAccount(receiver, each.offered, each.received, each.malformed, each.lost)
            for receiver, each in list(links.to.items())[:MAX_REPORTED_LINKS]
        ),
        unconfirmed=counters.unconfirmed & _MAX_U32,
        resent=counters.resent & _MAX_U32,
        duplicates=counters.duplicates & _MAX_U32,
        out_of_order=counters.out_of_order & _MAX_U32,
        unkept=counters.unkept & _MAX_U32,
        foreign=counters.foreign & _MAX_U32,
        different=sum(counters.different.values()) & _MAX_U32,
        refused_connections=counters.refused_connections & _MAX_U32,
    )
