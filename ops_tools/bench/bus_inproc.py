"""The bus within one process: depth, limits and ledger on, against a bare ``deque`` that only queues and calls."""

from __future__ import annotations

import time
from collections import deque

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.router import Bus
from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure, quantile
from tlm_cmd.definition.message import Quality

PAYLOAD = bytes(64)
MESSAGE_ID = 0x0821
ANSWER_ID = 0x0822
BURST = 32
"""Messages sent before they are handed out: what a handler of a busy app sends."""
MESSAGES = 400_000
ROUND_TRIPS = 100_000
FAN_OUT = 4


class Receiver:
    """Counts what it is handed."""

    def __init__(self) -> None:
        self.received = 0

    def receive(self, _message_id: int, _message: object) -> None:
        """Take a message."""
        self.received += 1


def throughput(effort: Effort) -> list[Figure]:
    """Deliveries per processor second, to one app and to four."""
    figures = []
    for fan_out, must, aim in ((1, 1.5e6, 3e6), (FAN_OUT, 2.5e6, 4e6)):
        rates, bare = [], []
        for _ in range(effort.runs):
            rates.append(_bus_rate(fan_out, effort.count(MESSAGES // fan_out)))
            bare.append(_deque_rate(fan_out, effort.count(MESSAGES)))
        what = f"1→{fan_out}, 64 B, " + ("messages" if fan_out == 1 else "deliveries")
        reference = ("bare deque and call", bare)
        name = ("bus.inproc", what)
        figures.append(figure(name, "1/s", rates, Better.HIGHER, must=must, aim=aim, reference=reference))
    return figures


def round_trip(effort: Effort) -> list[Figure]:
    """From a message to the receipt of its answer, between two apps of one process."""
    halves, nearly_all, bare_halves, bare_nearly_all = [], [], [], []
    for _ in range(effort.runs):
        trips = _round_trips_us(effort.count(ROUND_TRIPS))
        bare = _bare_round_trips_us(effort.count(ROUND_TRIPS))
        halves.append(quantile(trips, 0.5))
        nearly_all.append(quantile(trips, 0.99))
        bare_halves.append(quantile(bare, 0.5))
        bare_nearly_all.append(quantile(bare, 0.99))
    peer = "bare deque, both ways"
    return [
        figure(
            ("bus.rtt", "round trip in process, p50"),
            "us",
            halves,
            Better.LOWER,
            must=3,
            aim=1,
            reference=(peer, bare_halves),
        ),
        figure(
            ("bus.rtt", "round trip in process, p99"),
            "us",
            nearly_all,
            Better.LOWER,
            must=10,
            aim=3,
            reference=(peer, bare_nearly_all),
        ),
    ]


def _bus_rate(fan_out: int, messages: int) -> float:
    bus = Bus()
    receivers = [Receiver() for _ in range(fan_out)]
    for number, receiver in enumerate(receivers):
        bus.open_mailbox(f"app{number}", InboxLimits(), receiver.receive)
        bus.subscribe(f"app{number}", MESSAGE_ID, Quality.TELEMETRY)
    send, dispatch = bus.send, bus.dispatch

    def carry() -> None:
        for _ in range(messages // BURST + 1):
            for _ in range(BURST):
                send(MESSAGE_ID, PAYLOAD)
            dispatch()

    seconds = cpu_seconds(carry)
    ledger = bus.ledger()
    received = sum(receiver.received for receiver in receivers)
    if not ledger.closed or ledger.delivered != received:
        raise AssertionError(f"the ledger does not close: {ledger}, {received} received")
    return received / seconds


def _deque_rate(fan_out: int, messages: int) -> float:
    queue: deque[object] = deque()
    receivers = [Receiver() for _ in range(fan_out)]
    take = [receiver.receive for receiver in receivers]
    append, popleft = queue.append, queue.popleft

    def carry() -> None:
        for _ in range(messages // BURST // fan_out + 1):
            for _ in range(BURST):
                append(PAYLOAD)
            while queue:
                message = popleft()
                for receive in take:
                    receive(MESSAGE_ID, message)

    seconds = cpu_seconds(carry)
    return sum(receiver.received for receiver in receivers) / seconds


def _round_trips_us(count: int) -> list[float]:
    bus = Bus()
    answered = Receiver()

    def answer(_message_id: int, message: object) -> None:
        bus.send(ANSWER_ID, message)

    bus.open_mailbox("echo", InboxLimits(), answer)
    bus.open_mailbox("asker", InboxLimits(), answered.receive)
    bus.subscribe("echo", MESSAGE_ID, Quality.TELEMETRY)
    bus.subscribe("asker", ANSWER_ID, Quality.TELEMETRY)
    clock, trips = time.perf_counter_ns, []
    for _ in range(count):
        before = clock()
        bus.send(MESSAGE_ID, PAYLOAD)
        bus.dispatch()
        trips.append((clock() - before) / 1000)
    if answered.received != count:
        raise AssertionError(f"{answered.received} of {count} answers")
    return trips


def _bare_round_trips_us(count: int) -> list[float]:
    there: deque[object] = deque()
    back: deque[object] = deque()
    clock, trips = time.perf_counter_ns, []
    for _ in range(count):
        before = clock()
        there.append(PAYLOAD)
        back.append(there.popleft())
        back.popleft()
        trips.append((clock() - before) / 1000)
    return trips
