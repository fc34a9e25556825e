"""Both chains with everything on: security, sequence control, codes, and a noisy way in between."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from tlm_cmd.coding.reed_solomon import ReedSolomon
from tlm_cmd.errors import WrongValueError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import UNLOCK, SegmentFlags, SegmentHeader, TcFrame, TcFrameType
from tlm_cmd.link.coding_parameters import TelecommandCoding, TelemetryCoding
from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.downlink_receiver import DownlinkReceiver, DownlinkReceiverState
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.link.telecommand_coding import TelecommandDecoder, TelecommandDecoderState, encode_telecommand
from tlm_cmd.link.telemetry_coding import TelemetryDecoder, TelemetryDecoderState, TelemetryEncoder
from tlm_cmd.link.uplink_receiver import UplinkReceiver, UplinkReceiverState
from tlm_cmd.link.uplink_sender import UplinkSender, UplinkSenderState
from tlm_cmd.packets.cfs_header import build_command, build_telemetry
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.frame_security import FrameSecurity, FrameSecurityState
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

SECOND = 10**9
LINK = LinkParameters(
    spacecraft_id=0x1A7,
    tc_virtual_channel=1,
    tc_frame_octets=256,
    segment_header=True,
    map_id=3,
    max_packet_octets=2000,
    tm_frame_octets=446,
    telemetry_coding=TelemetryCoding(reed_solomon=ReedSolomon(16, 2)),
    telecommand_coding=TelecommandCoding(),
    cop1=Cop1Parameters(t1_ms=4000, transmission_limit=50),
    telemetry_security=ChannelSecurity(spi=2, key_id=12),
    telecommand_security=ChannelSecurity(spi=1, key_id=11),
)
AUTHENTICATED = msgspec.structs.replace(
    LINK,
    telecommand_security=ChannelSecurity(spi=1, key_id=11, algorithm=Algorithm.AES_256_CMAC, sequence_octets=4),
)


def security(parameters: LinkParameters, *, flight: bool) -> FrameSecurity:
    """One end's security, ready to send."""
    made = FrameSecurity(derive_simulation_keys(1, [1], [11, 12]), parameters.associations(flight=flight))
    made.reserve()
    made.saved()
    return made


