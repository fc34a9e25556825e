from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq

from flightsw.hal.emu import IPC_PATH_OCTETS, MAX_REQUESTS_PER_POLL, MAX_STALE_REPLIES, EmuLink, PortServer
from flightsw.hal.emu_ports import emu_radio_frequency, emu_uart
from flightsw.hal.emu_wire import Outcome, PortReply, PortRequest, RequestKind, decode_reply, decode_request, encode
from flightsw.hal.errors import (
    AddressError,
    NakError,
    OversizeError,
    PortClosedError,
    PortTimeoutError,
    UnknownPortError,
)
from flightsw.hal.ports import MAX_TRANSFER_OCTETS

Answer = Callable[[PortRequest], list[bytes]]


class Echo:
    """Repeats what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def receive(self, data: bytes) -> bytes:
        """The octets that came."""
        self.heard.append(data)
        return data


class Antenna:
    """Hears nothing and says nothing."""

    def uplink(self, octets: bytes) -> None:
        """Take no notice."""
        del octets

    def downlink(self, most: int) -> list[bytes]:
        """Nothing."""
        del most
        return []


@contextmanager
def polling(server: PortServer) -> Iterator[None]:
    """Poll a server in another thread; it is handed back when the block ends."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            server.poll(0.01)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


@contextmanager
def answering(address: str, answer: Answer) -> Iterator[None]:
    """A server that sends whatever ``answer`` returns for each request, lies included."""
    stop = threading.Event()
    ready = threading.Event()

    def run() -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.bind(address)
            ready.set()
            while not stop.is_set():
                if socket.poll(10):
                    client, message = socket.recv_multipart()
                    for reply in answer(decode_request(message)):
                        socket.send_multipart((client, reply))

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Where server and client meet."""
    return f"ipc://{tmp_path}/ports"


@pytest.fixture
def echo() -> Echo:
    """A device."""
    return Echo()


@pytest.fixture
def server(address: str, echo: Echo) -> Iterator[PortServer]:
    """A server that is polled by the test."""
    made = PortServer(address, {"echo": echo}, {"antenna": Antenna()})
    yield made
    made.close()


@pytest.fixture
def link(address: str) -> Iterator[EmuLink]:
    """A client that waits long enough for a busy machine."""
    made = EmuLink(address, timeout_s=10.0)
    yield made
    made.close()


def test_a_silent_simulator_times_out_and_the_link_recovers(server: PortServer, address: str, echo: Echo) -> None:
    """An unanswered request raises, is never answered to a later one, and the next works."""
    link = EmuLink(address, timeout_s=0.05)
    uart = emu_uart(link, "echo")
    with pytest.raises(PortTimeoutError) as error:
        uart.write(b"lost")
    assert (error.value.port, error.value.timeout_s) == ("echo", 0.05)
    assert (link.state.requests, link.state.timeouts) == (1, 1)
    link.timeout_s = 10.0
    with polling(server):
        uart.write(b"found")
    assert uart.read(100, 0.0) == b"found"
    assert link.state.stale == 0
    assert echo.heard[-1] == b"found"
    link.close()


def test_an_absent_simulator_times_out(address: str) -> None:
    """Without any server the time-out is the same, and a server that comes later is found."""
    link = EmuLink(address, timeout_s=0.02)
    for _ in range(3):
        with pytest.raises(PortTimeoutError):
            link.call(RequestKind.TRANSFER, "echo", b"x")
    link.timeout_s = 10.0
    server = PortServer(address, {"echo": Echo()}, {})
    with polling(server):
        assert link.call(RequestKind.TRANSFER, "echo", b"y") == [b"y"]
    link.close()
    server.close()


def test_stale_duplicate_and_malformed_replies_are_discarded(address: str, link: EmuLink) -> None:
    """Only the reply with the request's own sequence counts; the others are counted and dropped."""

    def lie(request: PortRequest) -> list[bytes]:
        true = encode(PortReply(request.sequence, Outcome.DONE, [request.data]))
        old = encode(PortReply(request.sequence - 1, Outcome.DONE, [b"old"]))
        return [old, b"\xc1 no msgpack", true, true]

    with answering(address, lie):
        assert link.call(RequestKind.TRANSFER, "echo", b"first") == [b"first"]
        assert link.call(RequestKind.TRANSFER, "echo", b"second") == [b"second"]
    assert link.state.stale == 2 + 3


