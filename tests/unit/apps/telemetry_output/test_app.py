from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from apps.command_ingest.messages import RequestOrigin, UplinkStatus
from apps.file_transfer.messages import FilePdu
from apps.mode_manager.messages import ContactBegan, ModeStatus, SpacecraftMode
from apps.power.messages import PowerStatus, ShedLevel
from apps.telemetry_output.messages import (
    MAX_READINGS,
    AppAnswered,
    DownlinkStatus,
    EventForm,
    FileRoom,
    PacketInterval,
    ParameterReport,
    RecorderFull,
    ReportParameters,
    RoutingFault,
    SendPacketsOnce,
    SetEventForm,
    SetPacketIntervals,
    SetRate,
    SetTimeRate,
    SetTransmitter,
    SpacecraftTimeReport,
    SwitchPackets,
    TransmitterControl,
    TransmitterSwitched,
)
from apps.telemetry_output.routing import Routing
from apps.thermal.messages import ThermalStatus
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.endpoints.radio import RadioEndpoint
from bus_sim.equipment.mass_memory import MassMemory as MemoryModel
from bus_sim.equipment.mass_memory import MassMemoryParameters
from bus_sim.equipment.transmitter import Transmitter as RadioModel
from bus_sim.equipment.transmitter import TransmitterParameters
from flightsw.devices.mass_memory import MassMemory
from flightsw.devices.radio import SBandTransceiver, XBandTransmitter
from flightsw.hal.sim import SimUart
from flightsw.messages.events import EventCounts
from flightsw.messages.life import AppHousekeeping, HandlerFailed
from flightsw.messages.tables import ActivateTable, LoadTable, ValidateTable
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table
from flightsw.testing import Bench
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Command, Event, ShortEvent, Telemetry
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.downlink_receiver import DownlinkReceiver
from tlm_cmd.packets.cfs_header import parse_telemetry
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.verification import FailureCode, RequestId, Stage, VerificationReport

OTHERS = (
    "executive",
    "attitude",
    "power",
    "thermal",
    "mode_manager",
    "command_ingest",
    "camera",
    "payload",
    "products",
    "file_transfer",
    "housekeeping",
    "event_services",
)
THERMAL = ThermalStatus((1.0, 2.0), 0, 0, 0, 3.0, 0)
REPORT = Clcw(virtual_channel=1, farm_b_count=3)
REPORT_WORD = int.from_bytes(REPORT.pack(), "big")
FILE_PDU = FilePdu(b"12345")


def radio_model(queue_octets: int = 1_000_000) -> RadioModel:
    """A radio with power."""
    model = RadioModel(TransmitterParameters(512_000, queue_octets, 10, 0.0, 8.0), Random(1))
    model.set_power(on=True)
    return model


def power_status(load_w: float) -> PowerStatus:
    """A packet that differs by its load."""
    return PowerStatus(30.0, 0.0, 0.9, 20.0, 0.0, load_w, 1, 0, (0.0,) * 12, ShedLevel.NONE, 0)


def mode_status(*, in_contact: bool) -> ModeStatus:
    """The mode manager's packet, in or out of contact."""
    mode = SpacecraftMode.DOWNLINK if in_contact else SpacecraftMode.NOMINAL
    return ModeStatus(mode, in_contact, "Beijing" if in_contact else "", 0.0, 1, 1)


class Downlink:
    """The app on its bench, radios and memory on real wires, and the ground that hears the radios."""

    def __init__(self, make: Callable[..., Bench], memory_of: Downlink | None = None, **options: object) -> None:
        self.s_band: RadioModel = memory_of.s_band if memory_of else radio_model()
        self.x_band: RadioModel = memory_of.x_band if memory_of else radio_model()
        self.memory: MemoryModel = (
            memory_of.memory if memory_of else MemoryModel(MassMemoryParameters(1_000_000, 1000, 0.0))
        )
        self.memory.state.powered = True
        devices = {
            SBandTransceiver: SBandTransceiver(SimUart(RadioEndpoint(self.s_band, None))),
            XBandTransmitter: XBandTransmitter(SimUart(RadioEndpoint(self.x_band, None))),
            MassMemory: MassMemory(SimUart(MassMemoryEndpoint(self.memory))),
        }
        old = memory_of.bench if memory_of else None
        self.bench: Bench = make("telemetry_output", devices, others=OTHERS, memory_of=old, **options)
        links = self.bench.links
        assert links.x_band is not None
        self.ground = {"S": DownlinkReceiver(links.s_band), "X": DownlinkReceiver(links.x_band)}

    def contact(self, *, begins: bool = True) -> None:
        """Tell the app that a contact begins or ends."""
        self.bench.deliver(mode_status(in_contact=begins))

    def heard(self) -> list[tuple[int, Telemetry | Event | ShortEvent]]:
        """What has come down since the last call, by virtual channel."""
        found = []
        for band, model in (("S", self.s_band), ("X", self.x_band)):
            for frame in model.state.queue:
                result = self.ground[band].receive(frame)
                assert result.refusal is None, result.reason
                for channel, octets in result.packets:
                    packet = parse_telemetry(octets)
                    found.append((channel, self.bench.dictionary.decode_downlink(packet.apid, packet.payload)[1]))
            model.state.queue.clear()
            model.state.queued_octets = 0
        return found

    def heard_of(self, record: type[Telemetry | Event]) -> list[Telemetry | Event]:
        """Messages of one class that have come down since the last call; all others are forgotten."""
        return [message for _, message in self.heard() if isinstance(message, record)]