class Pass:
    """A spacecraft and a ground station that hear each other with bit errors, and lose whole transmissions."""

    def __init__(self, parameters: LinkParameters, seed: int, *, bit_errors: float, loss: float) -> None:
        assert parameters.telecommand_coding is not None
        assert parameters.telemetry_coding is not None
        self.draw, self.bit_errors, self.loss = Random(seed), bit_errors, loss
        self.coding = parameters.telecommand_coding
        self.ground = security(parameters, flight=False)
        self.flight = security(parameters, flight=True)
        self.uplink = UplinkSender(parameters, self.ground)
        self.downlink = DownlinkReceiver(parameters, self.ground)
        self.telemetry_decoder = TelemetryDecoder(parameters.telemetry_coding, parameters.tm_frame_octets)
        self.encoder = TelemetryEncoder(parameters.telemetry_coding, parameters.tm_frame_octets)
        self.command_decoder = TelecommandDecoder(parameters.telecommand_coding)
        self.receiver = UplinkReceiver(parameters, self.flight)
        self.sender = DownlinkSender(parameters, self.flight)
        self.now_ns = 0
        self.commands: list[bytes] = []
        self.telemetry: list[bytes] = []

    def noisy(self, octets: bytes) -> bytes:
        """What arrives of a transmission."""
        if self.draw.random() < self.loss:
            return b""
        struck = bytearray(octets)
        for bit in range(8 * len(octets)):
            if self.draw.random() < self.bit_errors:
                struck[bit // 8] ^= 0x80 >> bit % 8
        return bytes(struck)

    def radiate(self, frames: list[bytes]) -> None:
        """Send TC frames up."""
        for frame in frames:
            for found in self.command_decoder.feed(self.noisy(encode_telecommand(frame, self.coding))):
                self.commands += self.receiver.receive(found, self.now_ns).packets

    def second(self) -> None:
        """Let a second pass: two frames down, each with the report, and what the ground does on it."""
        self.now_ns += SECOND
        for _ in range(2):
            frame = self.sender.next_frame(self.receiver.clcw().pack())
            for found in self.telemetry_decoder.feed(self.noisy(self.encoder.encode(frame))):
                result = self.downlink.receive(found)
                self.telemetry += [packet for _, packet in result.packets]
                if result.clcw is not None:
                    self.radiate(self.uplink.on_clcw(result.clcw, self.now_ns))
        self.radiate(self.uplink.poll(self.now_ns))
        for end in (self.ground, self.flight):
            if end.reservation_due:
                end.reserve()
                end.saved()


@pytest.mark.untraced
@pytest.mark.parametrize("parameters", [LINK, AUTHENTICATED], ids=["encrypted", "authenticated"])
@pytest.mark.parametrize(("bit_errors", "loss"), [(0.0, 0.0), (1e-4, 0.0), (1e-4, 0.1)])
def test_commands_arrive_in_order_once_and_telemetry_in_order(
    parameters: LinkParameters, bit_errors: float, loss: float
) -> None:
    """Whatever the way does to them; only a lost telemetry frame takes its packets with it."""
    link = Pass(parameters, 5, bit_errors=bit_errors, loss=loss)
    commands = [build_command(0x30, n, 1, bytes([n % 256]) * (7 * n % 500)) for n in range(120)]
    reports = [build_telemetry(0x31, n, n, 0, bytes([n % 256]) * (11 * n % 700)) for n in range(120)]
    for number in range(120):
        link.sender.enqueue(number % 2, reports[number])
        link.radiate(link.uplink.send(commands[number], link.now_ns))
        link.second()
    for _ in range(400):
        link.second()
    assert link.commands == commands
    seen = [reports.index(packet) for packet in link.telemetry]
    assert len(set(seen)) == len(seen)
    if not loss:
        assert sorted(seen) == list(range(120))
    assert len(seen) > 60
    counters = link.uplink.state.counters
    assert counters.units == counters.confirmed
    assert counters.alerts == 0
    received = link.receiver.state.counters
    assert received.frames == received.data_frames + received.control_frames + received.refused.total
    guard = link.flight.state.counters
    assert guard.received == guard.accepted + guard.refused.total + guard.put_aside
    if loss:
        assert guard.put_aside > 0


def opened(parameters: LinkParameters = LINK) -> Pass:
    """A pass in which the sequence-controlled service is in use."""
    link = Pass(parameters, 1, bit_errors=0.0, loss=0.0)
    for _ in range(4):
        link.second()
    return link


def test_the_service_begins_by_itself_and_opens_a_locked_receiver() -> None:
    """The first report asks for an Unlock; commands that were given before wait for it."""
    link = Pass(LINK, 1, bit_errors=0.0, loss=0.0)
    command = build_command(0x30, 1, 1)
    assert link.uplink.send(command, 0) == []
    for _ in range(4):
        link.second()
    assert link.commands == [command]
    assert link.receiver.state.counters.control_frames == 1
    assert link.uplink.state.counters.initiations == 1


def test_what_waited_too_long_for_the_service_is_never_sent() -> None:
    """A command of before the pass does not arrive in it minutes later; it is counted as expired."""
    link = Pass(LINK, 1, bit_errors=0.0, loss=0.0)
    link.uplink.send(build_command(0x30, 1, 1), 0)
    link.now_ns = 300 * SECOND
    for _ in range(5):
        link.second()
    assert link.commands == []
    assert link.uplink.state.counters.expired == 1


def test_a_forged_frame_does_not_move_the_receiver() -> None:
    """FARM-1 does not see as valid what the security refuses: the next genuine command arrives."""
    link = opened()
    expected = link.receiver.clcw().report_value
    forged = TcFrame(TcFrameType.AD, 0x1A7, 1, bytes(60), expected, SegmentHeader(SegmentFlags.WHOLE, 3)).pack()
    bypass = TcFrame(TcFrameType.BD, 0x1A7, 1, bytes(60), segment=SegmentHeader(SegmentFlags.WHOLE, 3)).pack()
    for frame in (forged, bypass):
        result = link.receiver.receive(frame)
        assert (result.refusal, result.packets) == (FrameRefusal.NOT_GENUINE, ())
    assert link.receiver.clcw().report_value == expected
    command = build_command(0x30, 1, 1)
    link.radiate(link.uplink.send(command, link.now_ns))
    assert link.commands == [command]


def test_a_repeated_frame_is_executed_once() -> None:
    """A genuine frame that comes again is refused, in sequence or bypassing it."""
    link = opened()
    command = build_command(0x30, 1, 1)
    frames = link.uplink.send(command, link.now_ns) + link.uplink.send_bypass([command], link.now_ns)
    for frame in frames * 3:
        link.commands += link.receiver.receive(frame).packets
    assert link.commands == [command, command]
    assert link.receiver.state.counters.refused.not_genuine == 4


def test_after_a_restart_of_the_spacecraft_old_frames_are_refused() -> None:
    """The state saved with the packets is enough: neither sequence control nor security accepts a frame again."""
    link = opened()
    frames = link.uplink.send(build_command(0x30, 1, 1), link.now_ns)
    assert len(link.receiver.receive(frames[0]).packets) == 1
    saved = msgspec.msgpack.encode((link.receiver.state, link.flight.state))
    guard = security(LINK, flight=True)
    again = UplinkReceiver(LINK, guard)
    again.state, guard.state = msgspec.msgpack.decode(saved, type=tuple[UplinkReceiverState, FrameSecurityState])
    assert again.receive(frames[0]).packets == ()
    bypassed = again.receive(TcFrame.unpack(frames[0], segment_header=True).pack())
    assert bypassed.refusal is FrameRefusal.NOT_GENUINE


def test_a_command_that_overtakes_others_does_not_make_them_replays() -> None:
    """A frame out of sequence arrives before one that must be repeated; both are executed, once."""
    link = opened()
    first, second = build_command(0x30, 1, 1), build_command(0x30, 2, 1)
    link.uplink.send(first, link.now_ns)  # lost
    link.radiate(link.uplink.send_bypass([second], link.now_ns))
    for _ in range(8):
        link.second()
    assert link.commands == [second, first]


def test_a_control_frame_needs_no_security_and_carries_none() -> None:
    """An Unlock command is what it is; it executes nothing."""
    link = Pass(LINK, 1, bit_errors=0.0, loss=0.0)
    result = link.receiver.receive(TcFrame(TcFrameType.BC, 0x1A7, 1, UNLOCK).pack())
    assert (result.refusal, result.packets) == (None, ())
    assert not link.receiver.clcw().lockout


def test_telemetry_of_somebody_else_is_refused() -> None:
    """Frames with packets that are not protected, on any channel, give nothing."""
    link = opened()
    plain = DownlinkSender(msgspec.structs.replace(LINK, telemetry_security=None))
    idle_channel = msgspec.structs.replace(LINK, telemetry_security=None, virtual_channels=LINK.virtual_channels[:1])
    for sender in (plain, DownlinkSender(idle_channel)):
        sender.enqueue(0, build_telemetry(0x31, 1, 1, 0))
        result = link.downlink.receive(sender.next_frame(Clcw(1).pack()))
        assert (result.refusal, result.packets) == (FrameRefusal.NOT_GENUINE, ())


def test_security_reports_share_the_control_word_with_the_receivers_reports() -> None:
    """The ground keeps the newest of each."""
    link = opened()
    link.downlink.receive(link.sender.next_frame(link.flight.report().pack()))
    assert link.downlink.state.newest_security_report == link.flight.report()
    assert link.downlink.state.counters.bad_control_words == 0


@pytest.mark.parametrize("end", [UplinkSender, UplinkReceiver, DownlinkSender, DownlinkReceiver])
def test_a_protected_link_has_no_way_around_its_security(end: type) -> None:
    """Neither end can be made without, nor with one that the link does not know of."""
    plain = msgspec.structs.replace(LINK, telemetry_security=None, telecommand_security=None)
    with pytest.raises(WrongValueError):
        end(LINK)
    with pytest.raises(WrongValueError):
        end(plain, security(LINK, flight=True))


def test_all_states_survive_as_documents() -> None:
    """In the middle of things, each state comes back from msgpack as it was."""
    link = Pass(LINK, 3, bit_errors=1e-3, loss=0.2)
    for number in range(20):
        link.sender.enqueue(0, build_telemetry(0x31, number, 1, 0, bytes(600)))
        link.radiate(link.uplink.send(build_command(0x30, number, 1, bytes(300)), link.now_ns))
        link.second()
    states = [
        (link.uplink.state, UplinkSenderState),
        (link.receiver.state, UplinkReceiverState),
        (link.downlink.state, DownlinkReceiverState),
        (link.telemetry_decoder.state, TelemetryDecoderState),
        (link.command_decoder.state, TelecommandDecoderState),
    ]
    for state, kind in states:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=kind) == state


