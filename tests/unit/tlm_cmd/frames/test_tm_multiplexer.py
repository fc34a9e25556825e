import random
from collections.abc import Callable

import msgspec
import pytest

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, WrongValueError
from tlm_cmd.frames.multiplexer import MultiplexerState, SendingChannel, channels_by_priority
from tlm_cmd.frames.packet_extractor import PacketExtractor
from tlm_cmd.frames.pointers import ONLY_IDLE_DATA
from tlm_cmd.frames.scheduler import ChannelShare
from tlm_cmd.frames.tm import TmFrame
from tlm_cmd.frames.tm_multiplexer import TmMultiplexer
from tlm_cmd.packets.cfs_header import build_telemetry

OCF = b"\1\0\0\0"


def packet(octets: int, mark: int = 0) -> bytes:
    """Return a telemetry packet of a given length in all."""
    return build_telemetry(5, mark % 16_384, mark, 0, bytes(octets - 18))


def multiplexer(frame_octets: int = 112, channels: tuple[int, ...] = (0, 1)) -> TmMultiplexer:
    """Return a multiplexer of frames with 100 octets of data."""
    return TmMultiplexer(9, frame_octets, channels_by_priority(channels, queue_packets=50))


def next_frame(mux: TmMultiplexer, frame_octets: int = 112) -> TmFrame:
    """Return the next frame, read."""
    return TmFrame.unpack(mux.next_frame(OCF), frame_octets, spacecraft_id=9)


def sealed(header: bytes, data: bytes) -> bytes:
    """Return data between a header of two octets and a trailer of one, both made of what they stand in."""
    return bytes([len(header), header[1]]) + data[::-1] + b"\x5a"


def opened(header: bytes, field: bytes) -> bytes:
    """Return the data that `sealed` was given."""
    assert field[:2] == bytes([len(header), header[1]])
    return field[-2:1:-1]


def test_only_idle_data_when_nothing_waits() -> None:
    """Without packets, a frame of only idle data goes out on the idle channel."""
    mux = multiplexer()
    frame = next_frame(mux)
    assert (frame.virtual_channel, frame.first_header_pointer) == (7, ONLY_IDLE_DATA)
    assert frame.data == b"\x55" * 100
    assert mux.state.idle_frames == mux.state.frames == 1


def test_control_field_is_in_every_frame() -> None:
    """The operational control field given is in the frame, with packets and without."""
    mux = multiplexer()
    mux.enqueue(0, packet(20))
    frames = [TmFrame.unpack(mux.next_frame(bytes([1, 0, 0, index])), 112) for index in range(2)]
    assert [frame.ocf[-1] for frame in frames] == [0, 1]


def test_frames_without_control_field() -> None:
    """A link without operational control field makes frames without and refuses one."""
    mux = TmMultiplexer(9, 112, channels_by_priority([0]), ocf=False)
    frame = TmFrame.unpack(mux.next_frame(), 112)
    assert (frame.ocf, len(frame.data)) == (b"", 104)
    with pytest.raises(WrongValueError, match="operational control field"):
        mux.next_frame(OCF)


@pytest.mark.parametrize("ocf", [b"", b"123"])
def test_control_field_must_be_given(ocf: bytes) -> None:
    """A link with operational control field makes no frame without, and uses up no frame count."""
    mux = multiplexer()
    with pytest.raises(WrongValueError, match="operational control field"):
        mux.next_frame(ocf)
    assert next_frame(mux).master_channel_count == 0


@pytest.mark.parametrize("channels", [(0, 1, 2), (2, 0, 1)])
def test_priority_is_the_order_of_the_channels(channels: tuple[int, ...]) -> None:
    """Frames go to the first channel that has packets, in the order given."""
    mux = multiplexer(channels=channels)
    for channel in (0, 1, 2):
        mux.enqueue(channel, packet(150))
    assert [next_frame(mux).virtual_channel for _ in range(7)] == [
        channels[0],
        channels[0],
        channels[1],
        channels[1],
        channels[2],
        channels[2],
        7,
    ]


def test_an_urgent_packet_overtakes_a_long_one() -> None:
    """A packet on a more urgent channel goes out between the frames of a long one, which then goes on."""
    mux = multiplexer()
    mux.enqueue(1, packet(250))
    frames = [next_frame(mux)]
    mux.enqueue(0, packet(100))
    frames += [next_frame(mux) for _ in range(3)]
    assert [frame.virtual_channel for frame in frames] == [1, 0, 1, 1]
    assert b"".join(frame.data for frame in frames if frame.virtual_channel == 1)[:250] == packet(250)