@pytest.fixture
def downlink(bench_of: Callable[..., Bench]) -> Downlink:
    """The app out of contact."""
    return Downlink(bench_of)


@pytest.fixture
def routing(mission: Mission) -> Routing:
    """The mission's table."""
    return read_table(Routing, Path(mission.table_folder("telemetry_output")) / "routing.toml")


def load(bench: Bench, routing: Routing) -> None:
    """Replace the routing table by command, as the ground does."""
    image = codec_of(Routing).encode(routing)
    for offset in range(0, len(image), 500):
        assert bench.command(LoadTable("routing", offset, image[offset : offset + 500])).stage is Stage.COMPLETED
    assert bench.command(ValidateTable("routing", len(image), zlib.crc32(image))).stage is Stage.COMPLETED
    assert bench.command(ActivateTable("routing")).stage is Stage.COMPLETED
    bench.advance(1)


# ------------------------------------------------------------------ live


def test_packets_and_events_come_down(downlink: Downlink) -> None:
    """In contact every packet and event reaches the ground as it was sent, on the channel of its route."""
    downlink.contact()
    sent: list[Telemetry | Event] = [
        power_status(5),
        THERMAL,
        ContactBegan("Beijing"),
        UplinkStatus(REPORT_WORD, 1, 2, 3, 4, 5),
        FILE_PDU,
    ]
    for message in sent:
        downlink.bench.deliver(message)
    downlink.bench.advance(2)
    heard = downlink.heard()
    for channel, message in ((1, sent[0]), (1, sent[1]), (0, sent[2]), (1, sent[3]), (3, sent[4])):
        assert heard.count((channel, message)) == 1
    assert (0, TransmitterSwitched("S-band", on=True)) in heard
    assert (0, TransmitterSwitched("X-band", on=True)) in heard
    assert (1, mode_status(in_contact=True)) in heard


def test_frames_carry_the_receivers_report(downlink: Downlink) -> None:
    """Frames carry an empty report of the right channel first, then the newest one of the command ingest."""
    downlink.contact()
    downlink.bench.advance(1)
    downlink.heard()
    assert downlink.ground["S"].state.newest_clcw == Clcw(virtual_channel=1)
    downlink.bench.deliver(UplinkStatus(REPORT_WORD, 0, 0, 0, 0, 0))
    downlink.bench.advance(1)
    downlink.heard()
    assert downlink.ground["S"].state.newest_clcw == downlink.ground["X"].state.newest_clcw == REPORT


def test_a_report_that_cannot_be_read(downlink: Downlink) -> None:
    """A report that is none does not silence the downlink; frames carry an empty one instead."""
    downlink.contact()
    downlink.bench.deliver(UplinkStatus(0xFFFF_FFFF, 0, 0, 0, 0, 0))
    downlink.bench.advance(1)
    assert downlink.heard() != []
    assert downlink.ground["S"].state.newest_clcw == Clcw(virtual_channel=1)


def test_a_rate_set_by_command(downlink: Downlink) -> None:
    """One of so many is sent, none for 0; an unknown packet is refused with what it could have been."""
    downlink.contact()
    for every, expected in ((3, [0.0, 3.0, 6.0]), (0, []), (1, list(range(9)))):
        assert downlink.bench.command(SetRate("power.POWER_STATUS", every)).stage is Stage.COMPLETED
        for load_w in range(9):
            downlink.bench.deliver(power_status(load_w))
        downlink.bench.advance(2)
        assert [status.load_power for status in downlink.heard_of(PowerStatus)] == expected  # type: ignore[union-attr]
    report = downlink.bench.command(SetRate("POWER.POWR_STATUS", 1))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert "POWER.POWER_STATUS" in report.reason


