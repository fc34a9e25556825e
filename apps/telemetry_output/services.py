"""What the telemetry output does for standard services: packets switched, parameters and time reported, requests named.

It is the part of the app that the packet utilisation standard asks for; its commands can be given over any profile.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from apps.command_ingest.messages import RequestOrigin
from apps.telemetry_output.messages import (
    MAX_READINGS,
    AppAnswered,
    ParameterReport,
    ReportParameters,
    SendPacketsOnce,
    SetPacketIntervals,
    SetTimeRate,
    SpacecraftTimeReport,
    SwitchPackets,
)
from apps.telemetry_output.packet_choice import ChoiceError, chosen, one_of_so_many
from apps.telemetry_output.parameters import Reading, values_of, wanted
from apps.telemetry_output.request_book import RequestBook, RequestBookState
from flightsw.app import App, Refused, handles
from tlm_cmd.definition.entries import APIDS_PER_APP
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.verification import FailureCode, VerificationReport


class ServicesState(msgspec.Struct):
    """What services have been asked for.

    Attributes:
        switched_off: packets neither sent nor recorded, by APID.
        once: packets of which the next one is sent whatever its rate is, by APID.
        readings: parameters that are to be reported, oldest first.
        requests: where requests come from.
        time_rate: one time report with 2^rate S-band frames, None for none.
        time_frames: S-band frames sent at the last time report.
    """

    switched_off: list[int] = []
    once: list[int] = []
    readings: list[Reading] = []
    requests: RequestBookState = msgspec.field(default_factory=RequestBookState)
    time_rate: int | None = None
    time_frames: int = 0


class ServedState(Protocol):
    """The part of the app's memory that services need.

    Attributes:
        rates: one of so many packets is sent, by APID.
        services: what has been asked for.
    """

    rates: dict[int, int]
    services: ServicesState


class DownlinkServices(App):
    """The base of the telemetry output."""

    state: ServedState

    def take(self, apid: int, message: Telemetry | Event) -> None:
        """Send or record a packet or an event, or leave it."""
        raise NotImplementedError

    # ---------------------------------------------------------------- which packets are sent

    @handles(SwitchPackets)
    def switch_packets(self, command: SwitchPackets) -> None:
        """Let packets be sent, or not."""
        services, apids = self.state.services, self._chosen(command.apid, command.packets)
        others = [apid for apid in services.switched_off if apid not in apids]
        services.switched_off = others if command.enabled else sorted({*others, *apids})

    @handles(SendPacketsOnce)
    def send_packets_once(self, command: SendPacketsOnce) -> None:
        """Send the next packet of each kind."""
        services = self.state.services
        services.once = sorted({*services.once, *self._chosen(command.apid, command.packets)})

    @handles(SetPacketIntervals)
    def set_packet_intervals(self, command: SetPacketIntervals) -> None:
        """Send packets more or less often."""
        dictionary = self.container.surroundings.dictionary
        apids = self._chosen(command.apid, tuple(each.packet for each in command.intervals))
        intervals_ms = [each.interval_ms for each in command.intervals]
        try:
            rates = [one_of_so_many(dictionary, *each) for each in zip(apids, intervals_ms, strict=True)]
        except ChoiceError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self.state.rates |= dict(zip(apids, rates, strict=True))

    def is_wanted(self, apid: int, message: Telemetry | Event) -> bool:
        """Whether a packet may be sent or recorded; parameters in it are reported in any case."""
        services = self.state.services
        if services.readings and isinstance(message, Telemetry):
            self._read(apid, message)
        return apid not in services.switched_off

    def takes_once(self, apid: int) -> bool:
        """Whether the packet at hand is one that is to be sent once; the next one is not."""
        once = self.state.services.once
        if apid not in once:
            return False
        once.remove(apid)
        return True

    def _chosen(self, apid: int, packets: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return chosen(self.container.surroundings.dictionary, apid, packets)
        except ChoiceError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    # ---------------------------------------------------------------- parameters and time

    @handles(ReportParameters)
    def report_parameters(self, command: ReportParameters) -> None:
        """Read fields of a packet when it comes next; until then the command is open."""
        readings = self.state.services.readings
        if len(readings) >= MAX_READINGS:
            raise Refused(f"{MAX_READINGS} requests for parameters wait already")
        try:
            packet = wanted(self.container.surroundings.dictionary, command.apid, command.parameters)
        except ChoiceError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        readings.append(Reading(self.defer(), packet.apid, command.parameters, self.now_ns + packet.patience_ns))

    def _read(self, apid: int, message: Telemetry) -> None:
        """Answer those who want to know what is in this packet."""
        readings = self.state.services.readings
        for reading in [each for each in readings if each.apid == apid]:
            readings.remove(reading)
            try:
                values = values_of(message, reading.parameters)
            except ProtocolError as error:
                self.fail(reading.ticket, str(error))
                continue
            report = ParameterReport(apid & ~(APIDS_PER_APP - 1), len(reading.parameters), values)
            self.take(self.apid_of(ParameterReport), report)
            self.complete(reading.ticket)

    @handles(SetTimeRate)
    def set_time_rate(self, command: SetTimeRate) -> None:
        """Send time reports."""
        self.state.services.time_rate = command.exponent

    def serve(self, frames: int) -> None:
        """Report the time once 2^rate S-band frames have gone since, and give up what has waited too long.

        Args:
            frames: S-band frames sent so far.
        """
        services = self.state.services
        if services.time_rate is not None and frames - services.time_frames >= 1 << services.time_rate:
            services.time_frames = frames
            report = SpacecraftTimeReport(services.time_rate, *self.time.header_time(self.now_ns))
            self.take(self.apid_of(SpacecraftTimeReport), report)
        for reading in [each for each in services.readings if self.now_ns >= each.until_ns]:
            services.readings.remove(reading)
            self.fail(reading.ticket, f"no packet of APID 0x{reading.apid:03x} came")

    # ---------------------------------------------------------------- requests

    @handles(RequestOrigin)
    def note_origin(self, origin: RequestOrigin) -> None:
        """Remember where a request comes from, also over a restart of this app; it does not go down itself."""
        RequestBook(self.state.services.requests).note(origin)
        self.checkpoint()

    def take_verification(self, apid: int, report: VerificationReport) -> None:
        """Send a report to who has asked; an app that was asked on behalf of another reports for that one."""
        addressed = RequestBook(self.state.services.requests).address(report)
        if addressed.report is not None:
            if addressed.asked is not None:
                app = self.container.surroundings.dictionary.app_of(addressed.asked.apid)
                apid = self.apid_of(VerificationReport, app)
            self.take(apid, addressed.report)
        if addressed.answer and addressed.asked is not None:
            self.take(self.apid_of(AppAnswered), AppAnswered(addressed.asked.apid, report.request.apid))

    def apid_of(self, record: type[Telemetry], app: str | None = None) -> int:
        """The APID of a packet, of one app or of the only one that sends it."""
        dictionary = self.container.surroundings.dictionary
        return dictionary.telemetry_of(app or dictionary.apps_declaring(record)[0], record).apid
