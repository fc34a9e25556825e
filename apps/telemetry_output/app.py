"""The telemetry output: sends packets in contact, records them out of contact, plays them back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from apps.command_ingest.messages import UplinkStatus
from apps.file_transfer.messages import FilePdu
from apps.mode_manager.messages import ModeStatus
from apps.telemetry_output.event_form import is_short
from apps.telemetry_output.messages import (
    DownlinkStatus,
    EventForm,
    FileRoom,
    KeysNotRead,
    KeyUseNotNoted,
    RecorderFull,
    RoutingFault,
    SecurityProcedure,
    SecurityReply,
    SetEventForm,
    SetRate,
    SetTransmitter,
    TransmitterControl,
    TransmitterSwitched,
)
from apps.telemetry_output.radios import Radios
from apps.telemetry_output.receiver_reports import ReceiverReports, ReceiverReportsState
from apps.telemetry_output.recorder import Recorder, RecorderState
from apps.telemetry_output.routing import Routing, resolve
from apps.telemetry_output.security import TelemetryAssociations
from apps.telemetry_output.services import DownlinkServices, ServicesState
from apps.telemetry_output.transmitter import Transmitter, TransmitterState
from flightsw.app import Refused, Table, every, handles
from flightsw.devices.mass_memory import MassMemory
from flightsw.devices.radio import Radio, SBandTransceiver, XBandTransmitter
from flightsw.errors import FlightSoftwareError
from flightsw.services.link_security import LinkSecurity
from tlm_cmd.definition.dictionary import TELEMETRY_MESSAGE_ID, DictionaryError
from tlm_cmd.definition.message import REPORTS, Event, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO
from tlm_cmd.packets.verification import FailureCode, VerificationReport, shorten

NANOSECONDS = 1_000_000_000
MAX_U16 = 65_535
FILE_PACKETS_MODULO = 2**32
TICK_S = 0.5
S_BAND, X_BAND = "S-band", "X-band"
FILE_SHARE = 2
"""Packets of files may fill one of so many places of their channel: the others are for what shares it with them."""
PLAYBACK_AHEAD = 128
"""Recorded packets given to their channel before it has sent those given earlier."""


class OutputState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        control: who decides over the transmitter.
        in_contact: a station sees the spacecraft.
        event_form: of events on the link.
        rates: rates set by command, by APID.
        counts: packets seen by APID, for sending one of so many.
        sequences: next sequence count by APID on the link.
        services: what standard services have been asked for.
        receiver: what the receiver of commands has reported.
        playback: packets read from the recorder that wait for their channel, oldest first.
        file_transmitter_on: what was last said of the transmitter for files.
        sent: packets given to a channel.
        malformed: messages that could not be encoded.
        reported_drops: recorder drops already reported.
        note_refused: whether it was last said that used keys are not noted.
    """

    control: TransmitterControl = TransmitterControl.AUTOMATIC
    in_contact: bool = False
    event_form: EventForm = EventForm.LONG
    rates: dict[int, int] = {}
    counts: dict[int, int] = {}
    sequences: dict[int, int] = {}
    receiver: ReceiverReportsState = msgspec.field(default_factory=ReceiverReportsState)
    playback: list[bytes] = []
    file_transmitter_on: bool = False
    sent: int = 0
    malformed: int = 0
    reported_drops: int = 0
    note_refused: bool = False
    s_band: TransmitterState = msgspec.field(default_factory=TransmitterState)
    x_band: TransmitterState = msgspec.field(default_factory=TransmitterState)
    recorder: RecorderState = msgspec.field(default_factory=RecorderState)
    services: ServicesState = msgspec.field(default_factory=ServicesState)


