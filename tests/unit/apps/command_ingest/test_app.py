from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from apps.command_ingest.app import COMMANDS_PER_POLL, FILE_PDUS_PER_POLL, MAX_WAITING_PACKETS
from apps.command_ingest.arming import MAX_ARMED
from apps.command_ingest.messages import (
    Arm,
    ArmExpired,
    CommandArmed,
    FilePduReceived,
    FrameRejected,
    TakePacket,
    UplinkStatus,
)
from apps.file_transfer.messages import TakePdu
from apps.mode_manager.messages import SetMode, SpacecraftMode
from apps.power.messages import RetriggerLine, SwitchLine
from flightsw.bus.requests import Request
from flightsw.devices.framing import pack_reply, unpack_request
from flightsw.devices.radio import FetchFrames, ReceivedFrames, SBandTransceiver
from flightsw.hal.sim import SimUart
from flightsw.messages.life import Noop
from flightsw.messages.tables import LoadTable
from flightsw.testing import Bench
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Command
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage, VerificationReport

POWER_LINE_2 = SwitchLine(2, on=True)


class ReceiverEnd:
    """The radio's end of its wire: received frames stay here until the driver has acknowledged them."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.first = 0
        self.answers = 1_000_000

    def receive(self, data: bytes) -> bytes:
        """Answer a request for frames, while there are answers left."""
        if self.answers == 0:
            return b""
        self.answers -= 1
        opcode, sequence, payload = unpack_request(data)
        acknowledged = codec_of(FetchFrames).decode(payload).acknowledged
        if acknowledged >= 0:
            del self.frames[: acknowledged - self.first]
            self.first = acknowledged
        reply = ReceivedFrames(self.first, tuple(self.frames[:8]))
        return pack_reply(opcode, sequence, 0, codec_of(ReceivedFrames).encode(reply))


class Uplink:
    """The app on its bench, the ground that sends to it, and two apps that take commands.

    Attributes:
        taken: commands that reached an app, in order.
    """

    def __init__(self, make: Callable[..., Bench], memory_of: Uplink | None = None, start_ns: int = 0) -> None:
        self.taken: list[Command] = []
        self.end: ReceiverEnd = memory_of.end if memory_of else ReceiverEnd()
        self.bench: Bench = make(
            "command_ingest",
            {SBandTransceiver: SBandTransceiver(SimUart(self.end))},
            others=("power", "mode_manager", "file_transfer"),
            start_ns=start_ns,
            memory_of=memory_of.bench if memory_of else None,
            take=self._take,
        )
        self._sender = UplinkSender(self.bench.links.s_band)
        self._sequence = 0

    def _take(self, _message_id: int, message: object) -> None:
        assert isinstance(message, Request)
        self.taken.append(message.command)

    def packet(self, command: Command, app: str = "power") -> bytes:
        """A command's packet, with the next sequence count."""
        entry = self.bench.dictionary.command_of(app, type(command))
        self._sequence += 1
        return build_command(entry.apid, self._sequence, entry.code, self.bench.dictionary.encode_payload(command))

    def radiate(self, *packets: bytes) -> None:
        """Send packets, as many in a frame as fit."""
        self.end.frames += self._sender.send_all(packets, 0)

    def rejection(self, packet: bytes) -> FailureCode:
        """Send one packet and return the code of the only report about it, which rejects it."""
        before = self.bench.container.state.failed
        self.radiate(packet)
        self.bench.advance(1)
        apid, sequence = int.from_bytes(packet[:2], "big") & 0x7FF, int.from_bytes(packet[2:4], "big") & 0x3FFF
        reports = self.bench.reports(RequestId(GROUND, apid, sequence, packet[6] & 0x7F))
        assert [report.stage for report in reports] == [Stage.REJECTED]
        assert self.bench.container.state.failed == before + 1
        return reports[0].code


@pytest.fixture
def uplink(bench_of: Callable[..., Bench]) -> Uplink:
    """The app with an empty radio."""
    return Uplink(bench_of)


