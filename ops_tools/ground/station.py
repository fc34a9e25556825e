"""The ground segment of one spacecraft: link, decoder, telemetry, alarms, events, commands, files and passes in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from flightsw.mission_file_delivery import FileDeliveryParameters
from flightsw.mission_links import MissionLinks
from flightsw.services.link_security import LinkSecurity
from ops_tools.ground.alarms import AlarmBook
from ops_tools.ground.command_record import CommandRecord, WithoutContact
from ops_tools.ground.commanding import CommandCentre
from ops_tools.ground.contact_plan import ContactOutlook, ContactPlan
from ops_tools.ground.contact_watch import ContactWatch
from ops_tools.ground.decoder import Decoder, Sample
from ops_tools.ground.delivery_memory import DeliveryMemory
from ops_tools.ground.dictionary_guard import REPORT, DictionaryCheck, DictionaryGuard
from ops_tools.ground.events import EventLog, GroundEvent
from ops_tools.ground.file_delivery import PDU_PACKET, FileDelivery
from ops_tools.ground.file_news import tell_of_file
from ops_tools.ground.files import FileStore
from ops_tools.ground.limits import LimitState
from ops_tools.ground.link import FramePort, GroundLink
from ops_tools.ground.onboard_log import LOG_FIELDS, LOG_PACKET, onboard_entries
from ops_tools.ground.passes import PassBook
from ops_tools.ground.pdu_uplink import PDU_COMMAND
from ops_tools.ground.security.control import SecurityControl
from ops_tools.ground.security.own_end import OwnEnd
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.station_radio import RadioPort, StationRadio
from ops_tools.ground.status import GroundStatus
from ops_tools.ground.telemetry import TelemetryStore
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event, Severity, ShortEvent
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.packets.cfs_profile import CfsProfile
from tlm_cmd.packets.profile import PacketProfile
from tlm_cmd.packets.verification import VerificationReport
from tlm_cmd.sdls.association import AssociationParameters

SampleListener = Callable[[Sample], None]


class LinkedFile(Protocol):
    """The part of a mission file that the ground reads."""

    @property
    def links(self) -> MissionLinks:
        """Managed parameters of the radio links."""
        ...


class LinkedMission(Protocol):
    """What the ground takes of a mission: its dictionary, packets and links, and nothing of its apps."""

    @property
    def dictionary(self) -> Dictionary:
        """Every command, telemetry packet and event."""
        ...

    @property
    def packets(self) -> PacketProfile:
        """Makes and reads the packets on the links."""
        ...

    @property
    def file(self) -> LinkedFile:
        """The mission file."""
        ...


class GroundSegment:
    """Steps by the time it is given, reads no clock, and never raises because of what comes down.

    Attributes:
        dictionary: the mission's.
        link, decoder, telemetry, alarms, events, contact, commands, files, guard: its parts, for reading.
        security: operates the link security; None if no link is protected, or the spacecraft takes no procedures.
        delivery: carries files down and up; None if the mission has no file delivery.
        now_ns: time of the last step.
        listeners: called with each sample after it was filed.
        packet_listeners: called with each packet as it came, before anybody has looked into it.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        parameters: LinkParameters,
        port: FramePort,
        settings: GroundSettings | None = None,
        more_downlinks: Sequence[tuple[LinkParameters, FramePort]] = (),
        plan: ContactPlan | None = None,
        security: LinkSecurity | None = None,
        stations: Sequence[StationRadio] = (),
        packets: PacketProfile | None = None,
        links: MissionLinks | None = None,
    ) -> None:
        settings = settings or GroundSettings()
        self.now_ns = 0
        self.dictionary = dictionary
        self.link = GroundLink(parameters, port, more_downlinks, security, stations, listens_only=settings.listens_only)
        self.decoder = Decoder(dictionary, packets)
        self.telemetry = TelemetryStore(dictionary, settings.history, settings.stale_periods)
        self.alarms = AlarmBook(dictionary)
        self.events = EventLog(settings.event_log_depth, settings.epoch_tai_ns)
        self.contact = ContactWatch(self.link, self.events, plan, settings.silence_ns)
        self.commands = CommandCentre(dictionary, self.link, settings.timeouts, self.outlook, packets)
        self.files = FileStore(settings.files_directory)
        self.delivery = self._delivery(settings, None if links is None else links.file_delivery, packets)
        self.guard = DictionaryGuard(dictionary)
        self.security: SecurityControl | None = None
        if security is not None and links is not None and SecurityControl.suits(dictionary):
            own = OwnEnd(security, links, settings.random_octets)
            self.security = SecurityControl(own, self._issue_procedure, 4 * self.commands.timeouts.first_report_s)
        self.listeners: list[SampleListener] = []
        self.packet_listeners: list[Callable[[bytes], None]] = []
        self._reports_dictionary = _has(dictionary, REPORT, "dictionary")
        self._dumps_logs = _has(dictionary, LOG_PACKET, *LOG_FIELDS)

    def _delivery(
        self, settings: GroundSettings, parameters: FileDeliveryParameters | None, packets: PacketProfile | None
    ) -> FileDelivery | None:
        dictionary = self.dictionary
        command = dictionary.commands.get(PDU_COMMAND)
        takes = command is not None and command.record.__struct_fields__ == ("pdu",)
        if parameters is None or not takes or not _has(dictionary, PDU_PACKET, "pdu"):
            return None
        directory = settings.files_directory if settings.resumes_transfers else None
        memory = None if directory is None else DeliveryMemory(directory, parameters.sequence_octets, self._note)
        return FileDelivery(
            parameters,
            dictionary,
            packets or CfsProfile(dictionary),
            self.link,
            self.files,
            lambda transfer, file: tell_of_file(self.events, transfer, file),
            memory,
            listens_only=settings.listens_only,
        )

    def _note(self, event: GroundEvent, severity: Severity, text: str) -> None:
        self.events.note(event, severity, text, self.now_ns)

    @classmethod
    def of_mission(
        cls,
        mission: LinkedMission,
        radios: Sequence[RadioPort],
        settings: GroundSettings | None = None,
        plan: ContactPlan | None = None,
        security: LinkSecurity | None = None,
        share: Callable[[int, FramePort], FramePort] = lambda _number, port: port,
    ) -> GroundSegment:
        """The ground segment of a mission file with all its links.

        Args:
            mission: its links are those of the S-band and, if there is one, the X-band.
            radios: of the station, one for each link in this order.
            settings: how it is set up.
            plan: predicted contacts.
            security: of the ground's end, if any link is protected; see `ground_associations`.
            share: puts somebody between the ground and a radio by its number, who sees the frames as well.
        """
        links = mission.file.links
        all_parameters = [links.s_band] if links.x_band is None else [links.s_band, links.x_band]
        stations = [StationRadio(*each) for each in zip(radios, all_parameters, strict=False)]
        ports = [share(number, station) for number, station in enumerate(stations)]
        more = tuple(zip(all_parameters[1:], ports[1:], strict=True))
        packets = mission.packets
        return cls(mission.dictionary, links.s_band, ports[0], settings, more, plan, security, stations, packets, links)

    @property
    def passes(self) -> PassBook:
        """Contacts so far."""
        return self.contact.passes

    def outlook(self) -> ContactOutlook:
        """Contact at the time of the last step, and what is predicted."""
        return self.contact.outlook(self.now_ns)

    def step(self, now_ns: int) -> int:
        """Take what has come down and let time pass; return how many packets came."""
        self.now_ns = now_ns
        arrivals = self.link.poll(now_ns)
        self.contact.step(now_ns)
        for arrival in arrivals:
            for listener in self.packet_listeners:
                listener(arrival.packet)
            sample = self.decoder.decode(arrival.packet, now_ns, recorded=arrival.recorded)
            if sample is not None:
                self._file(sample)
        in_contact = self.passes.current is not None
        self.commands.step(now_ns, self.telemetry.newest_time_ns, in_contact=in_contact)
        if self.security is not None:
            self.security.step(now_ns)
        if self.delivery is not None:
            self.delivery.step(now_ns, in_contact=in_contact)
        return len(arrivals)

    def issue(
        self,
        name: str,
        arguments: Mapping[str, object] | None = None,
        confirm: str | None = None,
        *,
        now_ns: int | None = None,
        without_contact: WithoutContact = WithoutContact.RADIATE,
    ) -> CommandRecord:
        """Check a command and send it, see `CommandCentre.issue`; it is the time of the last step unless given."""
        return self.commands.issue(
            name,
            arguments,
            confirm,
            now_ns=self.now_ns if now_ns is None else now_ns,
            spacecraft_ns=self.telemetry.newest_time_ns,
            without_contact=without_contact,
        )

    def force(self, octets: bytes, *, now_ns: int | None = None) -> CommandRecord:
        """Send octets up unchecked, see `CommandCentre.force`."""
        now_ns = self.now_ns if now_ns is None else now_ns
        return self.commands.force(octets, now_ns=now_ns, spacecraft_ns=self.telemetry.newest_time_ns)

    def status(self) -> GroundStatus:
        """The ground segment at a glance."""
        active = self.alarms.active
        return GroundStatus(
            mission=self.dictionary.mission,
            now_ns=self.now_ns,
            spacecraft_ns=self.telemetry.newest_time_ns,
            contact=self.outlook(),
            current_pass=msgspec.structs.replace(self.passes.current) if self.passes.current else None,
            passes=self.passes.count,
            dictionary=self.guard.check,
            dictionary_text=self.guard.describe(),
            link=self.link.status(),
            packets_decoded=self.decoder.decoded,
            packets_refused={reason: count for reason, count in self.decoder.refused.items() if count},
            packets_missing=self.decoder.missing,
            commands_open=len(self.commands.open),
            verdicts=dict(self.commands.counters.verdicts),
            events={severity.name: count for severity, count in self.events.counts.items()},
            alarms={
                state.name: len([alarm for alarm in active if alarm.state is state])
                for state in (LimitState.YELLOW, LimitState.RED)
            },
            files_complete=len(self.files.by_name),
            files_open=0 if self.delivery is None else len(self.delivery.transfers.open),
        )

    def _issue_procedure(self, name: str, arguments: Mapping[str, object], now_ns: int) -> CommandRecord:
        """Send a procedure of the link security, which is asked for again if there is no contact."""
        return self.issue(name, arguments, now_ns=now_ns, without_contact=WithoutContact.REFUSE)

    # ---------------------------------------------------------------- filing

    def _file(self, sample: Sample) -> None:
        message = sample.message
        if isinstance(message, Event | ShortEvent):
            self.events.add(sample)
        else:
            self.telemetry.record(sample)
            self._check_limits(sample)
            if self.security is not None:
                self.security.take(sample)
            if isinstance(message, VerificationReport):
                self.commands.report(sample)
            elif sample.name == REPORT and self._reports_dictionary:
                self._check_dictionary(sample)
            elif sample.name == PDU_PACKET and self.delivery is not None:
                self.delivery.receive(getattr(message, "pdu", b""), sample.received_ns)
            elif sample.name == LOG_PACKET and self._dumps_logs:
                for entry in onboard_entries(self.dictionary, message):
                    self.events.add_from_log(entry, sample.received_ns)
        for listener in self.listeners:
            listener(sample)

    def _check_limits(self, sample: Sample) -> None:
        for transition in self.alarms.check(sample):
            severity = {LimitState.RED: Severity.CRITICAL, LimitState.YELLOW: Severity.ERROR}.get(
                transition.state, Severity.INFO
            )
            self.events.note(GroundEvent.LIMIT, severity, transition.describe(), sample.received_ns)

    def _check_dictionary(self, sample: Sample) -> None:
        reported = getattr(sample.message, "dictionary", b"")
        if self.guard.report(reported):
            matches = self.guard.check is DictionaryCheck.MATCH
            event = GroundEvent.DICTIONARY_MATCH if matches else GroundEvent.DICTIONARY_MISMATCH
            severity = Severity.INFO if matches else Severity.CRITICAL
            self.events.note(event, severity, self.guard.describe(), sample.received_ns)


def _has(dictionary: Dictionary, packet: str, *fields: str) -> bool:
    """Whether the dictionary has a packet with at least these fields."""
    entry = dictionary.telemetry.get(packet)
    return entry is not None and set(fields) <= set(entry.record.__struct_fields__)


def ground_associations(links: MissionLinks) -> tuple[AssociationParameters, ...]:
    """The security associations of the ground's end of all links of a mission; none if no link is protected."""
    x_band = () if links.x_band is None else links.x_band.associations(flight=False)
    return links.s_band.associations(flight=False) + x_band
