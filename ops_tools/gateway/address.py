"""Where the gateway sends to and listens."""

from __future__ import annotations

import ipaddress
import socket

import msgspec

from ops_tools.gateway.errors import GatewayError

LOOPBACK = "127.0.0.1"
MAX_PORT = 65_535


class Address(msgspec.Struct, frozen=True):
    """A host, as name or number, and a port; where something listens, port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but programs of this computer can be there; a name other than localhost may be anywhere."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class SocketAddress(msgspec.Struct, frozen=True):
    """An address as the operating system wants it."""

    family: socket.AddressFamily
    address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


def resolve(address: Address, kind: socket.SocketKind) -> SocketAddress:
    """Look an address up.

    Raises:
        GatewayError: nobody knows the host.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=kind)
    except OSError as error:
        raise GatewayError(f"{address}: {error.strerror}") from error
    except UnicodeError as error:  # not even a name that could be asked for
        raise GatewayError(f"{address}: {error}") from error
    family, _, _, _, where = found[0]
    return SocketAddress(family, where)