def test_a_command_reaches_its_app(uplink: Uplink) -> None:
    """A command in a valid frame is on the bus at the next poll, and the answer is left to its app."""
    uplink.radiate(uplink.packet(Noop()), uplink.packet(SetMode(SpacecraftMode.SAFE), "mode_manager"))
    uplink.bench.advance(1)
    assert uplink.taken == [Noop(), SetMode(SpacecraftMode.SAFE)]
    status = uplink.bench.latest(UplinkStatus)
    assert (status.frames_accepted, status.frames_rejected) == (1, 0)
    assert (status.packets_accepted, status.packets_rejected, status.packets_waiting) == (2, 0, 0)
    assert Clcw.unpack(status.clcw.to_bytes(4, "big")).farm_b_count == 1


def test_file_pdus_are_handed_on_without_a_report(uplink: Uplink) -> None:
    """PDUs of files go on in order among commands, more of them than commands at once, and nothing is said of them."""
    pdus = [bytes([number]) * 300 for number in range(60)]
    packets = [uplink.packet(TakePdu(pdu), "file_transfer") for pdu in pdus]
    uplink.radiate(*packets, uplink.packet(Noop()), uplink.packet(TakePdu(b"last"), "file_transfer"))
    uplink.bench.advance(0.5)
    assert [received.pdu for received in uplink.bench.sent(FilePduReceived)] == [*pdus, b"last"]
    assert uplink.taken == [Noop()]
    assert [report.request.apid for report in uplink.bench.sent(VerificationReport)] == []
    uplink.bench.advance(1)
    status = uplink.bench.latest(UplinkStatus)
    assert (status.packets_accepted, status.file_pdus, status.packets_rejected) == (1, 61, 0)


def test_file_pdus_have_a_bound_at_once(uplink: Uplink) -> None:
    """Of very many PDUs the rest waits for the next poll, so that no inbox overflows; none is lost."""
    count = 3 * FILE_PDUS_PER_POLL // 2
    uplink.radiate(*[uplink.packet(TakePdu(bytes([number % 256])), "file_transfer") for number in range(count)])
    uplink.bench.advance(0.5)
    assert len(uplink.bench.sent(FilePduReceived)) == FILE_PDUS_PER_POLL
    uplink.bench.advance(0.5)
    assert len(uplink.bench.sent(FilePduReceived)) == count


def test_a_damaged_file_pdu_is_rejected_as_any_command(uplink: Uplink) -> None:
    """What is no command that can be executed has its report."""
    packet = bytearray(uplink.packet(TakePdu(b"pdu"), "file_transfer"))
    packet[-1] ^= 1
    assert uplink.rejection(bytes(packet)) is FailureCode.BAD_CHECKSUM
    assert uplink.bench.sent(FilePduReceived) == []


def test_every_flipped_bit_is_refused(uplink: Uplink) -> None:
    """A frame with any one bit wrong is dropped and counted, and nothing comes of it."""
    uplink.radiate(uplink.packet(RetriggerLine(3)))
    frame = uplink.end.frames.pop()
    for bit in range(len(frame) * 8):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 0x80 >> bit % 8
        uplink.end.frames.append(bytes(damaged))
    uplink.bench.advance(20)
    status = uplink.bench.latest(UplinkStatus)
    assert (status.frames_accepted, status.frames_rejected) == (0, len(frame) * 8)
    assert (uplink.taken, status.packets_accepted, status.packets_rejected) == ([], 0, 0)
    reported = 0
    for event in uplink.bench.sent(FrameRejected):
        reported += event.count
    assert reported == len(frame) * 8


def test_rejected_frames_are_reported_at_most_every_ten_seconds(uplink: Uplink) -> None:
    """A frame rejected soon after a report waits for the next one; the counts add up."""
    for _ in range(15):
        uplink.end.frames.append(b"noise")
        uplink.bench.advance(1)
    assert [event.count for event in uplink.bench.sent(FrameRejected)] == [1, 10]
    uplink.bench.advance(10)
    assert [event.count for event in uplink.bench.sent(FrameRejected)] == [1, 10, 4]
    assert uplink.bench.latest(FrameRejected).reason == "too short"


def test_wrong_checksum(uplink: Uplink) -> None:
    """A packet whose checksum is wrong inside a good frame is rejected for that."""
    packet = bytearray(uplink.packet(RetriggerLine(3)))
    packet[-1] ^= 0x10
    assert uplink.rejection(bytes(packet)) is FailureCode.BAD_CHECKSUM