def test_frame_counters() -> None:
    """The master channel counts all frames and each virtual channel its own, both modulo 256."""
    mux = multiplexer()
    counts: dict[int, int] = {0: 0, 1: 0, 7: 0}
    for index in range(600):
        if index % 3 < 2:
            mux.enqueue(index % 3, packet(100))
        frame = next_frame(mux)
        assert frame.master_channel_count == index % 256
        assert frame.virtual_channel_count == counts[frame.virtual_channel] % 256
        counts[frame.virtual_channel] += 1
    assert counts == {0: 200, 1: 200, 7: 200}


def test_idle_frames_may_share_a_channel() -> None:
    """When the idle channel also carries packets, its frames have one count."""
    mux = TmMultiplexer(9, 112, channels_by_priority([0]), idle_channel=0)
    assert next_frame(mux).virtual_channel_count == 0
    mux.enqueue(0, packet(20))
    frame = next_frame(mux)
    assert (frame.virtual_channel_count, frame.first_header_pointer) == (1, 0)


def test_queues_are_separate() -> None:
    """A full channel takes nothing from another one."""
    mux = multiplexer()
    assert [mux.enqueue(1, packet(20)) for _ in range(51)].count(False) == 1
    assert mux.enqueue(0, packet(20))
    assert mux.waiting == 51
    assert mux.state.builders[1].counters.refused_full == 1
    assert mux.state.builders[0].counters.refused_full == 0


def test_unknown_channel_is_named() -> None:
    """A packet for a channel that does not exist is a mistake of the caller and is named."""
    with pytest.raises(WrongValueError, match=r"virtual channel is 3, expected one of \[0, 1\]"):
        multiplexer().enqueue(3, packet(20))


@pytest.mark.parametrize("octets", [12, 2049])
def test_frame_length_limits(octets: int) -> None:
    """A frame has room for one octet of data at least and 2048 octets at most."""
    with pytest.raises(FieldRangeError, match="frame octets"):
        TmMultiplexer(9, octets, channels_by_priority([0]))
    assert len(TmMultiplexer(9, 13, channels_by_priority([0])).next_frame(OCF)) == 13
    assert len(TmMultiplexer(9, 2048, channels_by_priority([0])).next_frame(OCF)) == 2048


@pytest.mark.parametrize("channel", [-1, 8])
def test_channel_limits(channel: int) -> None:
    """A virtual channel has a number from 0 to 7, the idle one too."""
    with pytest.raises(FieldRangeError, match="virtual channel"):
        TmMultiplexer(9, 100, channels_by_priority([channel]))
    with pytest.raises(FieldRangeError, match="virtual channel"):
        TmMultiplexer(9, 100, channels_by_priority([0]), idle_channel=channel)


def test_channels_stand_once() -> None:
    """A channel that stands twice in the order is refused."""
    with pytest.raises(WrongValueError, match="each one once"):
        channels_by_priority([0, 1, 0])


def test_state_can_be_saved_and_restored() -> None:
    """A multiplexer goes on from a saved state, in the middle of a packet, as if it were the first."""
    first, second = multiplexer(), multiplexer()
    for channel in (0, 1, 1):
        first.enqueue(channel, packet(150))
    first.next_frame(OCF)
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=MultiplexerState)
    assert [second.next_frame(OCF) for _ in range(6)] == [first.next_frame(OCF) for _ in range(6)]
    assert second.state == first.state


def test_a_quota_is_kept_for_a_channel_that_others_would_starve() -> None:
    """While a most urgent channel always has packets, one with a quota of 20 % gets every fifth frame."""
    channels = {0: SendingChannel(ChannelShare(0)), 1: SendingChannel(ChannelShare(1, quota_percent=20))}
    mux = TmMultiplexer(9, 112, channels)
    for mark in range(40):
        for channel in (0, 1):
            assert mux.enqueue(channel, packet(100, mark))
    assert [next_frame(mux).virtual_channel for _ in range(20)] == 4 * [0, 0, 0, 0, 1]
    assert mux.state.scheduler.accounts[1].quota_turns == 4