class TelemetryOutput(DownlinkServices):
    """Everything that goes down goes through here."""

    routing = Table(Routing, file="routing.toml")

    state: OutputState

    def subscriptions(self) -> Iterable[int]:
        """Everything that is sent on board."""
        return (TELEMETRY_MESSAGE_ID | apid for apid in self.container.surroundings.dictionary.known_apids())

    def start(self) -> None:
        """Open radios and recorder."""
        links, routing, state = self.container.surroundings.links, self.routing, self.state
        self._packets = self.container.surroundings.packets
        self._securities: list[LinkSecurity] = []
        s_band = self._transmitter(S_BAND, self.device(SBandTransceiver), links.s_band, state.s_band)
        self._s_band, self._x_band = s_band, None
        transmitters = {S_BAND: s_band}
        if links.x_band is not None:
            x_band = self._transmitter(X_BAND, self.device(XBandTransmitter), links.x_band, state.x_band)
            self._x_band = transmitters[X_BAND] = x_band
        self._radios = Radios(transmitters)
        self._associations = TelemetryAssociations(
            self._securities, commands_protected=links.s_band.telecommand_security is not None
        )
        unknown = Clcw(virtual_channel=links.s_band.tc_virtual_channel, lockout=links.s_band.cop1 is not None)
        self._receiver = ReceiverReports(state.receiver, unknown, self.now_ns)
        state.s_band.lost += bool(state.s_band.pending)
        state.s_band.pending = b""  # it carries an older report
        dictionary = self.container.surroundings.dictionary
        self._file_apid = self.apid_of(FilePdu) if dictionary.apps_declaring(FilePdu) else None
        self._follow(routing)

    def _transmitter(self, name: str, radio: Radio, parameters: LinkParameters, state: TransmitterState) -> Transmitter:
        """One radio's side, with the security of its frames if the link is protected."""
        associations, security = parameters.telemetry_associations(flight=True), None
        if associations:
            security = self.container.surroundings.link_security(f"{self.name}.{name.lower()}", associations)
            self._securities.append(security)
        return Transmitter(radio, parameters, state, security)

    def _follow(self, routing: Routing) -> None:
        """Work by a routing table, and say what of it cannot be followed."""
        s_band, x_band = self._s_band, self._x_band
        x_channels = x_band.channels if x_band else ()
        resolved = resolve(routing, self.container.surroundings.dictionary, s_band.channels, x_channels)
        for problem in resolved.problems:
            self.event(RoutingFault(shorten(problem)))
        self._followed, self._routes, self._playback_channel = routing, resolved.routes, resolved.playback_channel
        s_band.octets_per_s = routing.s_band_octets_per_s
        if x_band is not None:
            x_band.octets_per_s = routing.x_band_octets_per_s
        self._recorder = Recorder(
            self.device(MassMemory),
            self.state.recorder,
            files=routing.recorder_files,
            file_octets=routing.recorder_file_octets,
            flush_ns=routing.flush_s * NANOSECONDS,
        )

    # ---------------------------------------------------------------- commands

    @handles(SetTransmitter)
    def set_transmitter(self, command: SetTransmitter) -> None:
        """Let contacts decide, or overrule them."""
        self.state.control = command.control
        reluctant = self._switch()
        if reluctant:
            names = ", ".join(reluctant)
            raise Refused(f"no answer from {names}; tried again every second", FailureCode.DEVICE_FAILED)

    @handles(SetRate)
    def set_rate(self, command: SetRate) -> None:
        """Send a packet more or less often."""
        try:
            entry = self.container.surroundings.dictionary.packet(command.packet)
        except DictionaryError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self.state.rates[entry.apid] = command.every

    @handles(SetEventForm)
    def set_event_form(self, command: SetEventForm) -> None:
        """Send events with their fields, or without."""
        self.state.event_form = command.form

    @handles(SecurityProcedure)
    def execute_procedure(self, command: SecurityProcedure) -> None:
        """Change what protects the telemetry, or tell it."""
        ticket = self.defer()
        reply = self._associations.execute(command.unit, self.now_ns)
        if reply:
            self.send(SecurityReply(ticket.sequence, reply))
        self.complete(ticket)

    # ---------------------------------------------------------------- packets

    @handles(UplinkStatus)
    def take_uplink_status(self, status: UplinkStatus) -> None:
        """Keep the report for the frames, and send it as any packet."""
        self._receiver.take(status.clcw, status.security_report)
        try:
            self._associations.follow_keys(status.key_changes)
        except FlightSoftwareError as error:
            self.event(KeysNotRead(shorten(str(error))))
        self.take(self.apid_of(UplinkStatus), status)

    @handles(ModeStatus)
    def take_mode(self, status: ModeStatus) -> None:
        """Follow the contacts, and send the mode as any packet."""
        self.state.in_contact = status.in_contact
        self._switch()
        self.take(self.apid_of(ModeStatus), status)

    def received(self, message_id: int, message: object) -> None:
        """Send or record everything else."""
        if isinstance(message, VerificationReport):
            self.take_verification(message_id & 0x7FF, message)
        elif isinstance(message, REPORTS):
            self.take(message_id & 0x7FF, message)

    def take(self, apid: int, message: Telemetry | Event) -> None:
        """Send or record a packet or an event, or leave it, as its route says."""
        state, route = self.state, self._routes[apid]
        if not self.is_wanted(apid, message):
            return
        transmitter = self._radios.on_channel(route.channel)
        transmitting = transmitter.state.on
        one_of = state.rates.get(apid, route.every) if transmitting else route.record_every
        count = state.counts[apid] = state.counts.get(apid, -1) + 1
        if not self.takes_once(apid) and (one_of == 0 or count % one_of):
            return
        packet = self._packet(apid, message)
        if packet is None:
            state.malformed += 1
        elif transmitting:
            state.sent += transmitter.enqueue(route.channel, packet)
        else:
            self._recorder.add(packet, self.now_ns)

    def _packet(self, apid: int, message: Telemetry | Event) -> bytes | None:
        counted_at = self._packets.counting_apid(apid, message)
        sequence, time = self.state.sequences.get(counted_at, 0), self.time.header_time(self.now_ns)
        short = isinstance(message, Event) and is_short(message, self.state.event_form)
        try:
            packet = self._packets.encode(apid, message, sequence, *time, short_event=short)
        except ProtocolError:
            return None
        self.state.sequences[counted_at] = (sequence + 1) % SEQUENCE_MODULO
        return packet

    # ---------------------------------------------------------------- frames

    @every(seconds=TICK_S, offset=0.4)
    def transmit(self) -> None:
        """Write what was recorded, play back in contact, and send frames."""
        if self.routing is not self._followed:
            self._follow(self.routing)
        changed = self._recorder.tick(self.now_ns)
        if self._s_band.state.on:
            changed |= self._play_back()
        if changed:
            self.checkpoint()
        if not self._receiver.outdated(self.now_ns):
            self._radios.send(self.now_ns, TICK_S, self._receiver.control_words())
        self.serve(self.state.s_band.frames)
        self._report_file_room()

    def _report_file_room(self) -> None:
        """Say how many packets of files may come, as long as they are sent, and once when they are not any more."""
        if self._file_apid is None:
            return
        state, channel = self.state, self._routes[self._file_apid].channel
        transmitter = self._radios.on_channel(channel)
        on = transmitter.state.on
        if on or state.file_transmitter_on:
            state.file_transmitter_on = on
            room = transmitter.queue_packets // FILE_SHARE - transmitter.waiting_on(channel) if on else 0
            taken = (state.counts.get(self._file_apid, -1) + 1) % FILE_PACKETS_MODULO
            self.send(FileRoom(on, taken, max(0, min(room, MAX_U16))))

    def _play_back(self) -> bool:
        """Keep the playback channel supplied, which gets what others leave; whether the recorder gave anything."""
        channel, waiting, taken = self._playback_channel, self.state.playback, False
        ahead = min(PLAYBACK_AHEAD, self._s_band.queue_packets)
        while self._s_band.waiting_on(channel) < ahead:
            if not waiting:
                waiting += self._recorder.take()
                taken |= bool(waiting)
            if not waiting:
                break
            self.state.sent += self._s_band.enqueue(channel, waiting.pop(0))
        return taken

    def _switch(self) -> list[str]:
        """Switch the transmitters as contacts or the ground want it; returns those that could not be."""
        match self.state.control:
            case TransmitterControl.AUTOMATIC:
                on = self.state.in_contact
            case TransmitterControl.FORCED_ON:
                on = True
            case TransmitterControl.FORCED_OFF:
                on = False
            case _:
                assert_never(self.state.control)
        changed, reluctant = self._radios.switch(on)
        for name in changed:
            self.event(TransmitterSwitched(name, on))
        if changed:
            self._report_downlink()
            self.checkpoint()
        return reluctant

    # ---------------------------------------------------------------- reports

    @every(seconds=10, offset=8)
    def report(self) -> None:
        """Look after the radios, and publish what went down."""
        self._radios.verify()
        self._switch()
        self._report_downlink()
        dropped = self.state.recorder.dropped
        if dropped > self.state.reported_drops:
            self.state.reported_drops = dropped
            self.event(RecorderFull(dropped))
        problem = self._associations.note_problem
        if problem and not self.state.note_refused:
            self.event(KeyUseNotNoted(shorten(problem)))
        self.state.note_refused = bool(problem)

    def _report_downlink(self) -> None:
        state, recorder, radios = self.state, self.state.recorder, self._radios.totals()
        self.send(
            DownlinkStatus(
                transmitting=self._radios.is_on(S_BAND),
                packets_sent=state.sent,
                packets_recorded=recorder.recorded,
                packets_dropped=recorder.dropped + state.malformed + radios.dropped,
                packets_waiting=self._recorder.packets + len(state.playback),
                frames_sent=radios.frames,
                octets_sent=radios.octets,
                frames_refused=radios.refused,
                x_band_on=self._radios.is_on(X_BAND),
                frames_lost=radios.lost,
                radio_resets=min(radios.resets, MAX_U16),
                errors=recorder.errors + radios.errors,
                frames_unprotected=radios.unprotected,
                s_band_spi=self._radios.spi(S_BAND),
                x_band_spi=self._radios.spi(X_BAND),
                event_form=state.event_form,
            )
        )