def test_wrong_length(uplink: Uplink) -> None:
    """Too few or too many octets of arguments are rejected as a wrong length."""
    entry = uplink.bench.dictionary.command_of("power", RetriggerLine)
    assert uplink.rejection(build_command(entry.apid, 100, entry.code)) is FailureCode.BAD_LENGTH
    assert uplink.rejection(build_command(entry.apid, 101, entry.code, b"\x01\x02")) is FailureCode.BAD_LENGTH


def test_argument_out_of_range(uplink: Uplink) -> None:
    """A power line that does not exist, and a mode that no label has, are rejected as arguments."""
    power = uplink.bench.dictionary.command_of("power", RetriggerLine)
    modes = uplink.bench.dictionary.command_of("mode_manager", SetMode)
    assert uplink.rejection(build_command(power.apid, 100, power.code, b"\x0c")) is FailureCode.BAD_ARGUMENT
    assert uplink.rejection(build_command(modes.apid, 101, modes.code, b"\x63")) is FailureCode.BAD_ARGUMENT


def test_unknown_application(uplink: Uplink) -> None:
    """An APID that no app has, and one that only a telemetry packet has, take no commands."""
    power = uplink.bench.dictionary.apid_of("power")
    assert uplink.rejection(build_command(0x700, 100, 0)) is FailureCode.UNKNOWN_APPLICATION
    assert uplink.rejection(build_command(power + 1, 101, 0)) is FailureCode.UNKNOWN_APPLICATION


def test_unknown_function(uplink: Uplink) -> None:
    """A function code that an app does not have is rejected by name."""
    power = uplink.bench.dictionary.apid_of("power")
    assert uplink.rejection(build_command(power, 100, 99)) is FailureCode.UNKNOWN_FUNCTION


def test_no_command_packet(uplink: Uplink) -> None:
    """A packet that is no command at all is rejected as malformed, even one without a function code."""
    power = uplink.bench.dictionary.apid_of("power")
    telemetry = (0x0800 | power).to_bytes(2, "big") + b"\xc0\x64\x00\x01\x00\x00"
    headless = (0x1000 | power).to_bytes(2, "big") + b"\xc0\x65\x00\x00\x00"
    assert uplink.rejection(telemetry) is FailureCode.MALFORMED_PACKET
    assert uplink.rejection(headless) is FailureCode.MALFORMED_PACKET


def test_an_app_that_is_not_there(uplink: Uplink) -> None:
    """A command to an app that is off the bus is answered by the command ingest."""
    uplink.bench.bus.close_mailbox("power")
    assert uplink.rejection(uplink.packet(Noop())) is FailureCode.APP_UNAVAILABLE


def test_hazardous_commands_are_armed_first(uplink: Uplink) -> None:
    """Not armed it is rejected; armed it is accepted once; then it is not armed any more."""
    entry = uplink.bench.dictionary.command_of("power", SwitchLine)
    assert uplink.rejection(uplink.packet(POWER_LINE_2)) is FailureCode.NOT_ARMED
    assert uplink.bench.command(Arm(entry.apid, entry.code)).stage is Stage.COMPLETED
    assert uplink.bench.latest(CommandArmed).function == entry.code
    uplink.radiate(uplink.packet(POWER_LINE_2))
    uplink.bench.advance(1)
    assert uplink.taken == [POWER_LINE_2]
    assert uplink.rejection(uplink.packet(POWER_LINE_2)) is FailureCode.NOT_ARMED
    assert uplink.bench.sent(ArmExpired) == []


def test_arming_and_firing_in_one_frame(uplink: Uplink) -> None:
    """The hazardous command may stand right behind its arming: the arming is executed first."""
    entry = uplink.bench.dictionary.command_of("power", SwitchLine)
    arm = uplink.packet(Arm(entry.apid, entry.code), "command_ingest")
    uplink.radiate(arm, uplink.packet(POWER_LINE_2), uplink.packet(Noop()))
    uplink.bench.advance(1)
    assert uplink.taken == [POWER_LINE_2, Noop()]


def test_arming_expires(uplink: Uplink) -> None:
    """After 30 seconds an arming is void, which is reported once."""
    entry = uplink.bench.dictionary.command_of("power", SwitchLine)
    uplink.bench.command(Arm(entry.apid, entry.code))
    uplink.bench.advance(29.9)
    assert uplink.bench.sent(ArmExpired) == []
    uplink.bench.advance(1)
    assert uplink.bench.sent(ArmExpired) == [ArmExpired(entry.apid, entry.code)]
    assert uplink.rejection(uplink.packet(POWER_LINE_2)) is FailureCode.NOT_ARMED