def test_a_babbling_simulator_counts_as_silent(address: str, link: EmuLink) -> None:
    """A bounded number of wrong replies is discarded, then the request has timed out."""

    def babble(request: PortRequest) -> list[bytes]:
        return [encode(PortReply(request.sequence + 1, Outcome.DONE))] * (2 * MAX_STALE_REPLIES)

    with answering(address, babble), pytest.raises(PortTimeoutError):
        link.call(RequestKind.TRANSFER, "echo", b"x")
    assert link.state.stale == 1 + MAX_STALE_REPLIES


def test_sequence_wraps_at_32_bits(server: PortServer, link: EmuLink) -> None:
    """The sequence starts again behind its last value."""
    link.state.sequence = 2**32 - 1
    with polling(server):
        assert link.call(RequestKind.TRANSFER, "echo", b"x") == [b"x"]
    assert link.state.sequence == 0


def test_a_closed_link_refuses(link: EmuLink) -> None:
    """Closing twice is harmless, using a closed link is not."""
    link.close()
    link.close()
    with pytest.raises(PortClosedError):
        link.call(RequestKind.TRANSFER, "echo")


@pytest.mark.parametrize(
    ("kind", "port"),
    [
        (RequestKind.TRANSFER, "nowhere"),
        (RequestKind.TRANSFER, "antenna"),
        (RequestKind.UPLINK, "echo"),
        (RequestKind.DOWNLINK, "echo"),
    ],
)
def test_unknown_ports_are_named(server: PortServer, link: EmuLink, kind: RequestKind, port: str) -> None:
    """A port that the simulator does not have, or that is of another kind, is refused by name."""
    with polling(server), pytest.raises(UnknownPortError) as error:
        link.call(kind, port, b"")
    assert error.value.port == port
    assert (server.state.requests, server.state.unknown_ports) == (1, 1)


def test_missing_acknowledgement_crosses_the_link(address: str, link: EmuLink) -> None:
    """A device that does not acknowledge there raises here, and the server counts it."""

    class Refusing:
        def receive(self, data: bytes) -> bytes:
            raise NakError(data.decode())

    server = PortServer(address, {"refusing": Refusing()}, {})
    with polling(server), pytest.raises(NakError, match="refusing"):
        link.call(RequestKind.TRANSFER, "refusing", b"x")
    assert server.state.naks == 1
    server.close()


def test_frames_cross_the_link_both_ways(server: PortServer, link: EmuLink) -> None:
    """The radio's port works over the same link as the devices'."""
    radio = emu_radio_frequency(link, "antenna")
    with polling(server):
        radio.send(b"up")
        assert radio.receive() == []
    assert server.state.requests == 2


