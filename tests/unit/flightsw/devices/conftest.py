"""A device that answers as it is told, for the tests of the drivers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flightsw.devices.framing import Operation, Status, pack_reply, unpack_request
from flightsw.hal.errors import PortTimeoutError
from flightsw.hal.sim import SimI2c, SimUart
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Record

ANY_ADDRESS = tuple(range(0x08, 0x78))


class Responder:
    """Answers each operation with a reply, a status, or what a call makes of the request.

    Attributes:
        requests: what was asked, decoded.
        raw: the octets of the requests.
        spoil: changes the octets of each reply on their way; None stays silent, an error is raised.
    """

    def __init__(self, answers: dict[Operation[Any, Any], object]) -> None:
        self.answers = {operation.opcode: (operation, answer) for operation, answer in answers.items()}
        self.requests: list[Record] = []
        self.raw: list[bytes] = []
        self.spoil: Callable[[bytes], bytes | None] = lambda reply: reply

    def receive(self, data: bytes) -> bytes:
        """The answer to a request."""
        self.raw.append(data)
        opcode, sequence, payload = unpack_request(data)
        operation, answer = self.answers[opcode]
        request = codec_of(operation.request).decode(payload)
        self.requests.append(request)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Status):
            reply = pack_reply(opcode, sequence, answer, b"")
        else:
            reply = pack_reply(opcode, sequence, Status.DONE, codec_of(operation.reply).encode(answer))
        return self.spoil(reply) or b""

    def uart(self) -> SimUart:
        """A serial line to this device."""
        return SimUart(self)

    def i2c(self) -> SimI2c:
        """A bus with this device at every address."""
        return SimI2c(dict.fromkeys(ANY_ADDRESS, self))

    def time_out(self, _reply: bytes) -> bytes:
        """For ``spoil``: the line itself fails."""
        raise PortTimeoutError("line", 1.0)


@pytest.fixture
def responder() -> type[Responder]:
    """The class of devices that answer as they are told."""
    return Responder
