"""The source: sends when told to, and ticks."""

from __future__ import annotations

import msgspec

from flight.sink.messages import Remember
from flight.source.messages import Burst, BurstDone, Relay, Sample, Spoil, Storm, Tick
from flightsw.app import App, every, handles


class SourceState(msgspec.Struct):
    """What the source remembers."""

    sent: int = 0
    ticks: int = 0


class Source(App):
    """Numbers its samples over all bursts."""

    state: SourceState

    @handles(Burst)
    def burst(self, command: Burst) -> None:
        """Send samples."""
        for _ in range(command.count):
            self.send(Sample(self.state.sent))
            self.state.sent += 1
        self.event(BurstDone(command.count, 0))

    @handles(Relay)
    def relay(self, command: Relay) -> None:
        """Command another app."""
        self.command("sink", Remember(command.value))

    @handles(Storm)
    def storm(self, command: Storm) -> None:
        """Command another app more than it can hold."""
        for value in range(command.count):
            self.command("sink", Remember(value))

    @handles(Spoil)
    def spoil(self, _: Spoil) -> None:
        """Send nonsense."""
        self.send(Sample(2_000_000))

    @every(seconds=0.5, offset=0.1)
    def tick(self) -> None:
        """Show the time."""
        now_ns = self.now_ns
        self.state.ticks += 1
        self.send(Tick(self.state.ticks, now_ns, self.time.utc_ns(now_ns)))
