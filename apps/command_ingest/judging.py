"""Command packets judged: which request each is, and what is to be done about it. Pure but for what it is given."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from apps.command_ingest.messages import RequestOrigin
from apps.command_ingest.services import Rejection, Services
from apps.file_transfer.messages import TakePdu
from flightsw.bus.requests import Request
from tlm_cmd.definition.message import Command
from tlm_cmd.definition.wire_values import LengthError
from tlm_cmd.errors import ChecksumError, LengthMismatchError, ProtocolError, TooShortError
from tlm_cmd.packets.profile import FunctionCall, PacketProfile, ReadCommand, ServiceRequest
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.catalogue import UnknownMessageError
from tlm_cmd.packets.pus.service_8_functions import PerformFunction
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId

NO_REQUEST = RequestId(GROUND, 0, 0, 0)
"""What octets are called that are too few for a request id."""


class Judged(msgspec.Struct, frozen=True):
    """What a packet was found to be.

    Attributes:
        request: how the ground names it.
        verdict: what is put on the bus, or why nothing is.
        origin: what is said of it before, if anything.
    """

    request: RequestId
    verdict: Request | Rejection
    origin: RequestOrigin | None = None

    @property
    def file_pdu(self) -> bytes | None:
        """The PDU for the file transfer, if it is one: it is handed on, and not asked for."""
        verdict = self.verdict
        return verdict.command.pdu if isinstance(verdict, Request) and isinstance(verdict.command, TakePdu) else None


class Judge:
    """Judges command packets of a mission.

    Args:
        packets: the mission's packets.
        fire: whether a hazardous command, by APID and function code, is armed; it is armed no more behind it.
        own_request: makes a request of the app that judges, to the app named.
    """

    def __init__(
        self,
        packets: PacketProfile,
        fire: Callable[[int, int], bool],
        own_request: Callable[[str, Command], Request],
    ) -> None:
        self._packets = packets
        self._dictionary = packets.dictionary
        self._services = Services(packets)
        self._fire = fire
        self._own_request = own_request

    def judge(self, packet: bytes) -> Judged:
        """Judge one packet; whatever it is, it gets an answer."""
        read = self._read(packet)
        if isinstance(read, Rejection):
            return Judged(self._packets.request_of(packet) or NO_REQUEST, read)
        if isinstance(read.call, ServiceRequest):
            return self._service(read, read.call)
        command = self._command(read.call)
        if isinstance(command, Rejection):
            return Judged(read.request, command)
        origin = None
        if read.acknowledge is not Acknowledge.ALL:
            service, subtype = PerformFunction.service, PerformFunction.subtype
            origin = RequestOrigin(read.request, read.request, read.acknowledge, service, subtype)
        return Judged(read.request, Request(read.request, command), origin)

    def _read(self, packet: bytes) -> ReadCommand | Rejection:
        try:
            return self._packets.read_command(packet)
        except ChecksumError as error:
            return Rejection(FailureCode.BAD_CHECKSUM, str(error))
        except UnknownMessageError as error:
            return Rejection(FailureCode.UNKNOWN_FUNCTION, str(error))
        except ProtocolError as error:
            return Rejection(FailureCode.MALFORMED_PACKET, str(error))

    def _service(self, read: ReadCommand, call: ServiceRequest) -> Judged:
        """A request to a service becomes a command that the app which judges gives on behalf of who has asked."""
        command = self._services.command_for(call)
        if isinstance(command, Rejection):
            return Judged(read.request, command)
        request = self._own_request(command.app, command.command)
        service, subtype = call.body.service, call.body.subtype
        return Judged(
            read.request, request, RequestOrigin(request.id, read.request, read.acknowledge, service, subtype)
        )

    def _command(self, call: FunctionCall) -> Command | Rejection:
        entry = self._dictionary.command_by_id(call.apid, call.function)
        if entry is None:
            return self._unknown(call)
        try:
            command = entry.codec.decode(call.arguments)
        except ProtocolError as error:
            wrong_length = isinstance(error, TooShortError | LengthError | LengthMismatchError)
            return Rejection(FailureCode.BAD_LENGTH if wrong_length else FailureCode.BAD_ARGUMENT, str(error))
        if entry.record.hazardous and not self._fire(call.apid, call.function):
            return Rejection(FailureCode.NOT_ARMED, f"{entry.name} is hazardous and was not armed")
        return command

    def _unknown(self, call: FunctionCall) -> Rejection:
        app = self._dictionary.app_of(call.apid)
        if app is None or self._dictionary.apid_of(app) != call.apid:
            return Rejection(FailureCode.UNKNOWN_APPLICATION, f"no app takes commands at APID 0x{call.apid:03x}")
        return Rejection(FailureCode.UNKNOWN_FUNCTION, f"{app} has no function {call.function}")
