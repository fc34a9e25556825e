"""One frame a datagram, over the loopback of this computer."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from flightsw.hal.ports import MAX_FRAME_OCTETS
from ops_tools.gateway.address import LOOPBACK, Address
from ops_tools.gateway.datagrams import MAX_DATAGRAMS_PER_TURN, DatagramInlet, DatagramOutlet
from ops_tools.gateway.errors import GatewayError


@pytest.fixture
def inlet() -> Iterator[DatagramInlet]:
    """Takes datagrams at a free port."""
    with contextlib.closing(DatagramInlet(Address(LOOPBACK, 0))) as inlet:
        yield inlet


def test_units_arrive_whole_and_in_order(inlet: DatagramInlet) -> None:
    """Both ends count the same; without anything new, nothing comes."""
    units = [b"1", b"22", bytes(MAX_FRAME_OCTETS)]
    with contextlib.closing(DatagramOutlet(inlet.address)) as outlet:
        for unit in units:
            outlet.offer(unit)
        assert inlet.take() == units
        assert inlet.take() == []
        assert (outlet.counters.offered, outlet.counters.sent, outlet.counters.refused) == (3, 3, 0)
        assert outlet.counters.octets == inlet.counters.octets == 3 + MAX_FRAME_OCTETS


def test_what_no_radio_takes_is_counted_by_reason(inlet: DatagramInlet) -> None:
    """Empty and oversize datagrams are dropped; the sum holds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in (b"", bytes(MAX_FRAME_OCTETS + 1), b"frame"):
            sender.sendto(datagram, (inlet.address.host, inlet.address.port))
    assert inlet.take() == [b"frame"]
    counters = inlet.counters
    assert (counters.empty, counters.oversize, counters.taken) == (1, 1, 1)
    assert counters.datagrams == counters.taken + counters.empty + counters.oversize


def test_a_flood_is_taken_in_turns(inlet: DatagramInlet) -> None:
    """One turn has an end, and says that it came to it."""
    with contextlib.closing(DatagramOutlet(inlet.address)) as outlet:
        for _ in range(MAX_DATAGRAMS_PER_TURN):
            outlet.offer(b"x")
        assert len(inlet.take()) == MAX_DATAGRAMS_PER_TURN
        assert inlet.counters.turns_cut_short == 1
        assert inlet.take() == []
        assert inlet.counters.turns_cut_short == 1


def test_a_datagram_that_does_not_leave_is_counted() -> None:
    """One longer than UDP carries; whoever sends goes on."""
    with contextlib.closing(DatagramOutlet(Address(LOOPBACK, 9))) as outlet:
        outlet.offer(bytes(70_000))
        counters = outlet.counters
        assert (counters.offered, counters.sent, counters.refused, counters.octets) == (1, 0, 1, 0)


def test_a_port_that_is_taken_is_refused_by_name(inlet: DatagramInlet) -> None:
    """The message says which."""
    with pytest.raises(GatewayError, match=f"cannot take frames at {inlet.address}: Address already in use"):
        DatagramInlet(inlet.address)


def test_a_host_that_nobody_knows_is_refused() -> None:
    """An empty label is looked up nowhere."""
    with pytest.raises(GatewayError, match=r"no\.\.host:1: "):
        DatagramOutlet(Address("no..host", 1))
