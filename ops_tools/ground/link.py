"""The ground's end of the space link: command packets up as TC frames, TM frames down as packets.

Frames of all radios and virtual channels come down through one port, in the order of their arrival. Each radio has its
own spacecraft id, by which its frames are told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from flightsw.hal.errors import PortError
from flightsw.hal.ports import MAX_FRAMES_PER_RECEIVE
from ops_tools.ground.errors import GroundError, LinkDownError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrame, TcFrameType
from tlm_cmd.frames.tm import MAX_SPACECRAFT_ID
from tlm_cmd.link.downlink_receiver import DownlinkReceiver
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.uplink_sender import UplinkSender

RECORDED_CHANNEL = "recorded"
"""Name of the virtual channels on which the spacecraft plays back what it has recorded."""
MAX_RECEIVES_PER_POLL = 64
"""Most calls of the port in one poll: 4096 frames; the rest comes with the next poll."""


class FramePort(Protocol):
    """What the ground needs of a radio: the part of ``RadioFrequencyPort`` that it uses."""

    def send(self, octets: bytes) -> None:
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
    """What went through the port. What became of received frames, the downlink receiver counts by reason."""

    frames_up: int = 0
    octets_up: int = 0
    frames_down: int = 0
    octets_down: int = 0
    packets_down: int = 0
    port_errors: int = 0
    """Times the port could not do what was asked."""
    polls_cut_short: int = 0
    """Polls that ended with frames still waiting at the port."""


class GroundLinkStatus(msgspec.Struct, frozen=True):
    """The link at a glance."""

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


class GroundLink:
    """Speaks frames with a spacecraft. Corrupt frames are counted by reason; receiving never raises.

    ``parameters`` are those of the link that takes commands, ``more_downlinks`` those of further transmitters.

    Attributes:
        uplink: makes frames of packets.
        downlinks: one receiver for each transmitter, the one of the command link first.
        counters: what went through the port.
        clcw: what the spacecraft's command receiver last reported.
        last_port_error: in words, empty when there was none.

    Raises:
        GroundError: two downlinks have one spacecraft id.
    """

    def __init__(
        self, parameters: LinkParameters, port: FramePort, more_downlinks: Sequence[LinkParameters] = ()
    ) -> None:
        self.parameters = parameters
        self.uplink = UplinkSender(parameters)
        self.downlinks = tuple(DownlinkReceiver(each) for each in (parameters, *more_downlinks))
        self.counters = GroundLinkCounters()
        self.clcw: Clcw | None = None
        self.last_port_error = ""
        self._port = port
        self._by_spacecraft = {receiver.parameters.spacecraft_id: receiver for receiver in self.downlinks}
        if len(self._by_spacecraft) < len(self.downlinks):
            raise GroundError("each downlink needs a spacecraft id of its own, by which its frames are told apart")
        self._recorded = {
            receiver.parameters.spacecraft_id: frozenset(
                channel.number for channel in receiver.parameters.virtual_channels if channel.name == RECORDED_CHANNEL
            )
            for receiver in self.downlinks
        }

    @property
    def frames_accepted(self) -> int:
        """Frames that came down whole, of this spacecraft and a known virtual channel."""
        return sum(receiver.state.counters.accepted for receiver in self.downlinks)

    @property
    def frames_lost(self) -> int:
        """Frames missing by the counts of the virtual channels that carry packets."""
        return sum(
            receiver.state.extractors[channel.number].counters.lost_frames
            for receiver in self.downlinks
            for channel in receiver.parameters.virtual_channels
        )

    @property
    def frames_refused(self) -> dict[str, int]:
        """Frames refused, by reason; reasons that never occurred are left out."""
        refused: dict[str, int] = {}
        for receiver in self.downlinks:
            for reason in FrameRefusal:
                count = receiver.state.counters.refused.of(reason)
                if count:
                    refused[reason.value] = refused.get(reason.value, 0) + count
        return refused

    def send(self, packet: bytes) -> None:
        """Send one packet up.

        Raises:
            ProtocolError: the octets are no packet, or one too long for the link; nothing was radiated.
            LinkDownError: the port did not take a frame.
        """
        self._radiate(self.uplink.send(packet))

    def send_unchecked(self, octets: bytes) -> None:
        """Send octets up as they are, in one frame, even if they are no packet.

        Raises:
            ProtocolError: none, or more than one frame can hold; nothing was radiated.
            LinkDownError: the port did not take the frame.
        """
        frame = TcFrame(
            frame_type=TcFrameType.BD,
            spacecraft_id=self.parameters.spacecraft_id,
            virtual_channel=self.parameters.tc_virtual_channel,
            data=octets,
        )
        self._radiate([frame.pack()])

    def poll(self, now_ns: int) -> list[Arrival]:
        """Take what has come down and return its packets, oldest first."""
        packets: list[Arrival] = []
        for _ in range(MAX_RECEIVES_PER_POLL):
            frames = self._receive()
            for frame in frames:
                self._take(frame, packets)
            if len(frames) < MAX_FRAMES_PER_RECEIVE:
                break
        else:
            self.counters.polls_cut_short += 1
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
        )

    def _receive(self) -> list[bytes]:
        try:
            return self._port.receive()
        except PortError as error:
            self._port_failed(error)
            return []

    def _take(self, frame: bytes, packets: list[Arrival]) -> None:
        counters = self.counters
        counters.frames_down += 1
        counters.octets_down += len(frame)
        spacecraft = int.from_bytes(frame[:2], "big") >> 4 & MAX_SPACECRAFT_ID
        receiver = self._by_spacecraft.get(spacecraft, self.downlinks[0])
        result = receiver.receive(frame)
        if result.packets:
            recorded = self._recorded[receiver.parameters.spacecraft_id]
            counters.packets_down += len(result.packets)
            packets.extend(Arrival(packet, channel in recorded) for channel, packet in result.packets)
        if result.clcw is not None:
            self.clcw = result.clcw
            self._release(self.uplink.on_clcw(result.clcw))

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
