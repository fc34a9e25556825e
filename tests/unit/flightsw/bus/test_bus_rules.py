from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.overflow import DropReason, Overflow
from flightsw.bus.router import Bus
from tlm_cmd.definition.message import Quality

APPS = ("a", "b", "c")
LIMITS = InboxLimits(commands=2, telemetry=4, bulk=1)
MESSAGE_IDS = st.integers(1, 4)
NAMES = st.sampled_from(APPS)
QUALITIES = {message_id: Quality(message_id % 3) for message_id in range(1, 5)}


class BusRules(RuleBasedStateMachine):
    """Whatever happens to apps and subscriptions, every message is delivered, waits, or is counted as lost."""

    def __init__(self) -> None:
        super().__init__()
        self.bus = Bus()
        self.open: dict[str, None] = {}
        self.sent = self.offered = self.told = self.restarted = self.unrouted = 0
        self.received: dict[tuple[str, int], list[int]] = {}
        self.number = 0

    @rule(app=NAMES)
    def open_mailbox(self, app: str) -> None:
        """An app comes onto the bus."""
        if app not in self.open:
            self.open[app] = None
            self.bus.open_mailbox(app, LIMITS, lambda message_id, message: self.receive(app, message_id, message))

    def receive(self, app: str, message_id: int, message: object) -> None:
        """Messages of one kind come in the order in which they were sent."""
        assert isinstance(message, int)
        numbers = self.received.setdefault((app, message_id), [])
        assert not numbers or message > numbers[-1]
        numbers.append(message)

    @rule(app=NAMES, message_id=MESSAGE_IDS, limit=st.integers(1, 5), overflow=st.sampled_from(Overflow))
    def subscribe(self, app: str, message_id: int, limit: int, overflow: Overflow) -> None:
        """An app asks for a message, or changes how many of it may wait and what becomes of more."""
        if app in self.open:
            self.bus.subscribe(app, message_id, QUALITIES[message_id], limit, overflow)

    @rule(message_id=MESSAGE_IDS, count=st.integers(1, 6))
    def send(self, message_id: int, count: int) -> None:
        """Somebody sends."""
        for _ in range(count):
            self.number += 1
            destinations = len(self.bus.destinations(message_id))
            self.told += len(self.bus.send(message_id, self.number))
            self.offered += destinations
            self.sent += destinations > 0
            self.unrouted += destinations == 0

    @rule(message_id=MESSAGE_IDS, enabled=st.booleans(), which=st.integers(0, 2))
    def enable(self, message_id: int, enabled: bool, which: int) -> None:  # noqa: FBT001 - drawn
        """A route is switched."""
        for destination in self.bus.destinations(message_id)[which : which + 1]:
            destination.enabled = enabled

    @rule(app=NAMES)
    def close_mailbox(self, app: str) -> None:
        """An app leaves the bus."""
        if app in self.open:
            self.bus.close_mailbox(app)
            del self.open[app]

    @rule()
    def dispatch(self) -> None:
        """What waits is handed out."""
        waiting = self.bus.ledger().queued
        assert self.bus.dispatch() == waiting

    @invariant()
    def the_ledger_closes(self) -> None:
        """Every figure of the ledger is what was seen to happen."""
        ledger = self.bus.ledger()
        assert ledger.closed
        assert (ledger.sent, ledger.offered, ledger.unrouted) == (self.sent, self.offered, self.unrouted)
        assert ledger.delivered == sum(map(len, self.received.values()))
        restarted = ledger.dropped.get(DropReason.APP_RESTARTED, 0)
        assert ledger.lost == self.told + restarted


BusRules.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestBusRules = BusRules.TestCase