def test_a_receiver_that_still_asks_for_a_lost_frame_is_opened_in_the_next_pass() -> None:
    """A pass that ends behind a gap leaves the retransmit flag set; nobody has the lost frame any more."""
    link = opened()
    lost, second = (link.uplink.send(build_command(0x30, number, 1), link.now_ns) for number in (1, 2))
    assert len(lost) == len(second) == 1
    link.radiate(second)
    assert link.receiver.clcw().retransmit
    link.now_ns += 3600 * SECOND
    for _ in range(60):
        link.now_ns += 10 * SECOND
        link.uplink.poll(link.now_ns)  # nobody hears what it repeats
    assert link.uplink.state.counters.alerts == 1
    for _ in range(10):
        link.second()
    command = build_command(0x30, 3, 1)
    link.radiate(link.uplink.send(command, link.now_ns))
    link.second()
    assert link.commands == [command]
    assert link.uplink.state.counters.alerts == 1


def test_the_receiver_says_which_association_vouches_for_packets() -> None:
    """For whoever must know it: the association that carried them; none on an open link, nor for what was refused."""
    packet = build_command(0x30, 1, 1, b"abc")
    both = msgspec.structs.replace(LINK, telecommand_security=ChannelSecurity(spi=1, second_spi=17, key_id=11))
    for parameters, carrier in ((both, 1), (msgspec.structs.replace(both, telecommand_security=None), None)):
        is_open = parameters.telecommand_security is None
        sender = UplinkSender(parameters, None if is_open else security(parameters, flight=False))
        receiver = UplinkReceiver(parameters, None if is_open else security(parameters, flight=True))
        (frame,) = sender.send_bypass([packet], 0)
        result = receiver.receive(frame)
        assert (result.packets, result.carrier_spi) == ((packet,), carrier)
        if not is_open:
            replayed = receiver.receive(frame)
            assert (replayed.packets, replayed.carrier_spi) == ((), None)