@pytest.mark.parametrize("fecf", [True, False])
@pytest.mark.parametrize("secondary_header", [b"", b"second"])
def test_all_eight_channels_carry_their_packets(secondary_header: bytes, *, fecf: bool) -> None:
    """Eight channels, some of them protected, with and without optional fields, deliver all packets in order each."""
    stream = random.Random(4)
    channels = {
        number: SendingChannel(ChannelShare(number // 3, number), security_octets=3 * (number % 2))
        for number in range(8)
    }
    mux = TmMultiplexer(9, 90, channels, fecf=fecf, secondary_header_octets=len(secondary_header), idle_channel=7)
    sent: dict[int, list[bytes]] = {number: [] for number in channels}
    found: dict[int, list[bytes]] = {number: [] for number in channels}
    extractors = {number: PacketExtractor() for number in channels}
    for mark in range(400):
        number = stream.randrange(8)
        sent[number].append(packet(stream.randrange(18, 200), mark))
        assert mux.enqueue(number, sent[number][-1])
    while mux.waiting:
        octets = mux.next_frame(OCF, secondary_header=secondary_header, protect=sealed)
        assert len(octets) == 90
        number = octets[1] >> 1 & 7
        process: Callable[[bytes, bytes], bytes] | None = opened if number % 2 else None
        frame = TmFrame.unpack(octets, 90, fecf=fecf, process=process)
        assert frame.secondary_header == secondary_header
        found[number] += extractors[number].extract(frame.virtual_channel_count, frame.first_header_pointer, frame.data)
    assert found == sent


def test_protection_must_be_at_hand() -> None:
    """With a protected channel no frame is made without protection, and protection of another length is refused."""
    mux = TmMultiplexer(9, 112, {0: SendingChannel(security_octets=3)})
    with pytest.raises(WrongValueError, match="protection"):
        mux.next_frame(OCF)
    assert mux.state.frames == 0
    mux.enqueue(0, packet(20))
    with pytest.raises(LengthMismatchError, match="protected frame data"):
        mux.next_frame(OCF, protect=lambda _, data: data)


def test_idle_frames_of_an_unprotected_channel() -> None:
    """Frames of only idle data on a channel of its own are not protected; on a protected channel they are."""
    apart = TmMultiplexer(9, 112, {0: SendingChannel(security_octets=3)})
    assert next_frame_data(apart) == b"\x55" * 100
    shared = TmMultiplexer(9, 112, {0: SendingChannel(security_octets=3)}, idle_channel=0)
    assert next_frame_data(shared) == b"\x06\x91" + b"\x55" * 97 + b"\x5a"


def next_frame_data(mux: TmMultiplexer) -> bytes:
    """Return all that stands between header and operational control field of the next frame."""
    return mux.next_frame(OCF, protect=sealed)[6:-6]


def test_the_secondary_header_has_its_managed_length() -> None:
    """A secondary header of another length than the managed one is refused, and takes no packet."""
    mux = TmMultiplexer(9, 112, channels_by_priority([0]), secondary_header_octets=4)
    mux.enqueue(0, packet(20))
    with pytest.raises(LengthMismatchError, match="secondary header"):
        mux.next_frame(OCF, secondary_header=b"123")
    assert mux.waiting == 1


def test_frames_too_short_for_what_they_must_hold() -> None:
    """A frame length that leaves no octet for packets is refused, whatever takes the room."""
    channels = {0: SendingChannel(security_octets=30)}
    assert TmMultiplexer(9, 13 + 30 + 11, channels, secondary_header_octets=10).frame_octets == 54
    with pytest.raises(FieldRangeError, match="frame octets"):
        TmMultiplexer(9, 53, channels, secondary_header_octets=10)


def test_what_cannot_be_protected_is_not_lost() -> None:
    """When protection refuses, the frame is not made or counted, its packets wait, and the next one carries them."""

    def refuse(_header: bytes, _data: bytes) -> bytes:
        raise WrongValueError("key", "exhausted", "one in use")

    first, second = (TmMultiplexer(9, 112, {0: SendingChannel(security_octets=3)}) for _ in range(2))
    for mux in (first, second):
        assert mux.enqueue(0, packet(150))
    for _ in range(2):
        with pytest.raises(WrongValueError, match="exhausted"):
            first.next_frame(OCF, protect=refuse)
    assert (first.waiting, first.state.frames) == (2, 0)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=MultiplexerState)
    assert again == first.state
    first.state = again
    assert [first.next_frame(OCF, protect=sealed) for _ in range(3)] == [
        second.next_frame(OCF, protect=sealed) for _ in range(3)
    ]
    assert first.waiting == 0
