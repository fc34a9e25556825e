"""The telemetry output on the mission's own links: protected, coded, and no number of a key used twice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from apps.command_ingest.messages import UplinkStatus
from apps.mode_manager.messages import ModeStatus, SpacecraftMode
from apps.telemetry_output.messages import DownlinkStatus
from apps.thermal.messages import ThermalStatus
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.endpoints.radio import RadioEndpoint
from bus_sim.equipment.mass_memory import MassMemory as MemoryModel
from bus_sim.equipment.mass_memory import MassMemoryParameters
from bus_sim.equipment.transmitter import Transmitter, TransmitterParameters
from flightsw.devices.mass_memory import MassMemory
from flightsw.devices.radio import SBandTransceiver, XBandTransmitter
from flightsw.hal.errors import MemoryFullError
from flightsw.hal.sim import SimUart
from flightsw.testing import Bench
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.downlink_receiver import DownlinkReceiver
from tlm_cmd.link.telemetry_coding import TelemetryDecoder
from tlm_cmd.packets.cfs_header import parse_telemetry
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_use import RESERVATION
from tlm_cmd.sdls.security_report import FrameSecurityReport
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

OTHERS = ("executive", "attitude", "power", "thermal", "mode_manager", "command_ingest", "products", "housekeeping")
THERMAL = ThermalStatus((1.0, 2.0), 0, 0, 0, 3.0, 0)
CLCW = Clcw(virtual_channel=1, report_value=7)
REPORT = FrameSecurityReport(last_spi=1, sequence_octet=9)


def radio_model() -> Transmitter:
    """A radio with power and without noise."""
    model = Transmitter(TransmitterParameters(512_000, 4_000_000, 10, 0.0, 8.0), Random(1))
    model.set_power(on=True)
    return model


class ProtectedDownlink:
    """The app in contact, and a ground that has the keys.

    Attributes:
        units: everything that went on the air on the S-band.
    """

    def __init__(
        self, make: Callable[..., Bench], memory_of: ProtectedDownlink | None = None, *, power_on: bool = False
    ) -> None:
        self.s_band = radio_model()
        memory = MemoryModel(MassMemoryParameters(1_000_000, 1000, 0.0))
        memory.state.powered = True
        self.units: list[bytes] = []
        self.bench: Bench = make(
            "telemetry_output",
            {
                SBandTransceiver: SBandTransceiver(SimUart(RadioEndpoint(self.s_band, None))),
                XBandTransmitter: XBandTransmitter(SimUart(RadioEndpoint(radio_model(), None))),
                MassMemory: MassMemory(SimUart(MassMemoryEndpoint(memory))),
            },
            others=OTHERS,
            memory_of=memory_of.bench if memory_of else None,
            protected=True,
            power_on=power_on,
        )
        parameters = self.bench.links.s_band
        assert parameters.telemetry_coding is not None
        if memory_of is None:
            keys = derive_simulation_keys(0, (), [129])
            self.security = FrameSecurity(keys, parameters.telemetry_associations(flight=False))
        else:
            self.security = memory_of.security
        self.decoder = TelemetryDecoder(parameters.telemetry_coding, parameters.tm_frame_octets)
        self.receiver = DownlinkReceiver(parameters, self.security)
        self.bench.deliver(ModeStatus(SpacecraftMode.DOWNLINK, True, "Beijing", 0.0, 1, 1))
        clcw, report = (int.from_bytes(word.pack(), "big") for word in (CLCW, REPORT))
        self.bench.deliver(UplinkStatus(clcw, 0, 0, 0, 0, 0, security_report=report))

    def hear(self, seconds: float) -> list[int]:
        """Let time pass; the APIDs of the packets that the ground gets, none of whose frames may be refused."""
        self.bench.advance(seconds)
        self.units += self.s_band.state.queue
        frames = [frame for unit in self.s_band.state.queue for frame in self.decoder.feed(unit)]
        self.s_band.state.queue.clear()
        self.s_band.state.queued_octets = 0
        apids = []
        for frame in frames:
            result = self.receiver.receive(frame)
            assert result.refusal is None, result.reason
            apids += [parse_telemetry(packet).apid for _, packet in result.packets]
        return apids


@pytest.fixture
def downlink(bench_of: Callable[..., Bench]) -> ProtectedDownlink:
    """The app in contact."""
    return ProtectedDownlink(bench_of)


def test_packets_come_down_in_coded_protected_frames(downlink: ProtectedDownlink) -> None:
    """What the ground gets is what was sent; on the air there is no trace of it, nor two units alike."""
    for _ in range(5):
        downlink.bench.deliver(THERMAL)
    apid = downlink.bench.dictionary.packet("THERMAL.THERMAL_STATUS").apid
    assert downlink.hear(10).count(apid) == 5
    payload = downlink.bench.dictionary.encode_payload(THERMAL)
    assert all(len(unit) == 1279 and payload not in unit for unit in downlink.units)
    assert len(set(downlink.units)) == len(downlink.units) > 5


def test_both_control_words_take_their_turns(downlink: ProtectedDownlink) -> None:
    """Most frames report the receiver, now and then one its security."""
    downlink.hear(30)
    counters = downlink.receiver.state.counters
    assert downlink.receiver.state.newest_clcw == CLCW
    assert downlink.receiver.state.newest_security_report == REPORT
    assert counters.clcws > 5 * counters.security_reports > 0


@pytest.mark.parametrize("power_on", [False, True])
def test_no_number_of_a_key_is_used_twice_whatever_is_reset(
    bench_of: Callable[..., Bench], downlink: ProtectedDownlink, *, power_on: bool
) -> None:
    """Initialisation vectors go on behind those reserved before a reset: the ground takes no frame for a replay."""
    flight, accepted = downlink, 0
    for _ in range(4):
        flight.bench.deliver(THERMAL)
        flight.hear(7.5)
        assert flight.security.state.counters.accepted > accepted
        accepted = flight.security.state.counters.accepted
        flight = ProtectedDownlink(bench_of, flight, power_on=power_on)
    assert flight.security.state.counters.refused.total == 0


def test_frames_wait_while_no_number_can_be_reserved(
    downlink: ProtectedDownlink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory that takes nothing stops the link when the reservation is used up, and loses no packet."""

    def full(_name: str, _data: bytes) -> None:
        raise MemoryFullError("telemetry_output.s", 1, 0)

    downlink.hear(2)
    save = downlink.bench.security_store.save_twice
    monkeypatch.setattr(downlink.bench.security_store, "save_twice", full)
    apids: list[int] = []
    sent = 0
    while downlink.bench.latest(DownlinkStatus).frames_unprotected == 0:
        for _ in range(60):
            downlink.bench.deliver(THERMAL)
        sent += 60
        apids += downlink.hear(10)
        assert sent < 100 * RESERVATION
    status = downlink.bench.latest(DownlinkStatus)
    assert status.errors > 0
    monkeypatch.setattr(downlink.bench.security_store, "save_twice", save)
    for _ in range(20):
        apids += downlink.hear(10)
    apid = downlink.bench.dictionary.packet("THERMAL.THERMAL_STATUS").apid
    assert apids.count(apid) == sent
