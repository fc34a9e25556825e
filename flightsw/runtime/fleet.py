"""The processes of a flight: forked, heard, told, ended. What they are told, and when, is decided elsewhere."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterator

from flightsw.bus.ledger import Ledger
from flightsw.clock import Clock
from flightsw.runtime import control
from flightsw.runtime.child import Child, link_account
from flightsw.runtime.fork import fork
from flightsw.runtime.process import ProcessSettings
from flightsw.runtime.supervision import AppState, LinkAccount

POLL_S = 0.05


class Fleet:
    """Every process of one flight.

    Args:
        processes: apps by process, both in mission order.
        host_clock: host time.
        clock: vehicle time.

    Attributes:
        children: by name of the process.
        routes: what each process is subscribed to.
    """

    def __init__(self, processes: dict[str, tuple[str, ...]], host_clock: Clock, clock: Clock) -> None:
        self.children = {
            name: Child(name, apps, states=dict.fromkeys(apps, AppState.WAITING)) for name, apps in processes.items()
        }
        self.routes: dict[str, list[int]] = {}
        self._of = {app: child for child in self.children.values() for app in child.apps}
        self._host_clock = host_clock
        self._clock = clock
        self._selector = selectors.DefaultSelector()

    def of(self, app: str) -> Child:
        """The process of an app."""
        return self._of[app]

    def __iter__(self) -> Iterator[Child]:
        return iter(tuple(self.children.values()))

    def count_from(self, epoch: int) -> None:
        """Have the first incarnation of each process be the one behind ``epoch``."""
        for child in self.children.values():
            child.epoch = epoch

    # ---------------------------------------------------------------- coming and going

    def spawn(self, settings: ProcessSettings) -> None:
        """Fork a process."""
        ours = [*(child.end for child in self.children.values()), self._selector]
        pid, end = fork(settings, [each for each in ours if each is not None])
        child = self.children[settings.name]
        child.born(pid, end, self._host_clock.now_ns())
        self._selector.register(end, selectors.EVENT_READ, child)

    def disconnect(self, child: Child) -> None:
        """Close the connection to a process, which then ends by itself unless it hangs."""
        if child.end is not None:
            self._selector.unregister(child.end)
            child.end.close()
            child.end = None

    def bury(self, child: Child) -> str:
        """End a process, or settle the account of one that has ended; returns how it ended."""
        self.disconnect(child)
        return child.reaped()

    def watch(self, number: int, what: object) -> None:
        """Have ``select`` hand out something else when a file becomes readable."""
        self._selector.register(number, selectors.EVENT_READ, what)

    def unwatch(self, number: int) -> None:
        """Do so no longer; before the file is closed."""
        self._selector.unregister(number)

    def close(self) -> None:
        """Close the selector."""
        self._selector.close()

    # ---------------------------------------------------------------- hearing and telling

    def select(self, timeout_s: float) -> list[object]:
        """Those that have something to say, waiting at most ``timeout_s`` for the first."""
        return [key.data for key, _ in self._selector.select(timeout_s)]

    def tell(self, child: Child, message: control.FromSupervisor) -> bool:
        """Tell a process something; False when it does not run or has stopped reading."""
        return child.end is not None and control.send(child.end, message)

    def tell_all(self, message: control.FromSupervisor) -> None:
        """Tell every process something."""
        for child in self.children.values():
            self.tell(child, message)

    def route(self, child: Child, message_ids: list[int]) -> None:
        """Tell every process what one of them wants, if that is something new."""
        if self.routes.get(child.name) != message_ids:
            self.routes[child.name] = message_ids
            self.tell_all(control.Routes(self.routes))

    # ---------------------------------------------------------------- their end

    def hear_until(self, reached: Callable[[], bool], grace_ns: int) -> bool:
        """Take the last accounts of the processes, until something is so, or the grace has passed; whether it is so."""
        deadline_ns = self._host_clock.now_ns() + grace_ns
        while not reached():
            if self._host_clock.now_ns() > deadline_ns:
                return False
            for what in self.select(POLL_S):
                if isinstance(what, Child):
                    self._hear_last(what)
        return True

    def _hear_last(self, child: Child) -> None:
        while child.end is not None:
            try:
                message = control.receive_from_process(child.end)
            except EOFError:
                self.disconnect(child)
                return
            if message is None:
                return
            if isinstance(message, control.Heartbeat):
                child.note(message, self._clock.now_ns())

    # ---------------------------------------------------------------- accounts

    def links(self) -> dict[tuple[str, str], LinkAccount]:
        """What became of the packets between each two processes, by (sender, receiver); as of their heartbeats."""
        return {
            (sender.name, receiver): account
            for sender in self.children.values()
            for receiver, account in self.links_of(sender).items()
        }

    def links_of(self, sender: Child) -> dict[str, LinkAccount]:
        """What became of the messages of one process, by receiver; as of the heartbeats."""
        others = (child for child in self.children.values() if child is not sender)
        return {receiver.name: link_account(sender, receiver) for receiver in others}

    def conserves(self) -> bool:
        """Whether every link between running processes conserves."""
        running = [name for name, child in self.children.items() if child.end is not None]
        return all(
            account.closed
            for (sender, receiver), account in self.links().items()
            if sender in running and receiver in running
        )

    def ledger(self) -> Ledger:
        """The bus's account over all processes and incarnations."""
        ledger = Ledger()
        for child in self.children.values():
            ledger += child.account()
        return ledger
