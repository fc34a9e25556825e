import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.frames.frame_multiplexer import FrameMultiplexer, FrameMultiplexerState
from tlm_cmd.frames.scheduler import ChannelShare

MODEST = settings(max_examples=60, deadline=None)


def is_closed(mux: FrameMultiplexer) -> bool:
    """Whether every frame offered is accounted for, on each channel."""
    return all(
        queue.counters.offered
        == queue.counters.refused_full + queue.counters.sent + queue.counters.discarded + len(queue.queue)
        for queue in mux.state.queues.values()
    )


@MODEST
@given(st.integers(0, 2**32))
def test_sixty_four_channels_keep_their_order(seed: int) -> None:
    """On every one of 64 channels all frames come out once and in order, whatever the others do."""
    stream = random.Random(seed)
    mux = FrameMultiplexer({channel: ChannelShare(stream.randrange(4), 1) for channel in range(64)})
    sent: list[tuple[int, bytes]] = []
    found: list[tuple[int, bytes]] = []
    for mark in range(200):
        sent.append((stream.randrange(64), mark.to_bytes(2, "big")))
        assert mux.enqueue(*sent[-1])
        if stream.random() < 0.4 and (item := mux.next_frame()) is not None:
            found.append(item)
        assert is_closed(mux)
    while (item := mux.next_frame()) is not None:
        found.append(item)
    assert sorted(found) == sorted(sent)
    for channel in range(64):
        frames = [frame for number, frame in found if number == channel]
        assert frames == sorted(frames)


def test_full_queues_refuse() -> None:
    """A frame that finds its channel's queue full is refused and counted, and other channels take theirs."""
    mux = FrameMultiplexer({0: ChannelShare(), 9: ChannelShare()}, queue_frames=2)
    assert [mux.enqueue(0, b"x") for _ in range(3)] == [True, True, False]
    assert mux.enqueue(9, b"y")
    assert (mux.waiting, mux.state.queues[0].counters.refused_full) == (3, 1)
    assert is_closed(mux)


def test_frames_given_up() -> None:
    """The frames of one channel can be taken out again, which is counted; the others stay."""
    mux = FrameMultiplexer({0: ChannelShare(), 9: ChannelShare()})
    for channel in (0, 0, 9):
        mux.enqueue(channel, b"x")
    assert mux.discard(0) == 2
    assert mux.next_frame() == (9, b"x")
    assert mux.next_frame() is None
    assert is_closed(mux)


def test_unknown_channel_is_named() -> None:
    """A channel that does not exist is a mistake of the caller and is named."""
    mux = FrameMultiplexer({0: ChannelShare()})
    with pytest.raises(WrongValueError, match=r"virtual channel is 3, expected one of \[0\]"):
        mux.enqueue(3, b"x")
    with pytest.raises(WrongValueError, match="virtual channel is 4"):
        mux.discard(4)


@pytest.mark.parametrize(("channel", "frames"), [(-1, 1), (64, 1), (0, 0), (0, 100_001)])
def test_limits(channel: int, frames: int) -> None:
    """Channels and queues have bounds."""
    with pytest.raises(FieldRangeError):
        FrameMultiplexer({channel: ChannelShare()}, frames)


def test_state_can_be_saved_and_restored() -> None:
    """A multiplexer goes on from a saved state as if it were the first."""
    shares = {0: ChannelShare(1, 30), 9: ChannelShare()}
    first, second = FrameMultiplexer(shares), FrameMultiplexer(shares)
    for mark in range(20):
        first.enqueue(9 * (mark % 2), bytes([mark]))
    first.next_frame()
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=FrameMultiplexerState)
    assert [second.next_frame() for _ in range(20)] == [first.next_frame() for _ in range(20)]
    assert second.state == first.state
