"""The ground's end of the space link: command packets up as TC frames, TM frames down as packets.

Each of the spacecraft's radios has a port of its own, which takes and gives whole frames
(`ops_tools.ground.station_radio` makes bits of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from flightsw.hal.errors import PortError
from flightsw.hal.ports import MAX_FRAMES_PER_RECEIVE
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import StoreError
from ops_tools.ground.errors import LinkDownError
from ops_tools.ground.station_radio import CodingFigures, StationRadio
from tlm_cmd.cop1.fop_variables import FopStatus
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.downlink_receiver import DownlinkReceiver
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.sdls.security_report import FrameSecurityReport

RECORDED_CHANNEL = "recorded"
"""Name of the virtual channels on which the spacecraft plays back what it has recorded."""
MAX_RECEIVES_PER_POLL = 64
"""Most calls of each port in one poll: 4096 frames; the rest comes with the next poll."""
ACCEPTANCES_PER_SAVE = 1000
"""Telemetry frames that could be replayed to a ground that starts again."""


class FramePort(Protocol):
    """One radio of a station, with its baseband."""

    def send(self, frame: bytes, /) -> None:
        """Radiate one frame."""
        ...

    def receive(self) -> list[bytes]:
        """Frames that have come down since the last call, oldest first."""
        ...


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A packet that came down, and whether it was recorded on board instead of sent at once."""

    packet: bytes
    recorded: bool


class GroundLinkCounters(msgspec.Struct):
    """What went through the ports. What became of it, decoders and receivers count by reason."""

    frames_up: int = 0
    octets_up: int = 0
    frames_down: int = 0
    octets_down: int = 0
    packets_down: int = 0
    port_errors: int = 0
    """Times a port could not do what was asked."""
    security_errors: int = 0
    """Times the memory of the security could not be written; without it nothing is protected in the end."""
    polls_cut_short: int = 0
    """Polls that ended with something still waiting at a port."""


class GroundLinkStatus(msgspec.Struct, frozen=True):
    """The link at a glance.

    Attributes:
        frames_up, frames_down: through the ports.
        frames_accepted: whole, genuine, of this spacecraft and a known virtual channel.
        frames_lost: missing by the counts of the virtual channels that carry packets.
        frames_refused: by reason.
        packets_down: of the accepted ones.
        octets_up, octets_down: of these frames.
        port_errors: times a port could not do what was asked.
        last_port_error: in words.
        clcw: what the spacecraft's command receiver last reported.
        coding: what the codes of the downlinks have done.
        cop1: state of the sequence control, None if the link has none or this ground only listens.
        authenticated: whether commands are.
        security_report: what the spacecraft's security last reported, None before.
    """

    frames_up: int
    frames_down: int
    frames_accepted: int
    frames_lost: int
    frames_refused: dict[str, int]
    packets_down: int
    octets_up: int
    octets_down: int
    port_errors: int
    last_port_error: str
    clcw: Clcw | None
    coding: CodingFigures
    cop1: FopStatus | None
    authenticated: bool
    security_report: FrameSecurityReport | None


class RadioDownlink:
    """One of the spacecraft's transmitters as the ground hears it.

    Attributes:
        port: the radio that hears it.
        receiver: reads them.
        recorded: virtual channels on which recordings are played back.
    """

    def __init__(self, parameters: LinkParameters, port: FramePort, security: LinkSecurity | None) -> None:
        self.port = port
        is_protected = parameters.telemetry_security is not None
        self.receiver = DownlinkReceiver(parameters, security.frames if security is not None and is_protected else None)
        self.recorded = frozenset(
            channel.number for channel in parameters.virtual_channels if channel.name == RECORDED_CHANNEL
        )


