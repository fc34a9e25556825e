"""Connects a mission control system, a ground station or a test bench of others to the spacecraft's radios."""

from __future__ import annotations

import msgspec

from ops_tools.gateway.address import Address
from ops_tools.gateway.datagrams import (
    DatagramInlet,
    DatagramInletCounters,
    DatagramOutlet,
    DatagramOutletCounters,
)
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.frame_form import BareFrames, FrameForm
from ops_tools.gateway.protection import ProtectedCommands, ProtectionCounters
from ops_tools.gateway.radio import GatewayRadio, Inlet, Outlet, RadiateCounters
from ops_tools.gateway.streams import StreamCounters, StreamServer
from ops_tools.ground.link import FramePort
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.sdls.frame_security import FrameSecurity


class TelemetryTarget(msgspec.Struct, frozen=True):
    """Frames of one radio go to one address."""

    radio: str
    address: Address


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who is connected, and how.

    Attributes:
        telemetry: where the frames of each radio go as datagrams.
        commands: where frames to be radiated come in as datagrams.
        streams: where clients of TCP streams connect; they get the frames of the command radio.
        protects: whether frames are handed in open, and protected here.
    """

    telemetry: tuple[TelemetryTarget, ...] = ()
    commands: tuple[Address, ...] = ()
    streams: tuple[Address, ...] = ()
    protects: bool = False

    @property
    def exposed(self) -> tuple[Address, ...]:
        """Where others than programs of this computer may send commands."""
        return tuple(address for address in (*self.commands, *self.streams) if not address.is_loopback)


class GatewayStatus(msgspec.Struct, frozen=True):
    """What has gone through, by radio or address; and what was protected, if anything is."""

    telemetry: dict[str, DatagramOutletCounters]
    commands: dict[str, DatagramInletCounters]
    streams: dict[str, StreamCounters]
    radiated: RadiateCounters
    protection: ProtectionCounters | None = None


class Gateway:
    """Hands out what comes down, and radiates what is handed in.

    Args:
        settings: who is connected.
        radios: names of the station's radios, the one that takes commands first.
        form: how frames look outside.

    Attributes:
        settings: as they were given.
        counters: what was radiated.

    Raises:
        GatewayError: an address cannot be used, or there is no such radio.
    """

    def __init__(self, settings: GatewaySettings, radios: tuple[str, ...], form: FrameForm | None = None) -> None:
        for target in settings.telemetry:
            if target.radio not in radios:
                raise GatewayError(f"there is no radio {target.radio!r}, only {', '.join(radios)}")
        self.settings = settings
        self.counters = RadiateCounters()
        self._command_radio = radios[0]
        self._form = form or BareFrames()
        self._protection: ProtectedCommands | None = None
        self._telemetry: list[tuple[TelemetryTarget, DatagramOutlet]] = []
        self._commands: list[DatagramInlet] = []
        self._streams: list[StreamServer] = []
        try:
            self._open()
        except GatewayError:
            self.close()
            raise

    def _open(self) -> None:
        settings = self.settings
        for target in settings.telemetry:
            self._telemetry.append((target, DatagramOutlet(target.address)))
        for address in settings.commands:
            self._commands.append(DatagramInlet(address))
        for address in settings.streams:
            self._streams.append(StreamServer(address, self._form))

    @property
    def commands(self) -> tuple[Address, ...]:
        """Where commands are taken as datagrams; a port that was asked for as 0 is the one that was found."""
        return tuple(inlet.address for inlet in self._commands)

    @property
    def streams(self) -> tuple[Address, ...]:
        """Where TCP clients connect; a port that was asked for as 0 is the one that was found."""
        return tuple(server.address for server in self._streams)

    def protect(self, parameters: LinkParameters, security: FrameSecurity) -> None:
        """Protect what is handed in from now on; to be called before `radio`.

        Args:
            parameters: of the command link.
            security: of the ground's end of it, which somebody else saves.

        Raises:
            GatewayError: the link is not protected.
        """
        self._form = self._protection = ProtectedCommands(parameters, security)

    def radio(self, name: str, port: FramePort) -> GatewayRadio:
        """A radio of the station that others use as well."""
        outlets: list[Outlet] = [outlet for target, outlet in self._telemetry if target.radio == name]
        inlets: list[Inlet] = []
        if name == self._command_radio:
            outlets += self._streams
            inlets += [*self._commands, *self._streams]
        return GatewayRadio(port, outlets, inlets, self._form, self.counters)

    def status(self) -> GatewayStatus:
        """What has gone through."""
        return GatewayStatus(
            {f"{target.radio}={target.address}": outlet.counters for target, outlet in self._telemetry},
            {str(inlet.address): inlet.counters for inlet in self._commands},
            {str(server.address): server.counters for server in self._streams},
            self.counters,
            None if self._protection is None else self._protection.counters,
        )

    def describe(self) -> str:
        """In one line, where everything goes and comes from."""
        parts = [f"{target.radio} frames to udp {target.address}" for target in self.settings.telemetry]
        parts += [f"commands from udp {address}" for address in self.commands]
        parts += [f"both on tcp {address}" for address in self.streams]
        if self._protection is not None:
            parts.append("commands are protected here")
        return ", ".join(parts)

    def close(self) -> None:
        """Part from everybody; closing twice is harmless."""
        for _, outlet in self._telemetry:
            outlet.close()
        for inlet in self._commands:
            inlet.close()
        for server in self._streams:
            server.close()
