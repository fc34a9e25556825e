import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.requests import Request
from tests.unit.flightsw.bus.conftest import End, Words

HIGH_WATER_MARK = 2
PATIENCE = 500
PADDING = bytes(20_000)
"""Large packets fill the kernel's buffers soon, so that the links overflow."""


class LinkRules(RuleBasedStateMachine):
    """However full the links are, both ends agree on what was lost, and commands come once and in order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="fs"))
        self.here, self.there = (
            End(self.folder, name, 1, high_water_mark=HIGH_WATER_MARK) for name in ("here", "there")
        )
        limits = InboxLimits(commands=4, telemetry=4, bulk=1)
        self.there.subscribe(Words.go_id, Words.count_id, Words.image_id, limits=limits)
        self.here.links.set_routes({"there": self.there.bus.subscribed_ids()})
        assert self.here.links.wait_until_connected(10)
        assert self.there.links.wait_until_connected(10)
        self.sent_commands: list[int] = []
        self.sequence = 0

    @rule(count=st.integers(1, 30))
    def send_packets(self, count: int) -> None:
        """Send small packets."""
        for _ in range(count):
            self.here.bus.send(Words.count_id, Words.Count(self.sequence))
            self.sequence += 1

    @rule(count=st.integers(1, 20))
    def send_images(self, count: int) -> None:
        """Send large ones."""
        for _ in range(count):
            self.here.bus.send(Words.image_id, Words.Image(PADDING))

    @rule(count=st.integers(1, 6))
    def send_commands(self, count: int) -> None:
        """Send commands; those that are refused at once are answered for."""
        for _ in range(count):
            self.sequence += 1
            if self.here.bus.send(Words.go_id, Words.request(self.sequence % 16_384)) == ():
                self.sent_commands.append(self.sequence % 16_384)

    @rule()
    def flush(self) -> None:
        """Let batches leave."""
        self.here.links.flush()

    @rule()
    def receive(self) -> None:
        """Take what has arrived, deal with it, and say so."""
        self.there.links.drain()
        self.there.bus.dispatch()
        self.there.links.confirm()
        self.there.links.flush()
        self.here.links.drain()

    @rule()
    def announce(self) -> None:
        """Say how much was offered."""
        self.here.links.announce()

    @invariant()
    def the_ledgers_close(self) -> None:
        """At every moment, at both ends."""
        assert self.here.bus.ledger().closed
        assert (self.there.bus.ledger() + self.there.links.ledger()).closed

    @invariant()
    def no_order_is_broken(self) -> None:
        """Packets of one kind arrive in the order in which they were sent."""
        numbers = [message.number for message in self.there.received if isinstance(message, Words.Count)]
        assert numbers == sorted(numbers)

    def teardown(self) -> None:
        """Come to rest: both ends count the same, and every command was executed once or answered as refused."""
        self.here.links.flush()
        for _ in range(PATIENCE):  # an announcement may find the link full as well
            if self._conserves() and len(self._commands()) == len(self.sent_commands):
                break
            self.here.links.announce()
            self.there.links.inbox.poll(20)
            self.receive()
        offered, arrivals = self.here.links.offered()["there"], self.there.links.arrivals.get("here")
        received = arrivals.received + arrivals.malformed if arrivals else 0
        lost = arrivals.lost if arrivals else 0
        conserves, commands = offered.packets == received + lost, self._commands()
        for end in (self.here, self.there):
            end.links.close()
        shutil.rmtree(self.folder)
        assert conserves
        assert lost >= offered.dropped
        assert commands == self.sent_commands

    def _conserves(self) -> bool:
        offered, arrivals = self.here.links.offered()["there"], self.there.links.arrivals.get("here")
        return offered.packets == (arrivals.received + arrivals.malformed + arrivals.lost if arrivals else 0)

    def _commands(self) -> list[int]:
        executed = [message.id.sequence for message in self.there.received if isinstance(message, Request)]
        refused = [request.id.sequence for request, _ in self.there.refused]
        return sorted(executed + refused, key=self.sent_commands.index)


LinkRules.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestLinkRules = LinkRules.TestCase