def test_only_hazardous_commands_can_be_armed(uplink: Uplink) -> None:
    """Arming a harmless or an unknown command is refused."""
    for command in (Arm(uplink.bench.dictionary.apid_of("power"), Noop.code), Arm(0x7FF, 2)):
        report = uplink.bench.command(command)
        assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)


def test_armed_commands_have_a_bound(uplink: Uplink, monkeypatch: pytest.MonkeyPatch) -> None:
    """While as many commands are armed as can be, arming another one is refused."""
    monkeypatch.setattr(Noop, "hazardous", True)
    monkeypatch.setattr(LoadTable, "hazardous", True)
    apids = [uplink.bench.dictionary.apid_of(app) for app in ("power", "mode_manager", "command_ingest")]
    codes = [(apid, function) for apid in apids for function in (Noop.code, LoadTable.code)]
    power = uplink.bench.dictionary.command_of("power", SwitchLine)
    state = uplink.bench.app.state
    assert uplink.bench.command(Arm(power.apid, power.code)).stage is Stage.COMPLETED
    for apid, function in codes:
        assert uplink.bench.command(Arm(apid, function)).stage is Stage.COMPLETED
    state.armed += [state.armed[0].__class__(1, 1, state.armed[0].expires_ns)] * (MAX_ARMED - len(state.armed))
    monkeypatch.setattr(RetriggerLine, "hazardous", True)
    report = uplink.bench.command(Arm(power.apid, RetriggerLine.code))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)


def test_a_burst_is_handed_on_in_portions(uplink: Uplink) -> None:
    """Of a burst no more commands come at once than their reports can pass, in order, and none is lost."""
    packets = [uplink.packet(RetriggerLine(index % 12)) for index in range(6 * COMMANDS_PER_POLL)]
    uplink.radiate(*packets)
    for polls in range(1, 7):
        uplink.bench.advance(0.5)
        assert len(uplink.taken) == polls * COMMANDS_PER_POLL
    assert uplink.taken == [RetriggerLine(index % 12) for index in range(6 * COMMANDS_PER_POLL)]


def test_what_waits_has_a_bound(uplink: Uplink) -> None:
    """When enough packets wait, further frames are left in the radio and fetched later; every command comes once."""
    packets = [uplink.packet(Noop()) for _ in range(MAX_WAITING_PACKETS + 2000)]
    uplink.radiate(*packets)
    uplink.bench.advance(1)
    left = len(uplink.end.frames)
    assert left > 0
    assert uplink.bench.latest(UplinkStatus).packets_waiting >= MAX_WAITING_PACKETS - COMMANDS_PER_POLL
    uplink.bench.advance(len(packets) / COMMANDS_PER_POLL / 2)
    assert len(uplink.taken) == len(packets)


def test_a_silent_radio_is_counted(uplink: Uplink) -> None:
    """A radio that does not answer is an error each time, and what it kept is fetched when it answers again."""
    uplink.radiate(uplink.packet(Noop()))
    uplink.end.answers = 0
    uplink.bench.advance(2)
    assert uplink.bench.latest(UplinkStatus).errors == 4
    uplink.end.answers = 10
    uplink.bench.advance(1)
    assert (uplink.taken, uplink.bench.latest(UplinkStatus).errors) == ([Noop()], 4)


def test_seconds_since_the_last_command(uplink: Uplink) -> None:
    """The age of the last accepted command is told each second; a rejected one does not count."""
    uplink.radiate(uplink.packet(Noop()))
    uplink.bench.advance(10)
    assert uplink.bench.latest(UplinkStatus).seconds_since_command == 9
    uplink.radiate(build_command(0x700, 0, 0))
    uplink.bench.advance(10)
    assert uplink.bench.latest(UplinkStatus).seconds_since_command == 19
    assert uplink.bench.latest(UplinkStatus).packets_rejected == 1


def test_armed_across_a_crash(uplink: Uplink) -> None:
    """What is armed stays armed across a crash, until its end, and can still be used once."""
    entry = uplink.bench.dictionary.command_of("power", SwitchLine)
    uplink.bench.command(Arm(entry.apid, entry.code))
    uplink.bench.restart()
    uplink.radiate(uplink.packet(POWER_LINE_2))
    uplink.bench.advance(1)
    assert uplink.taken == [POWER_LINE_2]
    uplink.bench.restart()
    assert uplink.rejection(uplink.packet(POWER_LINE_2)) is FailureCode.NOT_ARMED


