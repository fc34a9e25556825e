"""The telemetry output: sends packets in contact, records them out of contact, plays them back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from apps.command_ingest.messages import UplinkStatus
from apps.mode_manager.messages import ModeStatus
from apps.telemetry_output.messages import (
    DownlinkStatus,
    RecorderFull,
    SetRate,
    SetTransmitter,
    TransmitterControl,
    TransmitterSwitched,
)
from apps.telemetry_output.recorder import Recorder, RecorderState
from apps.telemetry_output.routing import PacketRoute, Routing, resolve
from apps.telemetry_output.transmitter import Transmitter, TransmitterState
from flightsw.app import App, Table, every, handles
from flightsw.devices.mass_memory import MassMemory
from flightsw.devices.radio import SBandTransceiver, XBandTransmitter
from tlm_cmd.definition.dictionary import TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO

NANOSECONDS = 1_000_000_000
TICK_S = 0.5


class OutputState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        control: who decides over the transmitter.
        in_contact: a station sees the spacecraft.
        rates: rates set by command, by APID.
        counts: packets seen by APID, for sending one of so many.
        sequences: next sequence count by APID.
        clcw: the receiver's newest report, None before the first.
        sent: packets given to a channel.
        malformed: messages that could not be encoded.
        reported_drops: recorder drops already reported.
    """

    control: TransmitterControl = TransmitterControl.AUTOMATIC
    in_contact: bool = False
    rates: dict[int, int] = {}
    counts: dict[int, int] = {}
    sequences: dict[int, int] = {}
    clcw: int | None = None
    sent: int = 0
    malformed: int = 0
    reported_drops: int = 0
    s_band: TransmitterState = msgspec.field(default_factory=TransmitterState)
    x_band: TransmitterState = msgspec.field(default_factory=TransmitterState)
    recorder: RecorderState = msgspec.field(default_factory=RecorderState)


