"""Watches contact for a ground segment: which pass goes on, with which station, when the next one begins."""

from __future__ import annotations

from ops_tools.ground.contact_plan import ContactOutlook, ContactPlan, PlannedContact
from ops_tools.ground.events import EventLog, GroundEvent
from ops_tools.ground.link import GroundLink
from ops_tools.ground.passes import DEFAULT_SILENCE_NS, Pass, PassBook, SignalChange, Traffic
from tlm_cmd.definition.message import Severity


class ContactWatch:
    """Follows contact from what the link has done, and notes what happens in the event log.

    Args:
        link: whose totals are watched.
        events: where acquisition, loss and the next contact are noted.
        plan: predicted contacts, None if there is no prediction.
        silence_ns: time without a frame after which a pass has ended.

    Attributes:
        passes: contacts so far.
    """

    def __init__(
        self, link: GroundLink, events: EventLog, plan: ContactPlan | None, silence_ns: int = DEFAULT_SILENCE_NS
    ) -> None:
        self.passes = PassBook(silence_ns)
        self._link = link
        self._events = events
        self._plan = plan
        self._frames_down = 0
        self._station = ""
        self._announced: PlannedContact | None = None
        self._announce_ns = 0
        self._port_errors = 0
        self._link_failed = False

    def step(self, now_ns: int) -> None:
        """Take what the link has done up to now."""
        link, counters = self._link, self._link.counters
        if link.frames_accepted != self._frames_down:
            self._frames_down = link.frames_accepted
            planned = self._plan.current(now_ns) if self._plan is not None else None
            self._station = planned.station if planned is not None else ""
        traffic = Traffic(self._frames_down, counters.frames_up, counters.octets_down, counters.packets_down)
        match self.passes.update(traffic, now_ns, self._station):
            case SignalChange.ACQUIRED:
                self._note_begin(now_ns)
            case SignalChange.HANDED_OVER:
                self._note_end(self.passes.passes[-2], now_ns)
                self._note_begin(now_ns)
            case SignalChange.LOST:
                self._note_end(self.passes.passes[-1], now_ns)
                self._announce_ns = now_ns
            case SignalChange.NONE:
                pass
        if self._plan is not None and self.passes.current is None and now_ns >= self._announce_ns:
            self._announce(self._plan, now_ns)
        self._watch_port(now_ns)

    def outlook(self, now_ns: int) -> ContactOutlook:
        """Contact at a time, which is that of the last step."""
        passes, plan = self.passes, self._plan
        current = passes.current
        planned = plan.current(now_ns) if plan is not None else None
        return ContactOutlook(
            now_ns=now_ns,
            in_contact=current is not None,
            station=current.station if current is not None else "",
            end_ns=planned.end_ns if planned is not None else None,
            passes=passes.count,
            last_ns=passes.passes[-1].last_ns if passes.passes else None,
            following=plan.following(now_ns) if plan is not None else None,
        )

    def _announce(self, plan: ContactPlan, now_ns: int) -> None:
        """Say once which contact comes next, and again when that one has come to nothing."""
        following = plan.following(now_ns)
        if following is None:
            self._announce_ns = now_ns + self.passes.silence_ns
            return
        self._announce_ns = following.end_ns
        if following != self._announced:
            self._announced = following
            in_s, for_s = (following.begin_ns - now_ns) / 1e9, (following.end_ns - following.begin_ns) / 1e9
            text = f"next contact: {following.station} in {in_s:.0f} s, for {for_s:.0f} s"
            self._events.note(GroundEvent.NEXT_CONTACT, Severity.INFO, text, now_ns)

    def _note_begin(self, now_ns: int) -> None:
        begun = self.passes.passes[-1]
        text = f"pass {begun.number}{_over(begun)} begins"
        self._events.note(GroundEvent.ACQUISITION, Severity.INFO, text, now_ns)
        if not self._link.authenticated:
            warning = "commands are not authenticated: anybody with a transmitter can command this spacecraft"
            self._events.note(GroundEvent.NOT_AUTHENTICATED, Severity.ERROR, warning, now_ns)

    def _note_end(self, ended: Pass, now_ns: int) -> None:
        text = f"pass {ended.number}{_over(ended)} ended: {ended.duration_ns / 1e9:.0f} s, {ended.frames_down} frames"
        self._events.note(GroundEvent.LOSS, Severity.INFO, text, now_ns)

    def _watch_port(self, now_ns: int) -> None:
        """Report each outage of the port once."""
        errors = self._link.counters.port_errors
        failed = errors > self._port_errors
        if failed and not self._link_failed:
            self._events.note(GroundEvent.LINK_FAILED, Severity.ERROR, self._link.last_port_error, now_ns)
        self._port_errors, self._link_failed = errors, failed


def _over(contact: Pass) -> str:
    return f" over {contact.station}" if contact.station else ""
