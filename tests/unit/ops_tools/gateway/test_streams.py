"""Clients of a TCP stream get everything that comes down, and send frames."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest

from ops_tools.gateway.address import LOOPBACK, Address
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.frame_form import BareFrames
from ops_tools.gateway.streams import MAX_CLIENTS, MAX_WAITING_OCTETS, StreamServer
from tlm_cmd.frames.tc import TcFrame, TcFrameType

FRAME = TcFrame(TcFrameType.BD, 0x1A7, 1, b"data").pack()
LONGER = TcFrame(TcFrameType.BD, 0x1A7, 1, bytes(900)).pack()
TURNS = 10_000


@pytest.fixture
def server() -> Iterator[StreamServer]:
    """Listens at a free port."""
    with contextlib.closing(StreamServer(Address(LOOPBACK, 0), BareFrames())) as server:
        yield server


def connect(server: StreamServer) -> socket.socket:
    """A client that the server has met."""
    client = socket.create_connection((server.address.host, server.address.port))
    before = server.counters.clients + server.counters.refused_clients
    turn_until(server, lambda: server.counters.clients + server.counters.refused_clients > before)
    return client


def turn_until(server: StreamServer, reached: Callable[[], bool]) -> list[bytes]:
    """Turn until something is so; return what came meanwhile. The loopback hands over what was sent in no time."""
    units: list[bytes] = []
    for _ in range(TURNS):
        if reached():
            return units
        units += server.take()
    pytest.fail("it did not come about")


def read(client: socket.socket, octets: int) -> bytes:
    """So many octets of what the server has sent."""
    found = b""
    while len(found) < octets:
        found += client.recv(octets - len(found))
    return found


def test_every_client_gets_every_unit_from_its_connection_on(server: StreamServer) -> None:
    """One behind the other, without anything in between."""
    with connect(server) as one:
        server.offer(b"first")
        with connect(server) as other:
            server.offer(b"second")
            assert read(one, 11) == b"firstsecond"
            assert read(other, 6) == b"second"
            assert server.connected == 2
            assert (server.counters.offered, server.counters.queued, server.counters.octets_sent) == (3, 3, 17)


def test_frames_of_clients_are_cut_from_their_streams(server: StreamServer) -> None:
    """In pieces and together, each client's stream for itself."""
    with connect(server) as one, connect(server) as other:
        one.sendall(FRAME[:3])
        other.sendall(LONGER + FRAME[:7])
        assert turn_until(server, lambda: server.counters.octets_read == len(LONGER) + 10) == [LONGER]
        one.sendall(FRAME[3:] + LONGER)
        other.sendall(FRAME[7:])
        units = turn_until(server, lambda: server.counters.taken == 4)
        assert sorted(units) == sorted([FRAME, LONGER, FRAME])


def test_a_stream_out_of_step_is_ended_and_its_good_frames_are_kept(server: StreamServer) -> None:
    """The client sees the end of its connection, others go on."""
    with connect(server) as bad, connect(server) as good:
        bad.sendall(FRAME + b"\xff" * 8)
        assert turn_until(server, lambda: server.counters.streams_out_of_step == 1) == [FRAME]
        assert bad.recv(1) == b""
        good.sendall(FRAME)
        assert turn_until(server, lambda: server.counters.taken == 2) == [FRAME]
        assert (server.connected, server.counters.closed) == (1, 1)


def test_a_slow_client_loses_whole_units_and_nobody_waits_for_it(server: StreamServer) -> None:
    """What it gets is whole units without a gap inside one; the lost ones are counted."""
    unit = bytes(range(250)) * 16
    with connect(server) as slow:
        for _ in range(3 * MAX_WAITING_OCTETS // len(unit) + 4 * 6_000_000 // len(unit)):
            server.offer(unit)
        counters = server.counters
        assert counters.dropped > 0
        assert counters.offered == counters.queued + counters.dropped
        slow.setblocking(False)
        found = bytearray()
        for _ in range(TURNS):
            if len(found) == counters.queued * len(unit):
                break
            server.take()
            with contextlib.suppress(BlockingIOError):
                found += slow.recv(1 << 20)
        assert found == unit * counters.queued


def test_a_client_that_leaves_is_forgotten(server: StreamServer) -> None:
    """Whether it leaves in good order or with a reset while something is sent to it."""
    connect(server).close()
    turn_until(server, lambda: server.connected == 0)
    rude = connect(server)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    rude.close()
    server.offer(b"unit")
    turn_until(server, lambda: server.connected == 0)
    assert (server.counters.clients, server.counters.closed) == (2, 2)


def test_more_clients_than_the_bound_are_sent_away(server: StreamServer) -> None:
    """They see the end at once, and are counted."""
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_CLIENTS):
            stack.enter_context(connect(server))
        extra = stack.enter_context(connect(server))
        assert extra.recv(1) == b""
        assert (server.connected, server.counters.refused_clients) == (MAX_CLIENTS, 1)


def test_a_port_that_is_taken_is_refused_by_name(server: StreamServer) -> None:
    """The message says which."""
    with pytest.raises(GatewayError, match=f"cannot listen at {server.address}: Address already in use"):
        StreamServer(server.address, BareFrames())
