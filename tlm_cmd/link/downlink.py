"""The telemetry chain: packets to TM frames on board, TM frames to packets on the ground."""

import msgspec

from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.multiplexer import MultiplexerState, channels_by_priority
from tlm_cmd.frames.packet_extractor import ExtractorState, PacketExtractor
from tlm_cmd.frames.tm import COUNT_MODULO, TmFrame
from tlm_cmd.frames.tm_multiplexer import TmMultiplexer
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal, RefusalCounters, refusal_of
from tlm_cmd.packets.spacepacket import sequence_gap


class DownlinkSender:
    """Makes TM frames of telemetry packets, each with the command receiver's report in it."""

    def __init__(self, parameters: LinkParameters) -> None:
        self.parameters = parameters
        channels = channels_by_priority(
            parameters.channels_by_priority,
            queue_packets=parameters.queue_packets,
            max_packet_octets=parameters.max_packet_octets,
        )
        self._multiplexer = TmMultiplexer(
            parameters.spacecraft_id,
            parameters.tm_frame_octets,
            channels,
            idle_channel=parameters.idle_virtual_channel,
        )

    @property
    def state(self) -> MultiplexerState:
        """The memory of the sender; set it to restore an earlier one."""
        return self._multiplexer.state

    @state.setter
    def state(self, state: MultiplexerState) -> None:
        self._multiplexer.state = state

    @property
    def waiting(self) -> int:
        """Packets not sent yet, over all virtual channels."""
        return self._multiplexer.waiting

    def enqueue(self, virtual_channel: int, packet: bytes) -> bool:
        """Queue a packet; False if it was refused, which is counted by reason in the channel's state.

        Raises:
            WrongValueError: there is no such virtual channel.
        """
        return self._multiplexer.enqueue(virtual_channel, packet)

    def next_frame(self, clcw: Clcw) -> bytes:
        """Return the next frame, of only idle data if no packet waits."""
        return self._multiplexer.next_frame(clcw.pack())


class DownlinkReceiverCounters(msgspec.Struct):
    """What became of each frame: ``frames = accepted + refused.total``; each extractor counts its own."""

    refused: RefusalCounters = msgspec.field(default_factory=RefusalCounters)
    frames: int = 0
    accepted: int = 0
    lost_frames: int = 0
    """Frames missing by the master channel count, which cannot tell a loss of 256."""
    clcws: int = 0
    bad_clcws: int = 0
    """Operational control fields that hold no CLCW that can be read."""


class DownlinkReceiverState(msgspec.Struct):
    """The memory of a `DownlinkReceiver`: its own, and the state of each virtual channel's extractor."""

    extractors: dict[int, ExtractorState]
    counters: DownlinkReceiverCounters = msgspec.field(default_factory=DownlinkReceiverCounters)
    expected_count: int | None = None
    """Master channel count of the next frame; None before the first one."""
    newest_clcw: Clcw | None = None


class DownlinkResult(msgspec.Struct, frozen=True, gc=False):
    """What one frame gave: packets with their virtual channels, and its CLCW; or why it was refused, in words too."""

    packets: tuple[tuple[int, bytes], ...] = ()
    clcw: Clcw | None = None
    refusal: FrameRefusal | None = None
    reason: str = ""


class DownlinkReceiver:
    """Reads TM frames in order and returns their packets. It never raises."""

    def __init__(self, parameters: LinkParameters) -> None:
        self.parameters = parameters
        channels = sorted({*parameters.channels_by_priority, parameters.idle_virtual_channel})
        self._extractors = {channel: PacketExtractor(parameters.max_packet_octets) for channel in channels}
        self._state = DownlinkReceiverState(
            extractors={channel: extractor.state for channel, extractor in self._extractors.items()}
        )

    @property
    def state(self) -> DownlinkReceiverState:
        """The memory of the receiver; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: DownlinkReceiverState) -> None:
        for channel, extractor in self._extractors.items():
            extractor.state = state.extractors[channel]
        self._state = state

    def receive(self, octets: bytes) -> DownlinkResult:
        """Read one frame; what is wrong with it is counted by reason."""
        parameters, state = self.parameters, self._state
        state.counters.frames += 1
        try:
            frame = TmFrame.unpack(octets, parameters.tm_frame_octets, spacecraft_id=parameters.spacecraft_id)
        except ProtocolError as error:
            return self._refuse(refusal_of(error), str(error))
        self._check_count(frame.master_channel_count)
        channel = frame.virtual_channel
        extractor = self._extractors.get(channel)
        if extractor is None:
            return self._refuse(FrameRefusal.WRONG_VIRTUAL_CHANNEL, f"virtual channel {channel}")
        state.counters.accepted += 1
        found = extractor.extract(frame.virtual_channel_count, frame.first_header_pointer, frame.data)
        packets = tuple((channel, packet) for packet in found)
        return DownlinkResult(packets, self._read_clcw(frame.ocf))

    def _check_count(self, count: int) -> None:
        state = self._state
        if state.expected_count is not None:
            state.counters.lost_frames += sequence_gap(state.expected_count, count, COUNT_MODULO)
        state.expected_count = (count + 1) % COUNT_MODULO

    def _read_clcw(self, ocf: bytes) -> Clcw | None:
        """Return the CLCW in an operational control field and keep it as the newest."""
        if not ocf:
            return None
        try:
            clcw = Clcw.unpack(ocf)
        except ProtocolError:
            self._state.counters.bad_clcws += 1
            return None
        self._state.counters.clcws += 1
        self._state.newest_clcw = clcw
        return clcw

    def _refuse(self, refusal: FrameRefusal, reason: str) -> DownlinkResult:
        self._state.counters.refused.count(refusal)
        return DownlinkResult(refusal=refusal, reason=reason)