class TelemetryOutput(App):
    """Everything that goes down goes through here."""

    routing = Table(Routing, file="routing.toml")

    state: OutputState

    def subscriptions(self) -> Iterable[int]:
        """Everything that has a route."""
        return (TELEMETRY_MESSAGE_ID | apid for apid in self._resolved())

    def start(self) -> None:
        """Open radios and recorder."""
        surroundings, routing, state = self.container.surroundings, self.routing, self.state
        self._routes = self._resolved()
        links = surroundings.links
        self._s_band = Transmitter(
            self.device(SBandTransceiver), links.s_band, state.s_band, routing.s_band_octets_per_s
        )
        self._x_band: Transmitter | None = None
        if links.x_band is not None:
            self._x_band = Transmitter(
                self.device(XBandTransmitter), links.x_band, state.x_band, routing.x_band_octets_per_s
            )
        self._channels = {channel.number: self._s_band for channel in links.s_band.virtual_channels}
        if links.x_band is not None and self._x_band is not None:
            self._channels |= {channel.number: self._x_band for channel in links.x_band.virtual_channels}
        self._recorder = Recorder(
            self.device(MassMemory),
            state.recorder,
            files=routing.recorder_files,
            file_octets=routing.recorder_file_octets,
            flush_ns=routing.flush_s * NANOSECONDS,
        )

    def _resolved(self) -> dict[int, PacketRoute]:
        return resolve(self.routing, self.container.surroundings.dictionary)

    # ---------------------------------------------------------------- commands

    @handles(SetTransmitter)
    def set_transmitter(self, command: SetTransmitter) -> None:
        """Let contacts decide, or overrule them."""
        self.state.control = command.control
        self._switch()

    @handles(SetRate)
    def set_rate(self, command: SetRate) -> None:
        """Send a packet more or less often."""
        entry = self.container.surroundings.dictionary.packet(command.packet)
        self.state.rates[entry.apid] = command.every

    # ---------------------------------------------------------------- packets

    @handles(UplinkStatus)
    def take_uplink_status(self, status: UplinkStatus) -> None:
        """Keep the report for the frames, and send it as any packet."""
        self.state.clcw = status.clcw
        self._take(self._apid(UplinkStatus), status)

    @handles(ModeStatus)
    def take_mode(self, status: ModeStatus) -> None:
        """Follow the contacts, and send the mode as any packet."""
        self.state.in_contact = status.in_contact
        self._switch()
        self._take(self._apid(ModeStatus), status)

    def received(self, message_id: int, message: object) -> None:
        """Send or record everything else."""
        if isinstance(message, Telemetry | Event):
            self._take(message_id & 0x7FF, message)

    def _apid(self, record: type[Telemetry]) -> int:
        dictionary = self.container.surroundings.dictionary
        return dictionary.telemetry_of(dictionary.apps_declaring(record)[0], record).apid

    def _take(self, apid: int, message: Telemetry | Event) -> None:
        state, route = self.state, self._routes[apid]
        transmitting = self._channels[route.channel].state.on
        one_of = state.rates.get(apid, route.every) if transmitting else route.record_every
        count = state.counts[apid] = state.counts.get(apid, -1) + 1
        if one_of == 0 or count % one_of:
            return
        packet = self._packet(apid, message)
        if packet is None:
            state.malformed += 1
        elif transmitting:
            state.sent += self._channels[route.channel].enqueue(route.channel, packet)
        else:
            self._recorder.add(packet, self.now_ns)

    def _packet(self, apid: int, message: Telemetry | Event) -> bytes | None:
        try:
            payload = self.container.surroundings.dictionary.encode_payload(message)
        except ProtocolError:
            return None
        sequence = self.state.sequences.get(apid, 0)
        self.state.sequences[apid] = (sequence + 1) % SEQUENCE_MODULO
        return build_telemetry(apid, sequence, *self.time.header_time(self.now_ns), payload)

    # ---------------------------------------------------------------- frames

    @every(seconds=TICK_S, offset=0.4)
    def transmit(self) -> None:
        """Play back when the channels are idle, and send frames."""
        clcw = self._clcw()
        self._recorder.tick(self.now_ns)
        for transmitter in self._transmitters():
            if transmitter.state.on:
                if transmitter is self._s_band and not transmitter.waiting:
                    self._play_back()
                transmitter.send(self.now_ns, TICK_S, clcw)

    def _clcw(self) -> Clcw:
        if self.state.clcw is None:  # the receiver has not reported yet
            return Clcw(virtual_channel=self.container.surroundings.links.s_band.tc_virtual_channel)
        return Clcw.unpack(self.state.clcw.to_bytes(4, "big"))

    def _play_back(self) -> None:
        channel = self.routing.playback_channel
        for packet in self._recorder.take():
            self.state.sent += self._s_band.enqueue(channel, packet)

    def _switch(self) -> None:
        match self.state.control:
            case TransmitterControl.AUTOMATIC:
                on = self.state.in_contact
            case TransmitterControl.FORCED_ON:
                on = True
            case TransmitterControl.FORCED_OFF:
                on = False
        for name, transmitter in zip(("S-band", "X-band"), self._transmitters(), strict=False):
            if transmitter.switch(on):
                self.event(TransmitterSwitched(name, on))

    def _transmitters(self) -> tuple[Transmitter, ...]:
        return (self._s_band,) if self._x_band is None else (self._s_band, self._x_band)

    @every(seconds=10, offset=8)
    def report(self) -> None:
        """Publish what went down."""
        state, recorder = self.state, self.state.recorder
        counts: dict[str, Any] = {"frames": 0, "octets": 0, "refused": 0, "dropped": recorder.dropped + state.malformed}
        for transmitter in self._transmitters():
            counts["frames"] += transmitter.state.frames
            counts["octets"] += transmitter.octets
            counts["refused"] += transmitter.state.refused
            counts["dropped"] += transmitter.state.dropped
        self.send(
            DownlinkStatus(
                transmitting=state.s_band.on,
                packets_sent=state.sent,
                packets_recorded=recorder.recorded,
                packets_dropped=counts["dropped"],
                packets_waiting=self._recorder.packets,
                frames_sent=counts["frames"],
                octets_sent=counts["octets"],
                frames_refused=counts["refused"],
            )
        )
        if recorder.dropped > state.reported_drops:
            state.reported_drops = recorder.dropped
            self.event(RecorderFull(recorder.dropped))
