"""Extended procedures of the link security, on board: taken out of what comes up, and executed before the bus.

A request may carry keys, encrypted under a master key. So it waits in no memory that is stored, is no message, and
nothing that is reported of it has more than its name: requests are executed in the same poll in which they came, or
after a failure of the security's memory in one of the next, and those that a restart meets are lost, which the ground
sees by the missing answer.
"""

from __future__ import annotations

import msgspec

from apps.command_ingest.judging import Judge
from apps.command_ingest.messages import RequestOrigin, SecurityProcedure
from apps.command_ingest.services import Rejection
from flightsw.app import Refused
from flightsw.errors import FlightSoftwareError
from flightsw.services.link_security import LinkSecurity
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.profile import FunctionCall, PacketProfile
from tlm_cmd.packets.verification import FailureCode, RequestId
from tlm_cmd.sdls.management import Outcome

MAX_WAITING_PROCEDURES = 64
"""Requests of one poll; one more is rejected."""


class WaitingProcedure(msgspec.Struct, frozen=True):
    """A request that came up.

    Attributes:
        request: how the ground names it.
        origin: what is said of it before its reports, if anything.
        unit: what is asked.
        carrier_spi: the association that vouches for it.
    """

    request: RequestId
    origin: RequestOrigin | None
    unit: bytes
    carrier_spi: int

    def __repr__(self) -> str:
        return f"WaitingProcedure({self.request}, hidden)"


class ExecutedProcedure(msgspec.Struct, frozen=True):
    """What became of a request.

    Attributes:
        reply: the unit to send down, empty if there is none.
        refused: why it was not executed, None if it was.
        changed_keys: name of the procedure that has changed the keys, empty if none has.
    """

    reply: bytes = b""
    refused: Refused | None = None
    changed_keys: str = ""


class Procedures:
    """Requests between the receiver and their execution.

    Args:
        security: of the telecommands; it holds the keys.
        packets: the mission's packets.
        judge: says which request a packet is.
    """

    def __init__(self, security: LinkSecurity, packets: PacketProfile, judge: Judge) -> None:
        self._security = security
        self._packets = packets
        self._judge = judge
        self._waiting: list[WaitingProcedure] = []

    def take_out(self, packets: tuple[bytes, ...], carrier_spi: int | None) -> list[bytes]:
        """Keep the requests among packets, and return the others; and what is no request that can be read."""
        others = []
        for packet in packets:
            found = None if carrier_spi is None else self._read(packet, carrier_spi)
            if found is None:
                others.append(packet)
            else:
                self._waiting.append(found)
        return others

    def take_all(self) -> tuple[list[WaitingProcedure], list[WaitingProcedure]]:
        """The requests to execute now, oldest first, and those that are too many; none waits any more."""
        waiting, self._waiting = self._waiting, []
        return waiting[:MAX_WAITING_PROCEDURES], waiting[MAX_WAITING_PROCEDURES:]

    def execute(self, waiting: WaitingProcedure, now_ns: int) -> ExecutedProcedure:
        """Execute a request and store what it changes; it never raises."""
        try:
            outcome = self._security.receive(waiting.unit, waiting.carrier_spi, now_ns)
        except FlightSoftwareError as error:
            refused = Refused(f"executed, but not stored: {error}", FailureCode.DEVICE_FAILED)
            return ExecutedProcedure(refused=refused)
        if outcome.refusal is not None:
            return ExecutedProcedure(refused=Refused(outcome.reason, FailureCode.BAD_ARGUMENT))
        return ExecutedProcedure(outcome.reply, changed_keys=_changed_keys(outcome))

    def _read(self, packet: bytes, carrier_spi: int) -> WaitingProcedure | None:
        """The request that a packet is, None if it is none that can be read: whoever judges packets says why."""
        if not self._is_procedure(packet):
            return None
        judged = self._judge.judge(packet)
        command = None if isinstance(judged.verdict, Rejection) else judged.verdict.command
        if not isinstance(command, SecurityProcedure):
            return None
        return WaitingProcedure(judged.request, judged.origin, command.unit, carrier_spi)

    def _is_procedure(self, packet: bytes) -> bool:
        try:
            call = self._packets.read_command(packet).call
        except ProtocolError:
            return False
        if not isinstance(call, FunctionCall):
            return False
        entry = self._packets.dictionary.command_by_id(call.apid, call.function)
        return entry is not None and entry.record is SecurityProcedure


def _changed_keys(outcome: Outcome) -> str:
    return outcome.procedure.name if outcome.keys_changed and outcome.procedure is not None else ""
