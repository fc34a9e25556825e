"""Both chains from end to end, as they fly: packet to protected, coded bits and back, in one process."""

from __future__ import annotations

from random import Random

from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from tlm_cmd.coding.reed_solomon import ReedSolomon
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import UNLOCK, TcFrame, TcFrameType
from tlm_cmd.link.coding_parameters import TelecommandCoding, TelemetryCoding
from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.downlink_receiver import DownlinkReceiver
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.link.telecommand_coding import TelecommandDecoder, encode_telecommand
from tlm_cmd.link.telemetry_coding import TelemetryDecoder, TelemetryEncoder
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.packets.cfs_header import build_command, build_telemetry
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

DOWN_OCTETS = 2_000_000
UP_OCTETS = 1_000_000
PACKET_OCTETS = 1000
MEGA = 1e6

LINK = LinkParameters(
    spacecraft_id=1,
    tm_frame_octets=1115,
    telemetry_coding=TelemetryCoding(),
    telecommand_coding=TelecommandCoding(),
    cop1=Cop1Parameters(window=127, farm_window=254),
    telemetry_security=ChannelSecurity(spi=2, key_id=2),
    telecommand_security=ChannelSecurity(spi=1, key_id=1),
    queue_packets=100_000,
)


def measure(effort: Effort) -> list[Figure]:
    """Megabytes of packets per second of processor time, both ends together; down beside its dearest part alone."""
    down, up, code = [], [], []
    for _ in range(effort.runs):
        down.append(_down(effort.count(DOWN_OCTETS // PACKET_OCTETS)))
        code.append(_code_alone(effort.count(DOWN_OCTETS // PACKET_OCTETS)))
        up.append(_up(effort.count(UP_OCTETS // PACKET_OCTETS)))
    peer = ("Reed-Solomon alone, encoded and checked", code)
    return [
        figure(
            ("chains", "TM: packets, frames, SDLS, RS, randomiser, sync, and back"),
            "MB/s",
            down,
            Better.HIGHER,
            must=5,
            aim=20,
            reference=peer,
        ),
        figure(
            ("chains", "TC: packets, SDLS, COP-1, frames, randomiser, CLTU, and back"),
            "MB/s",
            up,
            Better.HIGHER,
            must=2,
            aim=5,
        ),
    ]


def _security(*, flight: bool) -> FrameSecurity:
    made = FrameSecurity(derive_simulation_keys(1, (), (1, 2)), LINK.associations(flight=flight))
    _prepare(made)
    return made


def _prepare(security: FrameSecurity) -> None:
    if security.reserve():
        security.saved()


def _down(packets: int) -> float:
    coding = LINK.telemetry_coding
    if coding is None:
        raise AssertionError("the link of this benchmark is coded")
    flight = _security(flight=True)
    sender, encoder = DownlinkSender(LINK, flight), TelemetryEncoder(coding, LINK.tm_frame_octets)
    receiver, decoder = DownlinkReceiver(LINK, _security(flight=False)), TelemetryDecoder(coding, LINK.tm_frame_octets)
    packet, word = build_telemetry(1, 0, 0, 0, Random(1).randbytes(PACKET_OCTETS - 18)), Clcw(0).pack()
    received = 0

    def fly() -> None:
        nonlocal received
        for number in range(packets):
            sender.enqueue(number & 1, packet)
        while received < packets:
            if flight.reservation_due:
                _prepare(flight)
            for frame in decoder.feed(encoder.encode(sender.next_frame(word))):
                received += len(receiver.receive(frame).packets)

    return packets * PACKET_OCTETS / cpu_seconds(fly) / MEGA


def _code_alone(packets: int) -> float:
    code, data = ReedSolomon(), Random(1).randbytes(LINK.tm_frame_octets)
    frames = max(1, packets * PACKET_OCTETS // len(data))

    def work() -> None:
        for _ in range(frames):
            code.decode(code.encode(data))

    return frames * len(data) / cpu_seconds(work) / MEGA


def _up(packets: int) -> float:
    coding = LINK.telecommand_coding
    if coding is None:
        raise AssertionError("the link of this benchmark is coded")
    ground = _security(flight=False)
    sender, decoder = UplinkSender(LINK, ground), TelecommandDecoder(coding)
    receiver = UplinkReceiver(LINK, _security(flight=True))
    packet = build_command(1, 0, 0, Random(1).randbytes(PACKET_OCTETS - 48))
    receiver.receive(TcFrame(TcFrameType.BC, 1, 0, UNLOCK).pack())
    sender.on_clcw(receiver.clcw(), 0)
    received = 0

    def fly() -> None:
        nonlocal received
        for number in range(packets):
            if ground.reservation_due:
                _prepare(ground)
            for frame in sender.send(packet, number):
                for found in decoder.feed(encode_telecommand(frame, coding)):
                    received += len(receiver.receive(found).packets)
            if number % 64 == 63:
                sender.on_clcw(receiver.clcw(), number)

    seconds = cpu_seconds(fly)
    if received != packets:
        raise AssertionError(f"{received} of {packets} packets arrived")
    return packets * len(packet) / seconds / MEGA
