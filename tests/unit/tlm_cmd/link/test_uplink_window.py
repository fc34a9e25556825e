from __future__ import annotations

from msgspec.structs import replace

from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.packets.cfs_header import build_command

OPEN = LinkParameters(spacecraft_id=0x123)
S = 1_000_000_000
CONTROLLED = LinkParameters(spacecraft_id=0x123, cop1=Cop1Parameters(window=4, farm_window=20))


def packet(number: int) -> bytes:
    """A packet that leaves no room for another in its frame."""
    return build_command(0x0A, number, 2, bytes(900))


def test_without_sequence_control_there_is_no_window() -> None:
    """Every frame leaves at once."""
    assert UplinkSender(OPEN).free_units is None


def test_what_would_leave_at_once() -> None:
    """Nothing before the service begins; then as many frames as the window leaves, and more with each report."""
    sender, receiver = UplinkSender(CONTROLLED), UplinkReceiver(CONTROLLED)
    assert sender.free_units == 0
    for frame in sender.on_clcw(receiver.clcw(), 0):
        receiver.receive(frame)
    sender.on_clcw(receiver.clcw(), 0)
    assert sender.free_units == 4
    frames = sender.send_all([packet(1), packet(2), packet(3)], 0)
    assert (len(frames), sender.free_units) == (3, 1)
    assert (len(sender.send(packet(4), 0)), sender.free_units) == (1, 0)
    assert (sender.send(packet(5), 0), sender.send(packet(6), 0), sender.free_units) == ([], [], 0)
    for frame in frames:
        receiver.receive(frame)
    frames = sender.on_clcw(receiver.clcw(), 0)
    assert (len(frames), sender.free_units) == (2, 1)


def test_packets_that_wait_for_the_service_come_first() -> None:
    """While commands wait for the service to begin, nothing else is let through."""
    sender, receiver = UplinkSender(CONTROLLED), UplinkReceiver(CONTROLLED)
    assert sender.send(packet(1), 0) == []
    assert sender.free_units == 0
    for frame in sender.on_clcw(receiver.clcw(), 0):  # the receiver begins in lockout: an Unlock goes first
        receiver.receive(frame)
    frames = sender.on_clcw(receiver.clcw(), 0)
    assert (len(frames), sender.free_units) == (1, 3)


def after_a_late_report(parameters: LinkParameters) -> tuple[UplinkSender, UplinkReceiver]:
    """Both ends at 1 s, when a packet has arrived, and the service has ended with a report older than one heard before.

    A second radio with a longer delay would bring one.
    """
    sender, receiver = UplinkSender(parameters), UplinkReceiver(parameters)
    for frame in sender.on_clcw(receiver.clcw(), 0):
        receiver.receive(frame)
    older = receiver.clcw()
    sender.on_clcw(older, 0)
    for frame in sender.send(packet(1), S):
        receiver.receive(frame)
    sender.on_clcw(receiver.clcw(), S)
    assert sender.on_clcw(older, S) == []
    assert sender.state.counters.alerts == 1
    return sender, receiver


def arriving(sender: UplinkSender, receiver: UplinkReceiver) -> list[bytes]:
    """What arrives in the next seconds, with a report in each."""
    arrived: list[bytes] = []
    for second in range(2, 20):
        for frame in sender.on_clcw(receiver.clcw(), second * S):
            arrived += receiver.receive(frame).packets
        sender.poll(second * S)
    return arrived


def test_a_report_that_comes_late_takes_no_number_back() -> None:
    """After an alert no number is given twice while a frame with it may be under way: nothing is confirmed wrongly."""
    sender, receiver = after_a_late_report(CONTROLLED)
    older = replace(receiver.clcw(), report_value=0)
    assert sender.send(packet(2), S) == []
    assert sender.on_clcw(older, S) == []
    assert arriving(sender, receiver) == [packet(2)]
    counters = sender.state.counters
    assert (counters.units, counters.confirmed, counters.initiations) == (2, 2, 2)


def test_what_waits_because_frames_are_under_way_does_not_expire_meanwhile() -> None:
    """A command given at an alert is sent when the service begins again, though each frame is sent only once."""
    once = LinkParameters(spacecraft_id=0x123, cop1=Cop1Parameters(transmission_limit=1))
    sender, receiver = after_a_late_report(once)
    assert sender.send(packet(2), S) == []
    assert arriving(sender, receiver) == [packet(2)]
    assert sender.state.counters.expired == 0
