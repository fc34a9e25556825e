"""The gateway between the ground, the radios and whoever is connected."""

from __future__ import annotations

import contextlib
import socket

import pytest

from flightsw.hal.errors import PortError, PortTimeoutError
from ops_tools.gateway.address import LOOPBACK, Address
from ops_tools.gateway.datagrams import DatagramInlet
from ops_tools.gateway.errors import CommandedElsewhereError, GatewayError
from ops_tools.gateway.gateway import Gateway, GatewaySettings, TelemetryTarget
from ops_tools.ground.link import GroundLink
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.packets.cfs_header import build_command, build_telemetry

RADIOS = ("s_band", "x_band")
FREE = Address(LOOPBACK, 0)
LINK = LinkParameters(spacecraft_id=0x1A7, tm_frame_octets=64)
PACKET = build_command(0x010, 0, 0)


class Radio:
    """A radio that remembers what it sent, hands out what it was given, and may be out of order."""

    def __init__(self, *frames: bytes) -> None:
        self.frames = list(frames)
        self.sent: list[bytes] = []
        self.broken = False

    def send(self, octets: bytes) -> None:
        """Remember a frame."""
        if self.broken:
            raise PortTimeoutError("radio", 1.0)
        self.sent.append(octets)

    def receive(self) -> list[bytes]:
        """Hand out every frame once."""
        if self.broken:
            raise PortTimeoutError("radio", 1.0)
        frames, self.frames = self.frames, []
        return frames


def send_datagram(address: Address, octets: bytes) -> None:
    """As a mission control system does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(octets, (address.host, address.port))


def test_frames_of_each_radio_go_where_they_are_wanted_and_to_the_ground_as_well() -> None:
    """Two who want one radio both get it; a radio that nobody wants is only the ground's."""
    with contextlib.ExitStack() as stack:
        one, other = (stack.enter_context(contextlib.closing(DatagramInlet(FREE))) for _ in range(2))
        targets = (TelemetryTarget("s_band", one.address), TelemetryTarget("s_band", other.address))
        gateway = stack.enter_context(contextlib.closing(Gateway(GatewaySettings(telemetry=targets), RADIOS)))
        s_band, x_band = gateway.radio("s_band", Radio(b"s1", b"s2")), gateway.radio("x_band", Radio(b"x1"))
        assert (s_band.receive(), x_band.receive()) == ([b"s1", b"s2"], [b"x1"])
        assert (one.take(), other.take()) == ([b"s1", b"s2"], [b"s1", b"s2"])


def test_frames_that_are_handed_in_leave_through_the_command_radio_only() -> None:
    """Datagrams and streams alike, whatever they hold; what the radio does not take is counted."""
    settings = GatewaySettings(commands=(FREE,), streams=(FREE,))
    frame = UplinkSender(LINK).send(PACKET, 0)[0]
    with contextlib.closing(Gateway(settings, RADIOS)) as gateway:
        s_band, x_band = Radio(), Radio()
        taps = gateway.radio("s_band", s_band), gateway.radio("x_band", x_band)
        send_datagram(gateway.commands[0], b"no frame")
        with socket.create_connection((gateway.streams[0].host, gateway.streams[0].port)) as client:
            client.sendall(frame)
            for _ in range(1000):
                for tap in taps:
                    tap.receive()
                if len(s_band.sent) == 2:
                    break
        assert (s_band.sent, x_band.sent) == ([b"no frame", frame], [])
        s_band.broken = True
        send_datagram(gateway.commands[0], frame)
        with pytest.raises(PortError):
            taps[0].receive()
        counters = gateway.counters
        assert (counters.frames, counters.radiated, counters.refused) == (3, 2, 1)
        assert counters.octets == 8 + len(frame)


def test_the_ground_behind_a_gateway_hears_everything_and_commands_nothing() -> None:
    """Its own commands are refused with the reason, those of others reach the spacecraft, and both see its packets."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(contextlib.closing(DatagramInlet(FREE)))
        settings = GatewaySettings(telemetry=(TelemetryTarget("s_band", listener.address),), commands=(FREE,))
        gateway = stack.enter_context(contextlib.closing(Gateway(settings, RADIOS)))
        spacecraft, downlink = UplinkReceiver(LINK), DownlinkSender(LINK)
        telemetry = build_telemetry(0x011, 0, 1, 0, b"payload")
        downlink.enqueue(0, telemetry)
        radio = Radio(downlink.next_frame(spacecraft.clcw().pack()))
        ground = GroundLink(LINK, gateway.radio("s_band", radio))
        send_datagram(gateway.commands[0], UplinkSender(LINK).send(PACKET, 0)[0])
        assert [arrival.packet for arrival in ground.poll(0)] == [telemetry]
        assert len(listener.take()) == 1
        assert spacecraft.receive(radio.sent[0]).packets == (PACKET,)
        with pytest.raises(Exception, match="commanded through the gateway"):
            ground.send(PACKET, 0)
        assert len(radio.sent) == 1
        with pytest.raises(CommandedElsewhereError):
            gateway.radio("x_band", Radio()).send(b"frame")


def test_what_went_through_is_told_by_address() -> None:
    """The description names every way in and out, and the status counts each."""
    target = TelemetryTarget("x_band", Address(LOOPBACK, 9))
    with contextlib.closing(
        Gateway(GatewaySettings(telemetry=(target,), commands=(FREE,), streams=(FREE,)), RADIOS)
    ) as gateway:
        gateway.radio("x_band", Radio(b"frame")).receive()
        commands, streams = gateway.commands[0], gateway.streams[0]
        assert (
            gateway.describe()
            == f"x_band frames to udp 127.0.0.1:9, commands from udp {commands}, both on tcp {streams}"
        )
        status = gateway.status()
        assert status.telemetry["x_band=127.0.0.1:9"].offered == 1
        assert (*status.commands, *status.streams) == (str(commands), str(streams))


def test_only_addresses_that_others_reach_count_as_exposed() -> None:
    """Those where commands are taken; telemetry may go anywhere."""
    inside = (Address("127.0.0.1", 1), Address("localhost", 2), Address("::1", 3))
    outside = Address("0.0.0.0", 4)  # noqa: S104 - said, not used
    settings = GatewaySettings(
        telemetry=(TelemetryTarget("s_band", Address("192.0.2.1", 5)),), commands=inside, streams=(outside,)
    )
    assert settings.exposed == (outside,)
    assert str(inside[2]) == "[::1]:3"


def test_a_radio_that_there_is_not_is_refused() -> None:
    """The message names those there are."""
    settings = GatewaySettings(telemetry=(TelemetryTarget("k_band", FREE),))
    with pytest.raises(GatewayError, match="there is no radio 'k_band', only s_band, x_band"):
        Gateway(settings, RADIOS)


def test_a_gateway_that_cannot_be_opened_leaves_no_port_taken() -> None:
    """What was opened before the failure is closed again."""
    with contextlib.closing(DatagramInlet(FREE)) as first:
        free = first.address
    with contextlib.closing(DatagramInlet(FREE)) as taken:
        with pytest.raises(GatewayError):
            Gateway(GatewaySettings(commands=(free, taken.address)), RADIOS)
        DatagramInlet(free).close()
