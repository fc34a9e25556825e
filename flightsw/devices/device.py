"""What all drivers share: one transaction at a time, checked, counted and, where it does no harm, repeated."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from flightsw.devices.errors import CorruptReplyError, NoReplyError, RefusedError
from flightsw.devices.framing import Operation, Status, pack_request, unpack_reply
from flightsw.devices.wires import Wire
from flightsw.hal.errors import NakError, PortTimeoutError
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError

RequestType = TypeVar("RequestType", bound=Record)
ReplyType = TypeVar("ReplyType", bound=Record)

MAX_RETRIES = 2
"""How often an idempotent request is repeated when there was no reply or a corrupt one."""

MAX_STALE_REPLIES = 4
"""Late replies to earlier requests that one transaction skips."""

_STATUSES = {status.value: status for status in Status}


class Counters(msgspec.Struct):
    """What a driver has seen since it was made.

    Attributes:
        transactions: requests asked for, without retries.
        retries: repeated requests.
        timeouts: attempts without a reply, a missing acknowledgement included.
        corrupt: attempts with a reply that cannot be trusted.
        stale: replies to an earlier request, skipped.
        refused: requests that the device refused.
        failures: requests that ended without a valid reply, after all retries.
    """

    transactions: int = 0
    retries: int = 0
    timeouts: int = 0
    corrupt: int = 0
    stale: int = 0
    refused: int = 0
    failures: int = 0


class DeviceState(msgspec.Struct):
    """The memory of a driver.

    Attributes:
        sequence: of the last attempt, 0 to 255.
        counters: what it has seen.
    """

    sequence: int = 0
    counters: Counters = msgspec.field(default_factory=Counters)


class Device:
    """One device on one wire.

    Attributes:
        name: as it appears in errors and events.
        state: sequence and counters.
    """

    def __init__(self, name: str, wire: Wire) -> None:
        self.name = name
        self.state = DeviceState()
        self._wire = wire

    @property
    def counters(self) -> Counters:
        """What this driver has seen."""
        return self.state.counters

    def request(self, operation: Operation[RequestType, ReplyType], message: RequestType) -> ReplyType:
        """Ask the device and return its checked reply.

        Raises:
            NoReplyError: it stayed silent, also when asked again.
            CorruptReplyError: its replies could not be trusted, also when asked again.
            RefusedError: it refused.
            ProtocolError: ``message`` does not fit its definition; nothing was sent.
            PortClosedError: the port was closed.
        """
        payload = operation.encode(message)
        counters = self.state.counters
        counters.transactions += 1
        retries_left = MAX_RETRIES if operation.idempotent else 0
        while True:
            try:
                return self._attempt(operation, payload)
            except (NoReplyError, CorruptReplyError):
                self._wire.flush()
                if not retries_left:
                    counters.failures += 1
                    raise
            retries_left -= 1
            counters.retries += 1

    def _attempt(self, operation: Operation[RequestType, ReplyType], payload: bytes) -> ReplyType:
        state = self.state
        state.sequence = (state.sequence + 1) & 0xFF
        status, content = self._reply_to(operation, pack_request(operation.opcode, state.sequence, payload))
        if status:
            state.counters.refused += 1
            raise RefusedError(self.name, operation.opcode, _STATUSES[status])
        try:
            reply = operation.decode(content)
            if operation.check is not None:
                operation.check(reply)
        except ProtocolError as error:
            raise self._corrupt(operation.opcode, str(error)) from error
        return reply

    def _reply_to(self, operation: Operation[RequestType, ReplyType], request: bytes) -> tuple[int, bytes]:
        """Status and payload of the reply to the request just numbered."""
        state, expected = self.state, operation.opcode
        try:
            self._wire.send(request)
            for _ in range(1 + MAX_STALE_REPLIES):
                data = self._wire.receive(operation.most_octets)
                if not data:
                    break
                opcode, sequence, status, content = unpack_reply(data)
                if opcode == expected and sequence == state.sequence:
                    if status not in _STATUSES or (status and content):
                        raise self._corrupt(expected, f"status {status} with {len(content)} octets")
                    return status, content
                state.counters.stale += 1
        except ProtocolError as error:
            raise self._corrupt(expected, str(error)) from error
        except (NakError, PortTimeoutError) as error:
            state.counters.timeouts += 1
            raise NoReplyError(self.name, expected) from error
        state.counters.timeouts += 1
        raise NoReplyError(self.name, expected)

    def _corrupt(self, opcode: int, problem: str) -> CorruptReplyError:
        self.state.counters.corrupt += 1
        return CorruptReplyError(self.name, opcode, problem)