POWER_STATUS = 7
"""Number of the packet within the power app."""


def loads(downlink: Downlink, count: int) -> list[float]:
    """Let so many packets of the power app come; those that have come down."""
    for load_w in range(count):
        downlink.bench.deliver(power_status(load_w))
    downlink.bench.advance(2)
    return [status.load_power for status in downlink.heard_of(PowerStatus)]  # type: ignore[union-attr]


def power_apid(downlink: Downlink) -> int:
    """APID of the power app on this bench."""
    return downlink.bench.dictionary.apid_of("power")


def test_packets_are_switched(downlink: Downlink) -> None:
    """Switched off, a packet is neither sent nor recorded; switched on, it follows the table again."""
    downlink.contact()
    apid = power_apid(downlink)
    assert downlink.bench.command(SwitchPackets(apid, (POWER_STATUS,), enabled=False)).stage is Stage.COMPLETED
    assert loads(downlink, 3) == []
    downlink.contact(begins=False)
    recorded = downlink.bench.container.app.state.recorder.recorded
    assert loads(downlink, 40) == []
    assert downlink.bench.container.app.state.recorder.recorded == recorded
    downlink.contact()
    assert downlink.bench.command(SwitchPackets(apid, (POWER_STATUS,), enabled=True)).stage is Stage.COMPLETED
    assert loads(downlink, 3) == [0.0, 1.0, 2.0]


def test_a_packet_is_sent_once(downlink: Downlink) -> None:
    """The next packet is sent although the rate sends none."""
    downlink.contact()
    downlink.bench.command(SetRate("POWER.POWER_STATUS", 0))
    assert loads(downlink, 2) == []
    assert downlink.bench.command(SendPacketsOnce(power_apid(downlink), (POWER_STATUS,))).stage is Stage.COMPLETED
    assert loads(downlink, 3) == [0.0]


def test_intervals_are_set(downlink: Downlink) -> None:
    """Of a packet made each second, one is sent in three seconds; a wrong interval changes nothing."""
    downlink.contact()
    apid = power_apid(downlink)
    interval = PacketInterval(POWER_STATUS, 3000)
    assert downlink.bench.command(SetPacketIntervals(apid, (interval,))).stage is Stage.COMPLETED
    assert loads(downlink, 7) == [0.0, 3.0, 6.0]
    wrong = PacketInterval(POWER_STATUS, 1500)
    report = downlink.bench.command(SetPacketIntervals(apid, (PacketInterval(POWER_STATUS, 1000), wrong)))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert loads(downlink, 7) == [2.0, 5.0]


@pytest.mark.parametrize(
    "command",
    [
        SwitchPackets(0x20, (2,), enabled=False),
        SwitchPackets(0x20, (15,), enabled=False),
        SwitchPackets(0x21, (1,), enabled=False),
        SendPacketsOnce(0x7E0, (1,)),
        SetPacketIntervals(0x20, (PacketInterval(99, 1000),)),
    ],
)
def test_packets_that_are_not_there(downlink: Downlink, command: Command) -> None:
    """No such packet, no such app, and the verification of commands, are refused."""
    report = downlink.bench.command(command)
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert downlink.bench.container.app.state.services.switched_off == []


def test_parameters_are_reported(downlink: Downlink) -> None:
    """Fields of a packet are reported when it comes next, also if it does not go down itself, and over a crash."""
    downlink.contact()
    apid = power_apid(downlink)
    downlink.bench.command(SwitchPackets(apid, (POWER_STATUS,), enabled=False))
    downlink.bench.advance(2)
    downlink.heard()
    assert downlink.bench.command(ReportParameters(apid, (0x0702, 0x0700))).stage is Stage.STARTED
    downlink.bench.restart()
    for load_w in (3.0, 4.0):
        downlink.bench.deliver(power_status(load_w))
    downlink.bench.advance(2)
    assert downlink.bench.sent(VerificationReport)[-1].stage is Stage.COMPLETED
    codec = downlink.bench.dictionary.packet("POWER.POWER_STATUS").codec
    payload, octets = codec.encode(power_status(3.0)), [field.fixed_octets or 0 for field in codec.layout.fields[:3]]
    third = payload[octets[0] + octets[1] :][: octets[2]]
    assert downlink.heard_of(ParameterReport) == [
        ParameterReport(apid, 2, b"\7\2" + third + b"\7\0" + payload[: octets[0]])
    ]


