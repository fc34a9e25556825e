"""The ground's end of the space link: command packets up as TC frames, TM frames down as packets.

Frames of all radios and virtual channels come down through one port, in the order of their arrival.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from flightsw.hal.errors import PortError
from flightsw.hal.ports import MAX_FRAMES_PER_RECEIVE
from ops_tools.ground.errors import LinkDownError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrame, TcFrameType
from tlm_cmd.link.downlink import DownlinkReceiver
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.uplink import UplinkSender

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
    """Speaks frames with a spacecraft. Corrupt frames are counted by reason; receiving never raises."""

    def __init__(self, parameters: LinkParameters, port: FramePort) -> None:
        self.parameters = parameters
        self.uplink = UplinkSender(parameters)
        self.downlink = DownlinkReceiver(parameters)
        self.counters = GroundLinkCounters()
        self.last_port_error = ""
        self._port = port

    @property
    def clcw(self) -> Clcw | None:
        """What the spacecraft's command receiver last reported."""
        return self.downlink.state.newest_clcw

    @property
    def frames_accepted(self) -> int:
        """Frames that came down whole, of this spacecraft and a known virtual channel."""
        return self.downlink.state.counters.accepted

    @property
    def frames_lost(self) -> int:
        """Frames missing by the counts of the virtual channels that carry packets.

        The master channel's count is no measure: two transmitters may each have one of their own.
        """
        idle = self.parameters.idle_virtual_channel
        extractors = self.downlink.state.extractors.items()
        return sum(state.counters.lost_frames for channel, state in extractors if channel != idle)

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

    def poll(self, now_ns: int) -> list[bytes]:
        """Take what has come down and return its packets, oldest first."""
        packets: list[bytes] = []
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
        counters, refused = self.counters, self.downlink.state.counters.refused
        return GroundLinkStatus(
            frames_up=counters.frames_up,
            frames_down=counters.frames_down,
            frames_accepted=self.frames_accepted,
            frames_lost=self.frames_lost,
            frames_refused={reason.value: refused.of(reason) for reason in FrameRefusal if refused.of(reason)},
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

    def _take(self, frame: bytes, packets: list[bytes]) -> None:
        counters = self.counters
        counters.frames_down += 1
        counters.octets_down += len(frame)
        result = self.downlink.receive(frame)
        counters.packets_down += len(result.packets)
        packets.extend(packet for _, packet in result.packets)
        if result.clcw is not None:
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
