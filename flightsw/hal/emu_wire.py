"""What travels between the ports of one process and the simulator in another, and what both ends count.

A message is one msgpack array.
"""

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


class LinkState(msgspec.Struct):
    """How a client's link to the simulator is doing.

    Attributes:
        sequence: of the last request.
        requests: sent to the simulator.
        timeouts: requests without a reply in time.
        stale: replies discarded because they belong to another request, or to none.
    """

    sequence: int = 0
    requests: int = 0
    timeouts: int = 0
    stale: int = 0


class ServerState(msgspec.Struct):
    """What a server has seen.

    Attributes:
        requests: served, whatever the outcome.
        naks: among them, not acknowledged by the device.
        unknown_ports: among them, for a port that does not exist.
        malformed: messages that are no requests; dropped.
        undeliverable: replies whose client was gone or did not read; dropped.
    """

    requests: int = 0
    naks: int = 0
    unknown_ports: int = 0
    malformed: int = 0
    undeliverable: int = 0


encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(PortRequest).decode
decode_reply = msgspec.msgpack.Decoder(PortReply).decode