def test_parameters_that_do_not_come(downlink: Downlink) -> None:
    """After three periods without the packet the command has failed."""
    downlink.contact()
    assert downlink.bench.command(ReportParameters(power_apid(downlink), (0x0700,))).stage is Stage.STARTED
    downlink.bench.advance(5)
    report = downlink.bench.sent(VerificationReport)[-1]
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert downlink.bench.container.app.state.services.readings == []


@pytest.mark.parametrize("parameters", [(), (0x0700, 0x0100), (0x07FF,), (0x0200,), (0x0F00,), (0x0000,), (0x0400,)])
def test_parameters_that_are_none(downlink: Downlink, parameters: tuple[int, ...]) -> None:
    """None, those of two packets, of one that is not there or not periodic, and a field too many are refused."""
    report = downlink.bench.command(ReportParameters(power_apid(downlink), parameters))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)


def test_readings_have_a_bound(downlink: Downlink) -> None:
    """One more than may wait is refused."""
    ask = ReportParameters(power_apid(downlink), (0x0700,))
    for _ in range(MAX_READINGS):
        assert downlink.bench.command(ask).stage is Stage.STARTED
    assert downlink.bench.command(ask).stage is Stage.FAILED
    assert loads(downlink, 1) == []


def test_time_is_reported_with_frames(downlink: Downlink) -> None:
    """Once a rate is set, a report comes with each so many frames, and says the time at which it was made."""
    downlink.contact()
    downlink.bench.advance(20)
    assert downlink.heard_of(SpacecraftTimeReport) == []
    assert downlink.bench.command(SetTimeRate(2)).stage is Stage.COMPLETED
    downlink.bench.advance(40)
    reports = downlink.heard_of(SpacecraftTimeReport)
    assert 8 <= len(reports) <= 12
    now_s = downlink.bench.time.tai_ns(downlink.bench.now_ns()) // 10**9
    assert all(report.rate == 2 for report in reports)  # type: ignore[union-attr]
    assert 0 <= now_s - reports[-1].tai_s <= 6  # type: ignore[union-attr]


def test_reports_go_to_who_has_asked(downlink: Downlink) -> None:
    """A report on a request of which the origin was said goes down as one on the telecommand; others as they are."""
    downlink.contact()
    power, thermal = power_apid(downlink), downlink.bench.dictionary.apid_of("thermal")
    on_board, asked = RequestId(0x70, power, 5, 0), RequestId(0, thermal, 9, 0)
    downlink.bench.deliver(RequestOrigin(on_board, asked, Acknowledge.COMPLETION, 17, 3))
    for stage in (Stage.ACCEPTED, Stage.COMPLETED):
        downlink.bench.deliver(VerificationReport(on_board, stage), "power")
    other = VerificationReport(RequestId(0x70, power, 6, 0), Stage.ACCEPTED)
    downlink.bench.deliver(other, "power")
    downlink.bench.advance(2)
    heard = [
        message
        for _, message in downlink.heard()
        if isinstance(message, VerificationReport) and message.request.apid in (power, thermal)
    ]
    assert sorted(heard, key=repr) == sorted([VerificationReport(asked, Stage.COMPLETED), other], key=repr)


def test_an_answered_connection_test(downlink: Downlink) -> None:
    """It is answered with who was asked and who has answered, and the origin is remembered over a crash."""
    downlink.contact()
    power, thermal = power_apid(downlink), downlink.bench.dictionary.apid_of("thermal")
    on_board = RequestId(0x70, power, 5, 0)
    downlink.bench.deliver(RequestOrigin(on_board, RequestId(0, thermal, 9, 0), Acknowledge.NONE, 17, 3))
    downlink.bench.restart()
    downlink.bench.deliver(VerificationReport(on_board, Stage.COMPLETED), "power")
    downlink.bench.advance(2)
    assert downlink.heard_of(AppAnswered) == [AppAnswered(thermal, power)]


def test_idle_frames(downlink: Downlink) -> None:
    """Both radios send a frame each second in contact, and none out of it."""
    downlink.bench.advance(10)
    assert (downlink.s_band.state.queue, downlink.x_band.state.queue) == ([], [])
    downlink.contact()
    downlink.bench.advance(5)
    downlink.heard()
    downlink.bench.advance(5)
    assert len(downlink.x_band.state.queue) == 5


