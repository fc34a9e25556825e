"""The packets of several virtual channels on one master channel: queues, whose turn it is, frame counts.

What virtual channel multiplexing and frame generation have in common in CCSDS 132.0-B-3, 4.2, and 732.0-B-4, 4.2:
`tlm_cmd.frames.tm_multiplexer` and `tlm_cmd.frames.aos_multiplexer` make frames of it.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.frames.packet_builder import DEFAULT_QUEUE_PACKETS, BuilderState, PacketBuilder
from tlm_cmd.frames.scheduler import ChannelScheduler, ChannelShare, SchedulerState, shares_by_priority
from tlm_cmd.frames.security import Protect
from tlm_cmd.packets.spacepacket import MAX_PACKET_OCTETS


class SendingChannel(msgspec.Struct, frozen=True, gc=False):
    """A virtual channel that carries packets, as its sender must know it."""

    share: ChannelShare = ChannelShare()
    """What it may claim of the link."""
    security_octets: int = 0
    """Length of security header and trailer together in its frames; 0 if they are not protected."""
    queue_packets: int = DEFAULT_QUEUE_PACKETS
    """Packets that may wait."""
    max_packet_octets: int = MAX_PACKET_OCTETS
    """Longest packet that it takes."""


def channels_by_priority(
    channels: Iterable[int],
    *,
    security_octets: int = 0,
    queue_packets: int = DEFAULT_QUEUE_PACKETS,
    max_packet_octets: int = MAX_PACKET_OCTETS,
) -> dict[int, SendingChannel]:
    """Return channels of equal shape that stand in order of strict priority, the most urgent first, without quotas.

    ``security_octets`` is the length of security header and trailer together; ``queue_packets`` and
    ``max_packet_octets`` bound what may wait, in packets, and how long each may be, in octets.

    Raises:
        WrongValueError: a channel stands twice.
    """
    return {
        channel: SendingChannel(share, security_octets, queue_packets, max_packet_octets)
        for channel, share in shares_by_priority(tuple(channels)).items()
    }


class FrameContent(msgspec.Struct, frozen=True, gc=False):
    """What the next frame carries."""

    virtual_channel: int
    first_header_pointer: int
    packet_zone: bytes


class MultiplexerState(msgspec.Struct):
    """The memory of a multiplexer: frame counts, the scheduler's and each channel's builder's."""

    builders: dict[int, BuilderState]
    virtual_channel_counts: dict[int, int]
    """The count of each virtual channel's next frame."""
    scheduler: SchedulerState
    master_channel_count: int = 0
    frames: int = 0
    idle_frames: int = 0
    unprotected: FrameContent | None = None
    """What could not be protected; the next frame carries it."""


class PacketMultiplexer:
    """What multiplexers of all kinds of frames have in common.

    ``zone_octets`` tells how many octets of packets the frames of a channel have room for; ``idle_channel`` is where
    frames without packets go.

    Raises:
        FieldRangeError: a channel's number is not in 0 to ``max_channel``, or frames have no room for packets.
        WrongValueError: the quotas are more than 100 % together.
    """

    def __init__(
        self,
        channels: Mapping[int, SendingChannel],
        *,
        zone_octets: Callable[[int, SendingChannel], int],
        idle_channel: int,
        max_channel: int,
    ) -> None:
        for number in (*channels, idle_channel):
            check_range("virtual channel", number, 0, max_channel)
        self.channels = dict(channels)
        self.idle_channel = idle_channel
        self._builders = {
            number: PacketBuilder(zone_octets(number, channel), channel.queue_packets, channel.max_packet_octets)
            for number, channel in channels.items()
        }
        self._protected = any(channel.security_octets for channel in channels.values())
        self._scheduler = ChannelScheduler({number: channel.share for number, channel in channels.items()})
        self._state = MultiplexerState(
            builders={number: builder.state for number, builder in self._builders.items()},
            virtual_channel_counts=dict.fromkeys((*channels, idle_channel), 0),
            scheduler=self._scheduler.state,
        )

    @property
    def state(self) -> MultiplexerState:
        """The memory of the multiplexer and its builders; set it to restore an earlier one of the same channels."""
        return self._state

    @state.setter
    def state(self, state: MultiplexerState) -> None:
        for channel, builder in self._builders.items():
            builder.state = state.builders[channel]
        self._scheduler.state = state.scheduler
        self._state = state

    @property
    def waiting(self) -> int:
        """Packets not sent yet, over all channels; what could not be protected counts as one."""
        return sum(builder.waiting for builder in self._builders.values()) + (self._state.unprotected is not None)

    def enqueue(self, virtual_channel: int, packet: bytes) -> bool:
        """Queue a packet; False if it was refused, which is counted by reason in the channel's state.

        Raises:
            WrongValueError: there is no such channel.
        """
        builder = self._builders.get(virtual_channel)
        if builder is None:
            raise WrongValueError("virtual channel", virtual_channel, f"one of {list(self._builders)}")
        return builder.enqueue(packet)

    def _next_content(self) -> FrameContent | None:
        """Return what the next frame carries; None if no packet waits."""
        if self._state.unprotected is not None:
            return self._state.unprotected
        builders = self._builders
        channel = self._scheduler.choose(lambda number: builders[number].waiting)
        if channel is None:
            return None
        return FrameContent(channel, *builders[channel].next_zone())

    def _check_protect(self, protect: Protect | None) -> None:
        """Make sure that protection is at hand if any frame may need it.

        Raises:
            WrongValueError: there is none, and a channel is protected.
        """
        if protect is None and self._protected:
            raise WrongValueError("protection", None, "one, since there are protected channels")

    def _security_octets(self, channel: int) -> int:
        """Return the length of security header and trailer in a channel's frames."""
        found = self.channels.get(channel)
        return found.security_octets if found is not None else 0

    def _count_frame(self, channel: int, modulo: int, *, idle: bool) -> None:
        """Count a frame that has been made."""
        state = self._state
        state.unprotected = None
        state.virtual_channel_counts[channel] = (state.virtual_channel_counts[channel] + 1) % modulo
        state.frames += 1
        state.idle_frames += idle