def test_no_command_twice_after_a_crash_of_the_process(uplink: Uplink, bench_of: Callable[..., Bench]) -> None:
    """A new process has a new driver, which the radio would give its last frames again: they are not executed again."""
    uplink.radiate(uplink.packet(Noop()))
    uplink.end.answers = 1
    uplink.bench.advance(0.5)
    assert (len(uplink.end.frames), uplink.taken) == (1, [Noop()])
    uplink.end.answers = 10
    again = Uplink(bench_of, memory_of=uplink, start_ns=uplink.bench.now_ns())
    again.radiate(again.packet(RetriggerLine(2)))
    again.bench.advance(1)
    assert again.taken == [RetriggerLine(2)]


def test_what_waited_survives_a_crash(uplink: Uplink) -> None:
    """Commands that were received and wait for their turn are handed on after a crash, each once."""
    uplink.radiate(*[uplink.packet(RetriggerLine(index % 12)) for index in range(50)])
    uplink.bench.advance(0.5)
    uplink.bench.restart()
    uplink.bench.advance(2)
    assert uplink.taken == [RetriggerLine(index % 12) for index in range(50)]


def test_packets_of_other_apps_are_treated_as_received(uplink: Uplink) -> None:
    """A stored packet is checked and handed on as if it had come up the link, over a crash as well."""
    assert uplink.bench.command(TakePacket(uplink.packet(RetriggerLine(2)))).stage is Stage.COMPLETED
    uplink.bench.restart()
    uplink.bench.advance(1)
    assert uplink.taken == [RetriggerLine(2)]
    hazardous = uplink.packet(POWER_LINE_2)
    assert uplink.bench.command(TakePacket(hazardous)).stage is Stage.COMPLETED
    uplink.bench.advance(1)
    reports = uplink.bench.reports(uplink.bench.packets.request_of(hazardous))
    assert [report.code for report in reports] == [FailureCode.NOT_ARMED]
    assert uplink.bench.command(TakePacket(b"123456")).code is FailureCode.BAD_ARGUMENT
    assert uplink.taken == [RetriggerLine(2)]


def test_no_more_packets_wait_than_may(uplink: Uplink) -> None:
    """A packet for which there is no room is rejected under its own request id."""
    packet = uplink.packet(Noop())
    uplink.bench.container.app.state.waiting = [packet] * MAX_WAITING_PACKETS
    late = uplink.packet(Noop())
    assert uplink.bench.command(TakePacket(late)).stage is Stage.COMPLETED
    [report] = uplink.bench.reports(uplink.bench.packets.request_of(late))
    assert (report.stage, report.code) == (Stage.REJECTED, FailureCode.INBOX_FULL)
    uplink.bench.container.app.state.waiting.clear()


def test_a_reset_disarms(uplink: Uplink, bench_of: Callable[..., Bench]) -> None:
    """After a processor reset, when the clock starts again, nothing is armed and times are counted from boot."""
    entry = uplink.bench.dictionary.command_of("power", SwitchLine)
    uplink.bench.advance(500)
    uplink.end.frames.append(b"noise")
    uplink.radiate(uplink.packet(Noop()))
    uplink.bench.advance(1)
    uplink.bench.command(Arm(entry.apid, entry.code))
    again = Uplink(bench_of, memory_of=uplink)
    again.bench.advance(1)
    assert again.bench.sent(ArmExpired) == [ArmExpired(entry.apid, entry.code)]
    assert again.rejection(again.packet(POWER_LINE_2)) is FailureCode.NOT_ARMED
    assert again.bench.latest(UplinkStatus).seconds_since_command == 1
    again.end.frames.append(b"noise")
    again.bench.advance(1)
    assert len(again.bench.sent(FrameRejected)) == 1


def test_random_octets_do_no_harm(uplink: Uplink) -> None:
    """Whatever octets come down the antenna, each frame is counted, and no command comes of them."""
    stream = random.Random(7)
    for _ in range(300):
        uplink.end.frames.append(stream.randbytes(stream.randrange(1, 60)))
    uplink.bench.advance(20)
    status = uplink.bench.latest(UplinkStatus)
    assert (status.frames_accepted + status.frames_rejected, uplink.taken) == (300, [])