def test_the_rate_of_the_table_is_kept(downlink: Downlink, routing: Routing) -> None:
    """However much waits, frames leave no faster than the table says, on either band."""
    load(downlink.bench, msgspec.structs.replace(routing, s_band_octets_per_s=3000, x_band_octets_per_s=5000))
    downlink.contact()
    for seconds in range(1, 9):
        for index in range(100):
            downlink.bench.deliver(power_status(index))
            downlink.bench.deliver(FilePdu(bytes(900)))
        downlink.bench.advance(1)
        assert len(downlink.s_band.state.queue) * 1115 <= 3000 * seconds
        assert len(downlink.x_band.state.queue) * 1115 <= 5000 * seconds
    assert len(downlink.s_band.state.queue) == 8 * 3000 // 1115
    assert downlink.bench.app.state.x_band.frames == 8 * 5000 // 1115


def test_a_full_radio_loses_nothing(bench_of: Callable[..., Bench]) -> None:
    """While the radio's queue is full frames are kept; when it empties everything comes, once and in order."""
    downlink = Downlink(bench_of)
    object.__setattr__(downlink.s_band, "parameters", TransmitterParameters(512_000, 2500, 10, 0.0, 8.0))
    downlink.contact()
    for index in range(200):
        downlink.bench.deliver(power_status(index))
    loads: list[float] = []
    for _ in range(20):
        downlink.bench.advance(1)
        loads += [status.load_power for status in downlink.heard_of(PowerStatus)]  # type: ignore[union-attr]
    assert loads == list(range(200))
    downlink.bench.advance(10)
    assert downlink.bench.latest(DownlinkStatus).frames_refused > 5
    assert downlink.bench.latest(DownlinkStatus).frames_lost == 0


def test_what_cannot_be_encoded_is_counted(downlink: Downlink) -> None:
    """A message with a value that no packet can carry is dropped and counted, and the next one is sent."""
    downlink.bench.bus.tap = None  # the bench itself would refuse the message
    downlink.contact()
    downlink.bench.deliver(power_status(float("nan")))
    downlink.bench.deliver(power_status(3))
    downlink.bench.advance(2)
    assert downlink.heard_of(PowerStatus) == [power_status(3)]
    assert downlink.bench.app.state.malformed == 1


def test_other_objects_are_ignored(downlink: Downlink) -> None:
    """Something that is neither telemetry nor event is not sent."""
    downlink.bench.app.received(0x800, object())
    downlink.bench.advance(1)
    assert (
        downlink.bench.app.state.recorder.recorded == 3
    )  # the event, the table and the schedule report of its own start


# ------------------------------------------------------------------ the form of events


@pytest.mark.parametrize(
    ("form", "short"),
    [
        (EventForm.LONG, []),
        (EventForm.SHORT_BELOW_ERROR, [ContactBegan]),
        (EventForm.SHORT, [ContactBegan, HandlerFailed]),
    ],
)
def test_events_go_down_in_the_form_chosen(downlink: Downlink, form: EventForm, short: list[type[Event]]) -> None:
    """Without their fields they have app, code and severity; telemetry, and what was asked for, stays whole."""
    downlink.contact()
    downlink.bench.advance(1)
    downlink.heard()
    assert downlink.bench.command(SetEventForm(form)).stage is Stage.COMPLETED
    for message in (ContactBegan("Beijing"), HandlerFailed("a", "b"), EventCounts(()), THERMAL):
        downlink.bench.deliver(message)
    downlink.bench.advance(20)
    messages = [message for _, message in downlink.heard()]
    assert [message.record for message in messages if isinstance(message, ShortEvent)] == short
    whole = [ContactBegan("Beijing"), HandlerFailed("a", "b")]
    assert [each for each in messages if each in whole] == [each for each in whole if type(each) not in short]
    assert EventCounts(()) in messages
    assert THERMAL in messages
    assert downlink.bench.latest(DownlinkStatus).event_form is form


# ------------------------------------------------------------------ recording and playback


def test_recorded_and_played_back(downlink: Downlink) -> None:
    """Out of contact one of so many packets is recorded, and all events; in contact they come down in order."""
    for index in range(90):
        downlink.bench.deliver(power_status(index))
        downlink.bench.deliver(ContactBegan(f"station {index}"))
        downlink.bench.advance(1)
    assert downlink.s_band.state.queue == []
    assert len(downlink.memory.state.files) == 1
    downlink.contact()
    downlink.bench.advance(5)
    heard = downlink.heard()
    stations = [message.station for channel, message in heard if isinstance(message, ContactBegan) and channel == 2]
    assert stations == [f"station {index}" for index in range(90)]
    assert [message.load_power for channel, message in heard if isinstance(message, PowerStatus)] == [0.0, 30.0, 60.0]
    assert downlink.memory.state.files == {}


