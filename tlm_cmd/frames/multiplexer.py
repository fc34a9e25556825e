"""Packets into TM frames: one builder per virtual channel, one multiplexer per spacecraft (CCSDS 132.0-B-3, 4.2)."""

from collections.abc import Sequence

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.frames.tm import (
    COUNT_MODULO,
    MAX_FRAME_OCTETS,
    MAX_VIRTUAL_CHANNEL,
    MIN_FRAME_OCTETS,
    NO_PACKET_START,
    ONLY_IDLE_DATA,
    TmFrame,
    max_data_octets,
)
from tlm_cmd.packets.spacepacket import (
    IDLE_OCTET,
    MAX_PACKET_OCTETS,
    MIN_PACKET_OCTETS,
    idle_packet,
    is_whole_packet,
)

DEFAULT_QUEUE_PACKETS = 1024
"""Packets that may wait per virtual channel unless said otherwise."""
MAX_QUEUE_PACKETS = 1_000_000
DEFAULT_IDLE_CHANNEL = 7
"""The virtual channel of frames without packets unless said otherwise."""


class BuilderCounters(msgspec.Struct):
    """What became of each packet: ``offered = refused_full + refused_malformed + sent + waiting``."""

    offered: int = 0
    refused_full: int = 0
    """Packets that found the queue full."""
    refused_malformed: int = 0
    """Octets that are not exactly one packet, or one too long: sent, they would break the packets behind them."""
    sent: int = 0
    """Packets whose last octet is in a frame."""
    frames: int = 0
    idle_octets: int = 0
    """Octets of idle packets that filled frames up."""
    most_waiting: int = 0
    """High-water mark of the queue [packets]."""


class BuilderState(msgspec.Struct):
    """The memory of a `TmFrameBuilder`."""

    counters: BuilderCounters = msgspec.field(default_factory=BuilderCounters)
    queue: list[bytes] = msgspec.field(default_factory=list)
    remainder: bytes = b""
    """The rest of a packet whose start is in an earlier frame."""
    remainder_is_idle: bool = False


class TmFrameBuilder:
    """Fills the data fields of one virtual channel's frames with its packets, first in, first out.

    ``data_octets`` is the length of a data field; ``queue_packets`` bounds the packets waiting.
    """

    def __init__(
        self,
        data_octets: int,
        queue_packets: int = DEFAULT_QUEUE_PACKETS,
        max_packet_octets: int = MAX_PACKET_OCTETS,
    ) -> None:
        check_range("frame data octets", data_octets, 1, max_data_octets(ocf=False))
        check_range("queue packets", queue_packets, 1, MAX_QUEUE_PACKETS)
        check_range("max packet octets", max_packet_octets, MIN_PACKET_OCTETS, MAX_PACKET_OCTETS)
        self.max_packet_octets = max_packet_octets
        self.data_octets = data_octets
        self.queue_packets = queue_packets
        self.state = BuilderState()

    @property
    def waiting(self) -> int:
        """Packets not sent yet, including one whose start is in an earlier frame."""
        state = self.state
        return len(state.queue) + (1 if state.remainder and not state.remainder_is_idle else 0)

    def enqueue(self, packet: bytes) -> bool:
        """Put a packet at the end of the queue; False if it was refused, which is counted by reason."""
        state, counters = self.state, self.state.counters
        counters.offered += 1
        if len(state.queue) >= self.queue_packets:
            counters.refused_full += 1
            return False
        if len(packet) > self.max_packet_octets or not is_whole_packet(packet):
            counters.refused_malformed += 1
            return False
        state.queue.append(packet)
        counters.most_waiting = max(counters.most_waiting, len(state.queue))
        return True

    def next_data(self) -> tuple[int, bytes]:
        """Return (first header pointer, data) of the next frame.

        What the packets leave free is filled by one idle packet, which may end in a later frame: an idle packet
        has at least seven octets.
        """
        state, counters = self.state, self.state.counters
        counters.frames += 1
        room, started, idle_started = self.data_octets, len(state.remainder), state.remainder_is_idle
        if started > room:
            data, state.remainder = state.remainder[:room], state.remainder[room:]
            return NO_PACKET_START, data
        pieces = [state.remainder]
        filled, taken = started, 0
        while filled < room and taken < len(state.queue):
            packet = state.queue[taken]
            pieces.append(packet)
            filled += len(packet)
            taken += 1
        del state.queue[:taken]
        if is_filled_up := filled < room:
            fill = idle_packet(max(room - filled, MIN_PACKET_OCTETS))
            counters.idle_octets += len(fill)
            pieces.append(fill)
        octets = b"".join(pieces)
        state.remainder, state.remainder_is_idle = octets[room:], is_filled_up
        is_last_cut = bool(state.remainder) and not is_filled_up
        counters.sent += taken - is_last_cut + (started > 0 and not idle_started)
        return (NO_PACKET_START if started == room else started), octets[:room]


