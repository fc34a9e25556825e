"""Which process of a mission lives on which computer, and where the others reach it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec

from flightsw.errors import FlightSoftwareError

DEFAULT_FIRST_PORT = 5600

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
IpAddress = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f.:]{2,45}$")]


class HostEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One computer.

    Attributes:
        address: where the others reach it, IPv4 or IPv6.
        first_port: port of the mission's first process if it lives here; the next ones follow.
    """

    address: IpAddress
    first_port: Annotated[int, msgspec.Meta(ge=1024, le=65_000)] = DEFAULT_FIRST_PORT


class ProcessEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One process.

    Attributes:
        host: the computer it lives on.
    """

    host: Name


class ComputersError(FlightSoftwareError):
    """A process, or a computer, that the mission does not have; names those that there are."""


class Computers:
    """The computers of a mission.

    Args:
        hosts: the computers by name; none when there is one only, which needs no name.
        placed: where processes live; one that is not named lives on the first computer.
        processes: all processes, in mission order.

    Raises:
        ComputersError: a process or a computer that there is not.
    """

    def __init__(
        self, hosts: Mapping[str, HostEntry], placed: Mapping[str, ProcessEntry], processes: Iterable[str]
    ) -> None:
        self._hosts = dict(hosts)
        self._processes = tuple(processes)
        for process, entry in placed.items():
            if process not in self._processes:
                raise ComputersError(f"processes.{process}: no app lives there, there is {', '.join(self._processes)}")
            self._check(f"processes.{process}.host", entry.host)
        first = next(iter(self._hosts), "")
        self._host_of = {process: placed[process].host if process in placed else first for process in self._processes}

    @property
    def names(self) -> tuple[str, ...]:
        """All computers, in mission order."""
        return tuple(self._hosts)

    def host_of(self, process: str) -> str:
        """Where a process lives; empty when the mission has one computer only."""
        return self._host_of[process]

    def processes_on(self, host: str) -> tuple[str, ...]:
        """The processes of one computer, or all of them when no computer is named.

        Raises:
            ComputersError: there is no such computer.
        """
        if not host:
            return self._processes
        self._check("host", host)
        return tuple(process for process in self._processes if self._host_of[process] == host)

    def address_of(self, process: str) -> str:
        """``tcp://ADDRESS:PORT`` at which other computers reach a process."""
        host = self._hosts[self._host_of[process]]
        address = f"[{host.address}]" if ":" in host.address else host.address
        return f"tcp://{address}:{host.first_port + self._processes.index(process)}"

    def far_from(self, host: str) -> tuple[str, ...]:
        """The processes on other computers; none when no computer is named."""
        return tuple(process for process in self._processes if host and self._host_of[process] != host)

    def _check(self, where: str, host: str) -> None:
        if host not in self._hosts:
            raise ComputersError(f"{where}: no computer {host!r}, there is {', '.join(self._hosts) or 'none'}")