def test_playback_goes_on_beside_live_packets(downlink: Downlink) -> None:
    """Live packets, of which some always wait, do not keep recorded ones from coming down."""
    for index in range(200):
        downlink.bench.deliver(ContactBegan(f"station {index}"))
        downlink.bench.advance(1)
    downlink.contact()
    for _ in range(4):
        for _ in range(10):
            downlink.bench.deliver(power_status(1))
            downlink.bench.advance(0.1)
    assert [message.station for message in downlink.heard_of(ContactBegan)] == [  # type: ignore[union-attr]
        f"station {index}" for index in range(200)
    ]
    downlink.bench.advance(10)
    assert downlink.bench.latest(DownlinkStatus).packets_waiting == 0


def test_the_recorder_has_a_bound(downlink: Downlink, routing: Routing) -> None:
    """Beyond its files the recorder drops the oldest packets, counts them and says so; the rest comes down."""
    load(downlink.bench, msgspec.structs.replace(routing, recorder_files=2, recorder_file_octets=1024))
    for index in range(200):
        downlink.bench.deliver(ContactBegan(f"station {index}"))
    downlink.bench.advance(11)
    status = downlink.bench.latest(DownlinkStatus)
    assert status.packets_dropped == downlink.bench.latest(RecorderFull).dropped > 0
    assert status.packets_recorded == status.packets_dropped + status.packets_waiting
    downlink.contact()
    downlink.bench.advance(10)
    stations = [message.station for message in downlink.heard_of(ContactBegan)]  # type: ignore[union-attr]
    assert stations == [f"station {index}" for index in range(200 - len(stations), 200)]
    downlink.bench.advance(20)
    assert len(downlink.bench.sent(RecorderFull)) == 1


def test_a_silent_memory_loses_nothing(downlink: Downlink) -> None:
    """A mass memory without power during a contact costs no recorded packet: they come when it is back."""
    for index in range(100):
        downlink.bench.deliver(ContactBegan(f"station {index}"))
        downlink.bench.advance(1)
    downlink.memory.state.powered = False
    downlink.contact()
    downlink.bench.advance(20)
    status = downlink.bench.latest(DownlinkStatus)
    assert (downlink.heard_of(ContactBegan), status.packets_dropped) == ([], 0)
    assert status.errors > 30
    downlink.memory.state.powered = True
    downlink.bench.advance(3)
    assert len(downlink.heard_of(ContactBegan)) == 100


def test_playback_stops_with_the_contact(downlink: Downlink, routing: Routing) -> None:
    """What was not played back when a contact ended comes in the next one, nothing twice."""
    load(downlink.bench, msgspec.structs.replace(routing, s_band_octets_per_s=2300))
    for index in range(500):
        downlink.bench.deliver(ContactBegan(f"station {index}"))
    found: list[Telemetry | Event] = []
    for _ in range(12):
        downlink.contact()
        downlink.bench.advance(2)
        downlink.contact(begins=False)
        downlink.bench.advance(2)
        found += downlink.heard_of(ContactBegan)
    assert [message.station for message in found] == [f"station {index}" for index in range(500)]  # type: ignore[union-attr]


# ------------------------------------------------------------------ transmitters


def test_contacts_switch_the_transmitters(downlink: Downlink) -> None:
    """Both transmitters are on in contact and off out of it; each change is an event and a report at once."""
    downlink.contact()
    assert (downlink.s_band.state.on, downlink.x_band.state.on) == (True, True)
    status = downlink.bench.latest(DownlinkStatus)
    assert (status.transmitting, status.x_band_on) == (True, True)
    downlink.contact()
    downlink.contact(begins=False)
    assert (downlink.s_band.state.on, downlink.x_band.state.on) == (False, False)
    switched = [(event.radio, event.on) for event in downlink.bench.sent(TransmitterSwitched)]
    assert switched == [("S-band", True), ("X-band", True), ("S-band", False), ("X-band", False)]


