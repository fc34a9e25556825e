"""The bus between two processes, beside raw pyzmq: one message per send, the same octets, the same two processes."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated

import msgspec
import zmq

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.links import BusLinks
from flightsw.bus.router import Bus
from ops_tools.bench.effort import Effort
from ops_tools.bench.figures import Better, Figure, figure, quantile
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import U64, Length
from tlm_cmd.definition.message import Quality, Telemetry

MESSAGES = 400_000
PACED_MESSAGES = 3000
PACE_NS = 1_000_000
BURST = 256
WINDOW = 16_384
"""Messages that may be under way: the sender waits, so that both ends are measured and none overflows."""
PATIENCE_MS = 10_000
PROCESSES = ("here", "there")


class Sample(Telemetry):
    """64 octets."""

    number: Annotated[int, U64]
    rest: Annotated[tuple[Annotated[int, U64], ...], Length(7)]


class Outcome(msgspec.Struct, frozen=True):
    """One run.

    Attributes:
        rate: messages per second.
        cpu_us: processor time per message, of both processes.
        latencies_us: of each message, when it was asked for.
    """

    rate: float
    cpu_us: float
    latencies_us: tuple[float, ...] = ()


def measure(effort: Effort) -> list[Figure]:
    """Throughput, processor time per message, and latency at 1 kHz."""
    rates, costs, raw_rates, raw_costs, ratios, nearly_all, raw_nearly_all = [], [], [], [], [], [], []
    count = effort.count(MESSAGES)
    for _ in range(effort.runs):
        bus, raw = _run(_bus_sender, _bus_receiver, count), _run(_raw_sender, _raw_receiver, count)
        rates.append(bus.rate)
        raw_rates.append(raw.rate)
        costs.append(bus.cpu_us)
        raw_costs.append(raw.cpu_us)
        ratios.append(bus.cpu_us / raw.cpu_us)
        paced = effort.count(PACED_MESSAGES)
        nearly_all.append(quantile(_run(_paced_bus_sender, _bus_receiver, paced).latencies_us, 0.99) / 1000)
        raw_nearly_all.append(quantile(_run(_paced_raw_sender, _raw_receiver, paced).latencies_us, 0.99) / 1000)
    name, peer = "bus.ipc", "raw pyzmq PUSH/PULL"
    return [
        figure(
            (name, "1→1, 64 B, batched"),
            "1/s",
            rates,
            Better.HIGHER,
            must=400e3,
            aim=1e6,
            reference=(peer, raw_rates),
        ),
        figure((name, "processor time per message, both ends"), "us", costs, Better.LOWER, reference=(peer, raw_costs)),
        figure((name, "processor time, as a multiple of raw pyzmq's"), "1", ratios, Better.LOWER, must=7, aim=5),
        figure(
            (name, "latency at 1 kHz unloaded, p99"),
            "ms",
            nearly_all,
            Better.LOWER,
            must=2,
            aim=0.5,
            reference=(peer, raw_nearly_all),
        ),
    ]


Sender = Callable[[Path, int, Connection], None]
Receiver = Callable[[Path, int, Connection], None]


def _run(sender: Sender, receiver: Receiver, count: int) -> Outcome:
    """Run both ends in fresh processes; each says when it is ready, and what it took."""
    context = multiprocessing.get_context("spawn")
    folder = Path(tempfile.mkdtemp(prefix="fsb"))
    ends = [context.Pipe() for _ in range(2)]
    workers = [
        context.Process(target=target, args=(folder, count, theirs))
        for target, (_, theirs) in zip((receiver, sender), ends, strict=True)
    ]
    try:
        for worker in workers:
            worker.start()
        for ours, _ in ends:
            ours.recv()
        began_ns = time.perf_counter_ns()
        for ours, _ in ends:
            ours.send("go")
        cpu_s, latencies = 0.0, ()
        for ours, _ in ends:
            spent_s, measured = ours.recv()
            cpu_s += spent_s
            latencies = measured or latencies
        took_s = (time.perf_counter_ns() - began_ns) / 1e9
        for worker in workers:
            worker.join()
    finally:
        for worker in workers:
            worker.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(count / took_s, cpu_s / count * 1e6, latencies)


# -------------------------------------------------------------------- the bus


def _ends(folder: Path, name: str, receive: Callable[[int, object], None]) -> tuple[Bus, BusLinks, int]:
    dictionary = Dictionary("bench", [AppInterface("app", 0x20, (), (Sample,), ())])
    message_id = dictionary.telemetry_of("app", Sample).message_id
    bus = Bus()
    links = BusLinks(bus, dictionary, name, PROCESSES, 1, lambda process: f"ipc://{folder}/{process}")
    bus.tap = links.check
    if name == "there":
        bus.open_mailbox("app", InboxLimits(telemetry=65_535), receive)
        bus.subscribe("app", message_id, Quality.TELEMETRY, 65_535)
    else:
        links.set_routes({"there": [message_id]})
    links.wait_until_connected(PATIENCE_MS / 1000)
    return bus, links, message_id


def _bus_receiver(folder: Path, count: int, parent: Connection) -> None:
    received: list[int] = []
    latencies: list[float] = []

    def receive(_message_id: int, message: object) -> None:
        if not isinstance(message, Sample):
            raise TypeError(message)
        received.append(message.number)
        if message.rest[0]:
            latencies.append((time.perf_counter_ns() - message.rest[0]) / 1000)

    bus, links, _ = _ends(folder, "there", receive)
    parent.send("ready")
    parent.recv()
    before = time.process_time()
    while len(received) < count:
        if not links.inbox.poll(PATIENCE_MS):
            raise TimeoutError(f"{len(received)} of {count} messages came")
        while links.take_batch() is not None:  # as the runtime of a process does
            bus.dispatch()
        links.announce()
    parent.send((time.process_time() - before, tuple(latencies)))
    if received != list(range(count)) or not (bus.ledger() + links.ledger()).closed:
        raise AssertionError("messages were lost or changed their order, or the ledger does not close")
    links.close()


def _bus_sender(folder: Path, count: int, parent: Connection) -> None:
    _send_by_bus(folder, count, parent, 0)


def _paced_bus_sender(folder: Path, count: int, parent: Connection) -> None:
    _send_by_bus(folder, count, parent, PACE_NS)


def _send_by_bus(folder: Path, count: int, parent: Connection, pace_ns: int) -> None:
    bus, links, message_id = _ends(folder, "here", lambda _id, _message: None)
    rest = (0,) * 7
    parent.send("ready")
    parent.recv()
    before, due_ns = time.process_time(), time.perf_counter_ns()
    for number in range(count):
        if pace_ns:
            due_ns = _await_ns(due_ns + pace_ns)
            bus.send(message_id, Sample(number, (due_ns, *rest[1:])))
            links.flush()
        else:
            bus.send(message_id, Sample(number, rest))
            if number % BURST == BURST - 1:
                links.flush()
                _await_room(links)
    links.flush()
    parent.send((time.process_time() - before, ()))
    while links.inbox.poll(100):
        links.drain()
    links.close()


def _await_room(links: BusLinks) -> None:
    """Wait while the link is as full as it may be without losing anything."""
    while not links.has_room():
        time.sleep(0.0001)


def _await_ns(due_ns: int) -> int:
    """Sleep until a moment; returns when it really was."""
    left_ns = due_ns - time.perf_counter_ns()
    if left_ns > 0:
        time.sleep(left_ns / 1e9)
    return time.perf_counter_ns()


# -------------------------------------------------------------------- raw pyzmq


def _raw_receiver(folder: Path, count: int, parent: Connection) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.set(zmq.RCVHWM, WINDOW)
    socket.bind(f"ipc://{folder}/raw")
    parent.send("ready")
    parent.recv()
    before = time.process_time()
    received, latencies = 0, []
    while received < count:
        if not socket.poll(PATIENCE_MS):
            raise TimeoutError(f"{received} of {count} messages came")
        while True:
            try:
                data = socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            received += 1
            sent_ns = int.from_bytes(data[8:16], "big")
            if sent_ns:
                latencies.append((time.perf_counter_ns() - sent_ns) / 1000)
    parent.send((time.process_time() - before, tuple(latencies)))
    context.destroy(linger=0)


def _raw_sender(folder: Path, count: int, parent: Connection) -> None:
    _send_raw(folder, count, parent, 0)


def _paced_raw_sender(folder: Path, count: int, parent: Connection) -> None:
    _send_raw(folder, count, parent, PACE_NS)


def _send_raw(folder: Path, count: int, parent: Connection, pace_ns: int) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.set(zmq.SNDHWM, WINDOW)
    socket.connect(f"ipc://{folder}/raw")
    socket.poll(PATIENCE_MS, zmq.POLLOUT)
    parent.send("ready")
    parent.recv()
    before, due_ns = time.process_time(), time.perf_counter_ns()
    for number in range(count):
        sent_ns = 0
        if pace_ns:
            sent_ns = due_ns = _await_ns(due_ns + pace_ns)
        socket.send(number.to_bytes(8, "big") + sent_ns.to_bytes(8, "big") + bytes(48))
    parent.send((time.process_time() - before, ()))
    context.destroy(linger=1000)
