"""Whole frames of several virtual channels on one physical channel (CCSDS 232.0-B-4, section 4.3).

Between the segments of a TC virtual channel and this stands the channel's own sequence control, which makes the frames
and may send them again; so here are only queues of frames, and whose turn it is.
"""

from collections.abc import Mapping

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.frames.scheduler import ChannelScheduler, ChannelShare, SchedulerState
from tlm_cmd.frames.tc import MAX_VIRTUAL_CHANNEL

DEFAULT_QUEUE_FRAMES = 256
MAX_QUEUE_FRAMES = 100_000


class FrameQueueCounters(msgspec.Struct):
    """What became of each frame: ``offered = refused_full + sent + discarded + waiting``."""

    offered: int = 0
    refused_full: int = 0
    sent: int = 0
    discarded: int = 0
    """Frames taken out again by `FrameMultiplexer.discard`."""


class FrameQueueState(msgspec.Struct):
    """What waits on one virtual channel."""

    counters: FrameQueueCounters = msgspec.field(default_factory=FrameQueueCounters)
    queue: list[bytes] = msgspec.field(default_factory=list)


class FrameMultiplexerState(msgspec.Struct):
    """The memory of a `FrameMultiplexer`."""

    queues: dict[int, FrameQueueState]
    scheduler: SchedulerState


class FrameMultiplexer:
    """Queues frames per virtual channel and gives them out one at a time; within a channel, first in, first out.

    Args:
        channels: the virtual channels and what each may claim, see `tlm_cmd.frames.scheduler`.
        queue_frames: frames that may wait on each.

    Raises:
        FieldRangeError: a channel or the bound is out of range.
        WrongValueError: the quotas are more than 100 % together.
    """

    def __init__(self, channels: Mapping[int, ChannelShare], queue_frames: int = DEFAULT_QUEUE_FRAMES) -> None:
        for channel in channels:
            check_range("virtual channel", channel, 0, MAX_VIRTUAL_CHANNEL)
        check_range("queue frames", queue_frames, 1, MAX_QUEUE_FRAMES)
        self.queue_frames = queue_frames
        self._scheduler = ChannelScheduler(channels)
        self._state = FrameMultiplexerState({channel: FrameQueueState() for channel in channels}, self._scheduler.state)

    @property
    def state(self) -> FrameMultiplexerState:
        """The memory of the multiplexer; set it to restore an earlier one of the same channels."""
        return self._state

    @state.setter
    def state(self, state: FrameMultiplexerState) -> None:
        self._scheduler.state = state.scheduler
        self._state = state

    @property
    def waiting(self) -> int:
        """Frames that wait, over all channels."""
        return sum(len(queue.queue) for queue in self._state.queues.values())

    def enqueue(self, virtual_channel: int, frame: bytes) -> bool:
        """Queue a frame of a virtual channel, 0 to 63; False if the channel's queue is full, which is counted.

        Raises:
            WrongValueError: there is no such channel.
        """
        queue = self._queue(virtual_channel)
        queue.counters.offered += 1
        if len(queue.queue) >= self.queue_frames:
            queue.counters.refused_full += 1
            return False
        queue.queue.append(frame)
        return True

    def next_frame(self) -> tuple[int, bytes] | None:
        """Return (virtual channel, frame) of the next frame to radiate; None if none waits."""
        queues = self._state.queues
        channel = self._scheduler.choose(lambda number: queues[number].queue)
        if channel is None:
            return None
        queue = queues[channel]
        queue.counters.sent += 1
        return channel, queue.queue.pop(0)

    def discard(self, virtual_channel: int) -> int:
        """Take all frames of a channel out again, since its sequence control gave them up; return how many.

        Raises:
            WrongValueError: there is no such channel.
        """
        queue = self._queue(virtual_channel)
        count = len(queue.queue)
        queue.queue.clear()
        queue.counters.discarded += count
        return count

    def _queue(self, virtual_channel: int) -> FrameQueueState:
        queue = self._state.queues.get(virtual_channel)
        if queue is None:
            raise WrongValueError("virtual channel", virtual_channel, f"one of {list(self._state.queues)}")
        return queue