@pytest.mark.parametrize(
    ("control", "on"), [(TransmitterControl.FORCED_ON, True), (TransmitterControl.FORCED_OFF, False)]
)
def test_the_ground_overrules_contacts(downlink: Downlink, control: TransmitterControl, *, on: bool) -> None:
    """Forced on or off the transmitters stay so whatever contacts do, until they are automatic again."""
    assert downlink.bench.command(SetTransmitter(control)).stage is Stage.COMPLETED
    for begins in (True, False):
        downlink.contact(begins=begins)
        assert (downlink.s_band.state.on, downlink.x_band.state.on) == (on, on)
    downlink.contact(begins=not on)
    assert downlink.bench.command(SetTransmitter(TransmitterControl.AUTOMATIC)).stage is Stage.COMPLETED
    assert downlink.s_band.state.on is not on


def test_a_radio_that_does_not_answer(downlink: Downlink) -> None:
    """The command fails naming the radio, and the radio is switched as soon as it answers."""
    downlink.x_band.set_power(on=False)
    report = downlink.bench.command(SetTransmitter(TransmitterControl.FORCED_ON))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert "X-band" in report.reason
    assert downlink.s_band.state.on
    downlink.x_band.set_power(on=True)
    downlink.contact()
    assert downlink.x_band.state.on


def test_a_radio_that_was_reset(downlink: Downlink) -> None:
    """A radio that lost its power in contact is switched on again within ten seconds of having it back."""
    downlink.contact()
    downlink.bench.advance(3)
    downlink.x_band.set_power(on=False)
    downlink.bench.advance(20)
    assert downlink.bench.latest(DownlinkStatus).frames_lost > 10
    downlink.x_band.set_power(on=True)
    downlink.bench.advance(10)
    assert downlink.x_band.state.on
    assert downlink.bench.latest(DownlinkStatus).radio_resets == 1


def test_files_wait_for_no_recorder(downlink: Downlink) -> None:
    """A packet whose route records nothing is not recorded out of contact."""
    before = downlink.bench.app.state.recorder.recorded
    downlink.bench.deliver(FILE_PDU)
    assert downlink.bench.app.state.recorder.recorded == before


@pytest.mark.parametrize("heard", [True, False])
def test_no_report_from_before_a_restart_goes_down(downlink: Downlink, *, heard: bool) -> None:
    """Behind a restart frames wait for a new report of the receiver; if none comes, they carry one without content."""
    downlink.contact()
    downlink.bench.deliver(UplinkStatus(REPORT_WORD, 1, 2, 3, 4, 5))
    downlink.bench.advance(2)
    downlink.bench.container.checkpoint()
    downlink.bench.restart()
    downlink.s_band.state.queue.clear()
    downlink.bench.advance(2)
    assert downlink.s_band.state.queue == []
    newer = Clcw(virtual_channel=1, report_value=9)
    if heard:
        downlink.bench.deliver(UplinkStatus(int.from_bytes(newer.pack(), "big"), 1, 2, 3, 4, 5))
        downlink.bench.advance(2)
    else:
        downlink.bench.advance(6)
    reports = {downlink.ground["S"].receive(frame).clcw for frame in downlink.s_band.state.queue}
    assert REPORT not in reports
    assert (newer in reports) is heard
    assert len(reports) == 1


def test_room_for_files_is_told(downlink: Downlink, routing: Routing) -> None:
    """Twice a second while the transmitter is on, and once when it is off; half of the channel's places are told."""
    downlink.bench.advance(5)
    assert downlink.bench.sent(FileRoom) == []
    load(downlink.bench, msgspec.structs.replace(routing, x_band_octets_per_s=0))
    downlink.contact()
    downlink.bench.advance(2)
    assert downlink.bench.sent(FileRoom) == [FileRoom(True, 0, 512)] * 4
    for _ in range(500):
        downlink.bench.deliver(FilePdu(bytes(900)))
    downlink.bench.advance(0.5)
    assert downlink.bench.latest(FileRoom) == FileRoom(True, 500, 12)
    for _ in range(100):
        downlink.bench.deliver(FilePdu(bytes(900)))
    downlink.bench.advance(0.5)
    assert downlink.bench.latest(FileRoom) == FileRoom(True, 600, 0)
    assert downlink.bench.app.state.x_band.dropped == 0
    told = len(downlink.bench.sent(FileRoom))
    downlink.contact(begins=False)
    downlink.bench.advance(5)
    assert downlink.bench.sent(FileRoom)[told:] == [FileRoom(False, 600, 0)]