def test_server_drops_what_is_no_request(server: PortServer, address: str, echo: Echo) -> None:
    """Malformed messages are counted and left unanswered; the server goes on."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(address)
        for message in ([b""], [b"\xc1"], [encode((1, 99, "echo", b""))], [encode(("1", 1, "echo", b""))]):
            socket.send_multipart(message)
        socket.send(encode(PortRequest(7, RequestKind.TRANSFER, "echo", b"good")))
        while server.state.requests == 0:
            server.poll(10.0)
        assert decode_reply(socket.recv()) == PortReply(7, Outcome.DONE, [b"good"])
        assert not socket.poll(0)
    assert server.state.malformed == 4
    assert echo.heard == [b"good"]


def test_server_counts_replies_that_nobody_reads(server: PortServer, address: str) -> None:
    """A client that does not read fills bounded queues; the server neither waits for it nor loses count."""
    data = bytes(MAX_TRANSFER_OCTETS)
    total = 500
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.setsockopt(zmq.RCVHWM, 1)
        socket.connect(address)
        for number in range(total):
            socket.send(encode(PortRequest(number, RequestKind.TRANSFER, "echo", data)))
        while server.state.requests < total:
            server.poll(10.0)
    assert total // 2 < server.state.undeliverable < total


def test_server_serves_a_bounded_number_per_poll(server: PortServer, address: str) -> None:
    """However many requests wait, the simulator gets its turn after a bounded number."""
    total = 2 * MAX_REQUESTS_PER_POLL
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.connect(address)
        for number in range(total):
            socket.send(encode(PortRequest(number, RequestKind.TRANSFER, "echo", b"")))
        polls = []
        while server.state.requests < total:
            polls.append(server.poll(10.0))
            while socket.poll(0):
                socket.recv()
    assert max(polls) <= MAX_REQUESTS_PER_POLL


def test_a_poll_without_requests_returns(server: PortServer) -> None:
    """Nothing to do is no request served."""
    assert server.poll(0.0) == 0


def test_a_closed_server_refuses(server: PortServer) -> None:
    """Closing twice is harmless, polling a closed server is not."""
    server.close()
    server.close()
    with pytest.raises(PortClosedError):
        server.poll(0.0)


def test_two_servers_cannot_share_an_address(server: PortServer, address: str) -> None:
    """A second server is refused instead of stealing the path, and may have it when the first has gone."""
    with pytest.raises(AddressError, match="another server"):
        PortServer(address, {}, {})
    server.close()
    PortServer(address, {}, {}).close()


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("tcp://0.0.0.0:5555", "allowed are"),
        ("tcp://*:5555", "allowed are"),
        ("inproc://x", "allowed are"),
    ],
)
def test_addresses_beyond_the_host_are_refused(address: str, problem: str) -> None:
    """A simulator listens for its own host only, and says which addresses it takes."""
    with pytest.raises(AddressError, match=problem) as error:
        PortServer(address, {}, {})
    assert error.value.address == address


def test_a_taken_tcp_port_is_refused() -> None:
    """A port that another program holds is refused with the system's reason."""
    first = PortServer("tcp://127.0.0.1:*", {}, {})
    with pytest.raises(AddressError, match="in use"):
        PortServer(first.address, {}, {})
    first.close()


def test_too_long_paths_are_refused(tmp_path: Path) -> None:
    """A path that the kernel would cut is refused with its length."""
    path = str(tmp_path / ("x" * IPC_PATH_OCTETS))
    with pytest.raises(AddressError, match=f"{len(path)} octets"):
        PortServer(f"ipc://{path}", {}, {})


def test_loopback_tcp_works() -> None:
    """A server on a free loopback port tells its address and serves there."""
    server = PortServer("tcp://127.0.0.1:*", {"echo": Echo()}, {})
    assert server.address.startswith("tcp://127.0.0.1:")
    link = EmuLink(server.address, timeout_s=10.0)
    with polling(server):
        assert link.call(RequestKind.TRANSFER, "echo", b"tcp") == [b"tcp"]
    link.close()
    server.close()


SIMULATOR = """
import sys
from flightsw.hal.emu import PortServer
class Echo:
    def receive(self, data):
        return data
server = PortServer(sys.argv[1], {"echo": Echo()}, {})
print("ready", flush=True)
while True:
    server.poll(1.0)
"""


def test_link_survives_a_killed_simulator(address: str, link: EmuLink) -> None:
    """After a simulator was killed without warning, the same ports reach the next one on the same address."""
    uart = emu_uart(link, "echo")
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", SIMULATOR, address], stdout=subprocess.PIPE) as simulator:
            assert simulator.stdout is not None
            assert simulator.stdout.readline() == b"ready\n"
            link.timeout_s = 10.0
            uart.write(b"alive")
            assert uart.read(5, 0.1) == b"alive"
            simulator.send_signal(signal.SIGKILL)
        link.timeout_s = 0.05
        with pytest.raises(PortTimeoutError):
            uart.write(b"dead")
        assert uart.read(5, 0.0) == b""


def test_link_bounds_transfers(link: EmuLink) -> None:
    """More than one transfer may carry is refused here, before it could cut the connection."""
    with pytest.raises(OversizeError):
        link.call(RequestKind.TRANSFER, "echo", bytes(MAX_TRANSFER_OCTETS + 1))
    assert link.state.requests == 0
