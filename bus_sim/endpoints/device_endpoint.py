"""What all simulated devices share: a request is checked, answered by a model, and packed as a reply."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from bus_sim.errors import BusSimError
from flightsw.devices.framing import Operation, Status, pack_reply, unpack_request
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.compiler import EncodeFunction, compile_encoder
from tlm_cmd.definition.layout import FieldLayout, RecordLayout, layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError

RequestType = TypeVar("RequestType", bound=Record)
ReplyType = TypeVar("ReplyType", bound=Record)


class Refusal(BusSimError):  # noqa: N818 - an answer, not a fault
    """Raised by a device's answer to refuse the request.

    Attributes:
        status: what the reply says.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(f"refused: {status.name}")
        self.status = status


class EndpointState(msgspec.Struct):
    """The memory of a device's interface: what it has seen on its wire.

    Attributes:
        requests: that were whole.
        refused: among them, answered with another status than DONE.
        damaged: that had a wrong length or CRC; left unanswered.
        unpowered: that came while the device had no power; left unanswered.
    """

    requests: int = 0
    refused: int = 0
    damaged: int = 0
    unpowered: int = 0


class DeviceEndpoint:
    """The far end of one device's wire.

    Attributes:
        state: what has come in.
    """

    def __init__(self, is_powered: Callable[[], bool] | None = None) -> None:
        self.state = EndpointState()
        self._is_powered = is_powered
        self._answers: dict[int, tuple[Callable[[bytes], Any], Callable[[Any], Any], EncodeFunction]] = {}

    def answer(self, operation: Operation[RequestType, ReplyType], with_: Callable[[RequestType], ReplyType]) -> None:
        """Answer ``operation`` with the result of a call, which raises Refusal to refuse."""
        decode = codec_of(operation.request).decode
        self._answers[operation.opcode] = (decode, with_, measured_encoder(operation.reply))

    def receive(self, data: bytes) -> bytes:
        """What the device answers to a request; nothing when it has no power or the request is damaged."""
        state = self.state
        if self._is_powered is not None and not self._is_powered():
            state.unpowered += 1
            return b""
        try:
            opcode, sequence, payload = unpack_request(data)
        except ProtocolError:
            state.damaged += 1
            return b""
        state.requests += 1
        known = self._answers.get(opcode)
        if known is None:
            return self._refuse(opcode, sequence, Status.UNKNOWN_REQUEST)
        decode, answer, encode = known
        try:
            message = decode(payload)
        except ProtocolError:
            return self._refuse(opcode, sequence, Status.BAD_PAYLOAD)
        try:
            reply = answer(message)
        except Refusal as refusal:
            return self._refuse(opcode, sequence, refusal.status)
        return pack_reply(opcode, sequence, Status.DONE, encode(reply))

    def _refuse(self, opcode: int, sequence: int, status: Status) -> bytes:
        self.state.refused += 1
        return pack_reply(opcode, sequence, status, b"")


@cache
def measured_encoder(record: type[Record]) -> EncodeFunction:
    """An encoder that lets everything through that a device could say, values outside their range and NaN included.

    The ranges of a reply are the driver's to check: a broken sensor does not know that its value is impossible.
    """
    return compile_encoder(_without_ranges(layout_of(record)))


def _without_ranges(layout: RecordLayout) -> RecordLayout:
    return RecordLayout(layout.python_class, tuple(_unbounded(field) for field in layout.fields))


def _unbounded(field: FieldLayout) -> FieldLayout:
    return msgspec.structs.replace(
        field,
        allowed=None,
        item=None if field.item is None else _unbounded(field.item),
        record=None if field.record is None else _without_ranges(field.record),
    )