def test_a_mission_without_files_hears_nothing_of_room(mission: Mission, downlink: Downlink) -> None:
    """Where no app sends files, no room is told for them."""
    devices = {
        SBandTransceiver: SBandTransceiver(SimUart(RadioEndpoint(downlink.s_band, None))),
        MassMemory: MassMemory(SimUart(MassMemoryEndpoint(downlink.memory))),
    }
    bench = Bench(
        "apps.telemetry_output",
        others=tuple(mission.file.apps[name].package for name in OTHERS if name != "file_transfer"),
        devices=devices,
        tables=mission.table_folder("telemetry_output"),
    )
    bench.start()
    bench.deliver(mode_status(in_contact=True))
    bench.advance(5)
    assert bench.latest(DownlinkStatus).transmitting
    assert bench.sent(FileRoom) == []


def test_a_mission_without_x_band(mission: Mission, downlink: Downlink) -> None:
    """With one radio only the app works alike, and what was routed to the other band takes the next route."""
    devices = {
        SBandTransceiver: SBandTransceiver(SimUart(RadioEndpoint(downlink.s_band, None))),
        MassMemory: MassMemory(SimUart(MassMemoryEndpoint(downlink.memory))),
    }
    bench = Bench(
        "apps.telemetry_output",
        others=tuple(mission.file.apps[name].package for name in OTHERS),
        devices=devices,
        tables=mission.table_folder("telemetry_output"),
    )
    bench.links = type(bench.links)(downlink.bench.links.s_band)
    bench.start()
    bench.deliver(mode_status(in_contact=True))
    bench.deliver(FILE_PDU)
    bench.advance(9)
    assert [event.problem.split(":")[0] for event in bench.sent(RoutingFault)] == ["FILE_TRANSFER.FILE_PDU"]
    assert (2, FILE_PDU) in downlink.heard()
    assert not bench.latest(DownlinkStatus).x_band_on
    assert bench.ledger().closed


# ------------------------------------------------------------------ tables and crashes


def test_a_new_table_counts_at_once(downlink: Downlink, routing: Routing) -> None:
    """A routing table activated by command moves packets to their new channel without a restart."""
    moved = [msgspec.structs.replace(route, channel=0) for route in routing.routes if route.channel == 1]
    load(downlink.bench, msgspec.structs.replace(routing, routes=tuple(moved)))
    downlink.contact()
    downlink.bench.deliver(power_status(1))
    downlink.bench.advance(2)
    assert (0, power_status(1)) in downlink.heard()


def test_a_bad_table_does_not_silence_the_spacecraft(downlink: Downlink, routing: Routing) -> None:
    """A table with channels that do not exist is told as faulty; packets come down all the same, also after a crash."""
    load(downlink.bench, msgspec.structs.replace(routing, playback_channel=7, routes=()))
    assert any("playback" in event.problem for event in downlink.bench.sent(RoutingFault))
    for _ in range(2):
        downlink.contact()
        downlink.bench.deliver(power_status(1))
        downlink.bench.advance(2)
        assert (0, power_status(1)) in downlink.heard()
        downlink.bench.restart()


def test_a_crash_in_contact(downlink: Downlink) -> None:
    """After a crash waiting packets come down once, frame counts go on, and the transmitters stay on."""
    for index in range(300):
        downlink.bench.deliver(ContactBegan(f"station {index}"))
    downlink.contact()
    for index in range(200):
        downlink.bench.deliver(power_status(index))
    downlink.bench.advance(0.9)
    downlink.bench.container.checkpoint()
    downlink.bench.restart()
    downlink.bench.advance(10)
    heard = [message for _, message in downlink.heard()]
    assert [message.load_power for message in heard if isinstance(message, PowerStatus)] == list(range(200))
    assert [message.station for message in heard if isinstance(message, ContactBegan)] == [
        f"station {index}" for index in range(300)
    ]
    assert downlink.ground["S"].state.counters.lost_frames == 0
    assert len(downlink.bench.sent(TransmitterSwitched)) == 2


def test_a_crash_out_of_contact(downlink: Downlink) -> None:
    """A crash right after a file was written loses none of its packets and writes none twice."""
    for index in range(100):
        downlink.bench.deliver(ContactBegan(f"station {index}"))
    downlink.bench.advance(61)
    downlink.bench.restart()
    downlink.contact()
    downlink.bench.advance(5)
    stations = [message.station for message in downlink.heard_of(ContactBegan)]  # type: ignore[union-attr]
    assert stations == [f"station {index}" for index in range(100)]


def test_own_housekeeping_comes_down(downlink: Downlink) -> None:
    """The app hears and sends what it reports itself."""
    downlink.contact()
    downlink.bench.container.housekeeping()
    downlink.bench.advance(11)
    records = {type(message) for _, message in downlink.heard()}
    assert {AppHousekeeping, DownlinkStatus} <= records