class GroundLink:
    """Speaks with a spacecraft. Corrupt frames are counted by reason; receiving never raises.

    The reports of the command receiver are taken from the command link's own downlink alone, though each transmitter
    carries them: by two ways one would overtake the other, and FOP-1 takes an older report for a fault.

    Args:
        parameters: of the link that takes commands.
        port: the radio that sends them, and hears the spacecraft's answer.
        more_downlinks: further transmitters of the spacecraft, each with the radio that hears it.
        security: of the ground's end, if any of the links is protected.
        stations: what codes and decodes, for the figures.
        listens_only: whether somebody else commands the spacecraft. Two who send on one virtual channel would each see
            frames acknowledged that they have not sent (CCSDS 232.1-B-2), so nothing is sent then, commands or not.

    Attributes:
        uplink: makes frames of packets.
        listens_only: as it was given.
        downlinks: one for each transmitter, the one of the command link first.
        counters: what went through the ports.
        clcw: what the spacecraft's command receiver last reported.
        last_port_error: in words, empty when there was none.

    Raises:
        WrongValueError: a link is protected and there is no security.
    """

    def __init__(
        self,
        parameters: LinkParameters,
        port: FramePort,
        more_downlinks: Sequence[tuple[LinkParameters, FramePort]] = (),
        security: LinkSecurity | None = None,
        stations: Sequence[StationRadio] = (),
        *,
        listens_only: bool = False,
    ) -> None:
        self.parameters = parameters
        self.listens_only = listens_only
        self._stations = tuple(stations)
        self._security = security
        is_protected = parameters.telecommand_security is not None
        self.uplink = UplinkSender(parameters, security.frames if security is not None and is_protected else None)
        self.downlinks = tuple(RadioDownlink(*each, security) for each in ((parameters, port), *more_downlinks))
        self.counters = GroundLinkCounters()
        self.clcw: Clcw | None = None
        self.last_port_error = ""
        self._port = port

    @property
    def frames_accepted(self) -> int:
        """Frames that came down whole, of this spacecraft and a known virtual channel."""
        return sum(downlink.receiver.state.counters.accepted for downlink in self.downlinks)

    @property
    def frames_lost(self) -> int:
        """Frames missing by the counts of the virtual channels that carry packets."""
        return sum(
            downlink.receiver.state.extractors[channel.number].counters.lost_frames
            for downlink in self.downlinks
            for channel in downlink.receiver.parameters.virtual_channels
        )

    @property
    def frames_refused(self) -> dict[str, int]:
        """Frames refused, by reason; reasons that never occurred are left out."""
        refused: dict[str, int] = {}
        for downlink in self.downlinks:
            for reason in FrameRefusal:
                count = downlink.receiver.state.counters.refused.of(reason)
                if count:
                    refused[reason.value] = refused.get(reason.value, 0) + count
        return refused

    @property
    def coding(self) -> CodingFigures:
        """What the codes of the downlinks have done."""
        total = CodingFigures()
        for station in self._stations:
            total += station.figures
        return total

    @property
    def authenticated(self) -> bool:
        """Whether the spacecraft can tell our commands from those of anybody else."""
        return self.parameters.telecommand_security is not None

    def send(self, packet: bytes, now_ns: int) -> None:
        """Send one packet up; with sequence control it is repeated until it arrives, and nothing is raised for a port.

        Raises:
            ProtocolError: the octets are no packet, or one too long for the link; nothing was radiated.
            LinkDownError: there is no sequence control, and the port did not take a frame; or this ground only listens.
        """
        self.send_together([packet], now_ns)

    @property
    def free_frames(self) -> int | None:
        """Frames that would leave at once; None if nothing but the radio limits them."""
        return self.uplink.free_units

    @property
    def frame_data_octets(self) -> int:
        """Octets of packets in one frame."""
        return self.parameters.max_tc_data_octets

    def check_commander(self) -> None:
        """Make sure that this ground commands the spacecraft.

        Raises:
            LinkDownError: it only listens.
        """
        if self.listens_only:
            raise LinkDownError("this ground only listens: the spacecraft is commanded through the gateway")

    def send_together(self, packets: Sequence[bytes], now_ns: int) -> None:
        """Send packets up, as many as fit in each frame; else as `send`.

        Raises:
            ProtocolError: the octets are no packets, or one is too long for the link; nothing was radiated.
            LinkDownError: there is no sequence control, and the port did not take a frame; or this ground only listens.
        """
        self.check_commander()
        self._prepare()
        frames = self.uplink.send_all(packets, now_ns)
        if self.parameters.cop1 is None:
            self._radiate(frames)
        else:
            self._release(frames)

    def send_unchecked(self, octets: bytes, now_ns: int) -> None:
        """Send octets up as they are, in one frame out of sequence, even if they are no packet.

        Raises:
            ProtocolError: none, or more than one frame can hold; nothing was radiated.
            LinkDownError: the port did not take the frame, or this ground only listens.
        """
        self.check_commander()
        self._prepare()
        self._radiate(self.uplink.send_unchecked(octets, now_ns))

    def poll(self, now_ns: int) -> list[Arrival]:
        """Take what has come down and return its packets, oldest first for each radio."""
        self._prepare()
        packets: list[Arrival] = []
        for downlink in self.downlinks:
            self._poll(downlink, packets, now_ns)
        if not self.listens_only:
            self._release(self.uplink.poll(now_ns))
        return packets

    def status(self) -> GroundLinkStatus:
        """The link at a glance."""
        counters = self.counters
        return GroundLinkStatus(
            frames_up=counters.frames_up,
            frames_down=counters.frames_down,
            frames_accepted=self.frames_accepted,
            frames_lost=self.frames_lost,
            frames_refused=self.frames_refused,
            packets_down=counters.packets_down,
            octets_up=counters.octets_up,
            octets_down=counters.octets_down,
            port_errors=counters.port_errors,
            last_port_error=self.last_port_error,
            clcw=self.clcw,
            coding=self.coding,
            cop1=None if self.listens_only else self.uplink.cop1_status,
            authenticated=self.authenticated,
            security_report=self.downlinks[0].receiver.state.newest_security_report,
        )

    def _poll(self, downlink: RadioDownlink, packets: list[Arrival], now_ns: int) -> None:
        for _ in range(MAX_RECEIVES_PER_POLL):
            frames = self._receive(downlink.port)
            for frame in frames:
                self._take(downlink, frame, packets, now_ns)
            if len(frames) < MAX_FRAMES_PER_RECEIVE:
                return
        self.counters.polls_cut_short += 1

    def _receive(self, port: FramePort) -> list[bytes]:
        try:
            return port.receive()
        except PortError as error:
            self._port_failed(error)
            return []

    def _take(self, downlink: RadioDownlink, frame: bytes, packets: list[Arrival], now_ns: int) -> None:
        counters = self.counters
        counters.frames_down += 1
        counters.octets_down += len(frame)
        result = downlink.receiver.receive(frame, now_ns)
        if result.packets:
            counters.packets_down += len(result.packets)
            packets.extend(Arrival(packet, channel in downlink.recorded) for channel, packet in result.packets)
        if result.clcw is not None and downlink is self.downlinks[0]:
            self.clcw = result.clcw
            if not self.listens_only:
                self._release(self.uplink.on_clcw(result.clcw, now_ns))

    def _prepare(self) -> None:
        """Have numbers for the protection of what may go up, and remember what came down."""
        security = self._security
        if security is None:
            return
        try:
            security.prepare()
            if security.frames.unsaved_acceptances >= ACCEPTANCES_PER_SAVE:
                security.keep()
        except (StoreError, PortError) as error:
            self.counters.security_errors += 1
            self.last_port_error = str(error)

    def _release(self, frames: list[bytes]) -> None:
        """Radiate frames that nobody waits for: if the port refuses, the refusal is counted."""
        if frames:
            try:
                self._radiate(frames)
            except LinkDownError:
                return

    def _radiate(self, frames: list[bytes]) -> None:
        for frame in frames:
            try:
                self._port.send(frame)
            except PortError as error:
                self._port_failed(error)
                raise LinkDownError(str(error)) from error
            self.counters.frames_up += 1
            self.counters.octets_up += len(frame)

    def _port_failed(self, error: PortError) -> None:
        self.counters.port_errors += 1
        self.last_port_error = str(error)
