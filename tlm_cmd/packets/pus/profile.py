"""The profile with packets of the packet utilisation standard, PUS-C (ECSS-E-ST-70-41C).

Each app is an application process: its commands, events and packets have the app's APID, and one sequence count.
"""

from __future__ import annotations

from collections.abc import Mapping

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.errors import WrongValueError
from tlm_cmd.packets.cfs_header import join_time
from tlm_cmd.packets.profile import FunctionCall, ProfileName, ReadCommand, RequestKey, ServiceRequest
from tlm_cmd.packets.pus.catalogue import unpack_request
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.packet_time import PacketTime, PacketTimeName, packet_time
from tlm_cmd.packets.pus.reports import ReportPackets
from tlm_cmd.packets.pus.service_8_functions import PerformFunction
from tlm_cmd.packets.pus.service_9_time import TIME_APID
from tlm_cmd.packets.pus.telecommand import TELECOMMAND_DATA_OFFSET, PusTelecommand
from tlm_cmd.packets.spacepacket import MIN_PACKET_OCTETS, SEQUENCE_MODULO
from tlm_cmd.packets.telemetry_packets import DecodePacket
from tlm_cmd.packets.verification import RequestId

_SOURCE = slice(9, 11)
_TYPE = slice(7, 9)
_PERFORM_FUNCTION = bytes((PerformFunction.service, PerformFunction.subtype))


class PusProfile:
    """A command of an app is TC[8,1] with the function code as function identifier; see docs/pus.md for all others.

    Attributes:
        name: which profile it is.
        ordered: False: one count runs over all packets of an app, whichever virtual channels they take.
        dictionary: the mission's words.
        time: the time code of packets and of service 11.
        formats: the mission's lengths.
        decode: reads a telemetry packet, see `PacketProfile`.
    """

    name = ProfileName.PUS
    ordered = False
    decode: DecodePacket

    def __init__(self, dictionary: Dictionary, time: PacketTimeName = PacketTimeName.CUC) -> None:
        self.dictionary = dictionary
        self.time: PacketTime = packet_time(time)
        self.formats = PusFormats(time_octets=self.time.octets)
        self._app_apids = frozenset(app.apid for app in dictionary.apps)
        self._reports = ReportPackets(dictionary, self.formats, self.time)
        self.decode = self._reports.decode

    # ---------------------------------------------------------------- telemetry

    def encode(
        self,
        apid: int,
        message: Telemetry | Event,
        sequence_count: int,
        time_seconds: int,
        time_subseconds: int,
        *,
        short_event: bool = False,
    ) -> bytes:
        """See `PacketProfile.encode`."""
        return self._reports.encode(apid, message, sequence_count, time_seconds, time_subseconds, short=short_event)

    def check_telemetry(self, packet: bytes) -> None:
        """See `PacketProfile.check_telemetry`."""
        self._reports.check(packet)

    def counting_apid(self, apid: int, message: Telemetry | Event) -> int:
        """See `PacketProfile.counting_apid`."""
        return self._reports.counting_apid(apid, message)

    def counting_apids(self) -> Mapping[int, float | None]:
        """See `PacketProfile.counting_apids`."""
        return {TIME_APID: None} | dict.fromkeys((app.apid for app in self.dictionary.apps), None)

    # ---------------------------------------------------------------- commands

    def build_command(self, apid: int, sequence_count: int, function: int, arguments: bytes) -> bytes:
        """See `PacketProfile.build_command`; it asks for all reports."""
        body = PerformFunction(function, arguments)
        return PusTelecommand(apid, sequence_count, body.service, body.subtype, body.pack(self.formats)).pack()

    def read_command(self, packet: bytes) -> ReadCommand:
        """See `PacketProfile.read_command`; no user on the ground has the APID of an app as source id.

        Raises:
            ProtocolError: it is no telecommand, or its data are not what a request of its kind holds.
            WrongValueError: the source id is the APID of an app.
        """
        telecommand = PusTelecommand.unpack(packet)
        apid, source = telecommand.apid, telecommand.source
        if source in self._app_apids:
            raise WrongValueError("source id", source, "one that is no APID of an app on board")
        body = unpack_request(telecommand.service, telecommand.subtype, telecommand.data, self.formats)
        call: FunctionCall | ServiceRequest
        if isinstance(body, PerformFunction):
            call, function = FunctionCall(apid, body.function, body.arguments), body.function
        else:
            call, function = ServiceRequest(apid, body), 0
        return ReadCommand(RequestId(source, apid, telecommand.sequence_count, function), call, telecommand.acknowledge)

    def unpack_time(self, field: bytes) -> int:
        """See `PacketProfile.unpack_time`."""
        return join_time(*self.time.unpack(field))

    def request_of(self, octets: bytes) -> RequestId | None:
        """See `PacketProfile.request_of`."""
        if len(octets) < MIN_PACKET_OCTETS:
            return None
        apid = int.from_bytes(octets[0:2], "big") & 0x7FF
        sequence = int.from_bytes(octets[2:4], "big") & (SEQUENCE_MODULO - 1)
        source, function = int.from_bytes(octets[_SOURCE], "big"), 0
        if len(octets) > TELECOMMAND_DATA_OFFSET and octets[_TYPE] == _PERFORM_FUNCTION:
            function = octets[TELECOMMAND_DATA_OFFSET]
        return RequestId(source, apid, sequence, function)

    def request_key(self, request: RequestId) -> RequestKey:
        """See `PacketProfile.request_key`: reports of service 1 do not name the function."""
        return request.apid, request.sequence, 0