class MultiplexerState(msgspec.Struct):
    """The memory of a `VirtualChannelMultiplexer`: frame counters, and the state of each channel's builder."""

    builders: dict[int, BuilderState]
    virtual_channel_counts: dict[int, int]
    """The count of each virtual channel's next frame."""
    master_channel_count: int = 0
    frames: int = 0
    idle_frames: int = 0


class VirtualChannelMultiplexer:
    """Makes the frames of a spacecraft, all of one length, from packets queued per virtual channel.

    ``channels`` stand in order of priority: a frame is given to the first one that has anything to send, so a
    busy channel starves those behind it. When none has, a frame of only idle data goes out on ``idle_channel``.
    With ``ocf`` every frame has an operational control field.

    Raises:
        FieldRangeError: a channel, the frame length or the queue bound is out of range.
        WrongValueError: a channel stands twice in ``channels``.
    """

    def __init__(
        self,
        spacecraft_id: int,
        frame_octets: int,
        channels: Sequence[int],
        *,
        ocf: bool = True,
        idle_channel: int = DEFAULT_IDLE_CHANNEL,
        queue_packets: int = DEFAULT_QUEUE_PACKETS,
        max_packet_octets: int = MAX_PACKET_OCTETS,
    ) -> None:
        check_range("frame octets", frame_octets, MIN_FRAME_OCTETS, MAX_FRAME_OCTETS)
        for channel in (*channels, idle_channel):
            check_range("virtual channel", channel, 0, MAX_VIRTUAL_CHANNEL)
        if len(set(channels)) != len(channels):
            raise WrongValueError("virtual channels", list(channels), "each one once")
        self.spacecraft_id = spacecraft_id
        self.ocf = ocf
        self.idle_channel = idle_channel
        data_octets = max_data_octets(frame_octets, ocf=ocf)
        self._idle_data = IDLE_OCTET * data_octets
        self._builders = {
            channel: TmFrameBuilder(data_octets, queue_packets, max_packet_octets) for channel in channels
        }
        self._state = MultiplexerState(
            builders={channel: builder.state for channel, builder in self._builders.items()},
            virtual_channel_counts=dict.fromkeys((*channels, idle_channel), 0),
        )

    @property
    def state(self) -> MultiplexerState:
        """The memory of the multiplexer and its builders; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: MultiplexerState) -> None:
        for channel, builder in self._builders.items():
            builder.state = state.builders[channel]
        self._state = state

    @property
    def waiting(self) -> int:
        """Packets not sent yet, over all channels."""
        return sum(builder.waiting for builder in self._builders.values())

    def enqueue(self, virtual_channel: int, packet: bytes) -> bool:
        """Queue a packet; False if it was refused, which is counted by reason in the channel's state.

        Raises:
            WrongValueError: there is no such channel.
        """
        builder = self._builders.get(virtual_channel)
        if builder is None:
            raise WrongValueError("virtual channel", virtual_channel, f"one of {list(self._builders)}")
        return builder.enqueue(packet)

    def next_frame(self, ocf: bytes = b"") -> bytes:
        """Return the next frame; there always is one, for a link that never pauses.

        Raises:
            WrongValueError: ``ocf`` has not four octets, or is given although frames have none.
        """
        if bool(ocf) != self.ocf:
            raise WrongValueError("operational control field", ocf, "four octets" if self.ocf else "none")
        channel, pointer, data = self.idle_channel, ONLY_IDLE_DATA, self._idle_data
        for candidate, builder in self._builders.items():
            if builder.waiting:
                channel = candidate
                pointer, data = builder.next_data()
                break
        state = self._state
        count = state.virtual_channel_counts[channel]
        frame = TmFrame(self.spacecraft_id, channel, state.master_channel_count, count, pointer, data, ocf)
        state.virtual_channel_counts[channel] = (count + 1) % COUNT_MODULO
        state.master_channel_count = (state.master_channel_count + 1) % COUNT_MODULO
        state.frames += 1
        state.idle_frames += pointer == ONLY_IDLE_DATA
        return frame.pack()
