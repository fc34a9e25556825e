"""What travels between the ports of one process and the simulator in another: msgpack arrays, one per message."""

from __future__ import annotations

from enum import IntEnum, unique

import msgspec


@unique
class RequestKind(IntEnum):
    """What a port asks of the simulator."""

    TRANSFER = 1
    """Octets to a device; the reply holds its answer."""
    UPLINK = 2
    """A transmission from the ground."""
    DOWNLINK = 3
    """What has come down to the ground."""


@unique
class Outcome(IntEnum):
    """How the simulator served a request."""

    DONE = 0
    NAK = 1
    UNKNOWN_PORT = 2


class PortRequest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One request.

    Attributes:
        sequence: 32 bits, one more than that of the request before; the reply repeats it.
        kind: what is asked.
        port: name of the port.
        data: octets for the device or the antenna.
    """

    sequence: int
    kind: RequestKind
    port: str
    data: bytes = b""


class PortReply(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The reply to one request.

    Attributes:
        sequence: that of the request.
        outcome: how it was served.
        data: the device's answer (one item, or none when it stays silent), or the frames that came down.
    """

    sequence: int
    outcome: Outcome
    data: list[bytes] = []


encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(PortRequest).decode
decode_reply = msgspec.msgpack.Decoder(PortReply).decode
