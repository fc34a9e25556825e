"""How all our devices are asked and answer, octet by octet.

======== =========================================================================
request  ``opcode`` U8, ``sequence`` U8, ``length`` U16, payload, CRC-16
reply    ``opcode`` U8, ``sequence`` U8, ``status`` U8, ``length`` U16, payload, CRC-16
======== =========================================================================

Big-endian. The CRC covers everything before it (CCITT-FALSE, the one of CCSDS 132.0-B-3). A reply repeats opcode and
sequence of its request; one that refuses has no payload. A device that receives a damaged request stays silent.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, unique
from struct import Struct
from typing import Generic, TypeVar

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ChecksumError, LengthMismatchError, TooShortError
from tlm_cmd.packets.crc import CRC_OCTETS, crc16

RequestType = TypeVar("RequestType", bound=Record)
ReplyType = TypeVar("ReplyType", bound=Record)

_REQUEST = Struct(">BBH")
_REPLY = Struct(">BBBH")

REQUEST_OVERHEAD = _REQUEST.size + CRC_OCTETS
"""Octets around the payload of a request."""

REPLY_HEADER_OCTETS = _REPLY.size
"""Octets in front of the payload of a reply."""

REPLY_OVERHEAD = _REPLY.size + CRC_OCTETS
"""Octets around the payload of a reply."""


@unique
class Status(IntEnum):
    """What a device says to a request."""

    DONE = 0
    UNKNOWN_REQUEST = 1
    """The device has no such opcode."""
    BAD_PAYLOAD = 2
    """The payload does not have the form of this request."""
    OUT_OF_RANGE = 3
    """A value that this device does not have or allow: a line, a sensor, an offset."""
    BUSY = 4
    """Still occupied with an earlier request; ask again."""
    FULL = 5
    """No room: a queue or the memory is full."""
    NOT_FOUND = 6
    """No file of this name."""
    WRONG_STATE = 7
    """Not in this state of the device: switched off, standby, no job."""
    FAULT = 8
    """The device found itself broken."""


class Nothing(Record):
    """The payload of requests and replies that have nothing to say."""


NOTHING = Nothing()


class Operation(Generic[RequestType, ReplyType]):
    """One thing that a device can be asked to do, known to its driver and to whoever simulates it.

    Attributes:
        opcode: 0 to 255, unique within the device.
        request: class of the request's payload.
        reply: class of the reply's payload.
        idempotent: whether asking twice does the same as asking once, so that a lost reply may be asked for again.
        check: refuses a reply whose values cannot be, beyond what its class refuses; raises ProtocolError.
        encode: the request's payload.
        decode: the reply's payload.
        most_octets: longest payload of a reply.
    """

    def __init__(
        self,
        opcode: int,
        request: type[RequestType],
        reply: type[ReplyType],
        *,
        idempotent: bool = True,
        check: Callable[[ReplyType], None] | None = None,
    ) -> None:
        self.opcode = opcode
        self.request = request
        self.reply = reply
        self.idempotent = idempotent
        self.check = check
        self.encode: Callable[[RequestType], bytes] = codec_of(request).encode
        self.decode: Callable[[bytes], ReplyType] = codec_of(reply).decode
        _, self.most_octets = layout_of(reply).octet_bounds


def pack_request(opcode: int, sequence: int, payload: bytes) -> bytes:
    """The octets of a request."""
    body = _REQUEST.pack(opcode, sequence, len(payload)) + payload
    return body + crc16(body).to_bytes(2, "big")


def unpack_request(data: bytes) -> tuple[int, int, bytes]:
    """Opcode, sequence and payload of a request.

    Raises:
        ProtocolError: length or CRC are wrong.
    """
    if len(data) < REQUEST_OVERHEAD:
        raise TooShortError("device request", REQUEST_OVERHEAD, len(data))
    opcode, sequence, length = _REQUEST.unpack_from(data)
    _check("device request", data, length + REQUEST_OVERHEAD)
    return opcode, sequence, data[_REQUEST.size : -CRC_OCTETS]


def pack_reply(opcode: int, sequence: int, status: int, payload: bytes) -> bytes:
    """The octets of a reply."""
    body = _REPLY.pack(opcode, sequence, status, len(payload)) + payload
    return body + crc16(body).to_bytes(2, "big")


def unpack_reply(data: bytes) -> tuple[int, int, int, bytes]:
    """Opcode, sequence, status and payload of a reply.

    Raises:
        ProtocolError: length or CRC are wrong.
    """
    if len(data) < REPLY_OVERHEAD:
        raise TooShortError("device reply", REPLY_OVERHEAD, len(data))
    opcode, sequence, status, length = _REPLY.unpack_from(data)
    _check("device reply", data, length + REPLY_OVERHEAD)
    return opcode, sequence, status, data[_REPLY.size : -CRC_OCTETS]


def payload_length(header: bytes) -> int:
    """Length of the payload that a reply's header, of ``REPLY_HEADER_OCTETS``, announces."""
    return header[3] << 8 | header[4]


def _check(structure: str, data: bytes, expected: int) -> None:
    if len(data) != expected:
        raise LengthMismatchError(structure, expected, len(data))
    if crc16(data):
        found = int.from_bytes(data[-CRC_OCTETS:], "big")
        raise ChecksumError(structure, crc16(data[:-CRC_OCTETS]), found)
