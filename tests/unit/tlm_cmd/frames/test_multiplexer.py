import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.frames.multiplexer import MultiplexerState, TmFrameBuilder, VirtualChannelMultiplexer
from tlm_cmd.frames.tm import NO_PACKET_START, ONLY_IDLE_DATA, TmFrame
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.spacepacket import declared_packet_octets, idle_packet

MODEST = settings(max_examples=60, deadline=None)
OCF = b"\1\0\0\0"


def packet(octets: int, mark: int = 0) -> bytes:
    """Return a telemetry packet of a given length in all."""
    return build_telemetry(5, mark % 16_384, mark, 0, bytes(octets - 18))


def multiplexer(frame_octets: int = 112, channels: tuple[int, ...] = (0, 1)) -> VirtualChannelMultiplexer:
    """Return a multiplexer of frames with 100 octets of data."""
    return VirtualChannelMultiplexer(9, frame_octets, channels, queue_packets=50)


def next_frame(mux: VirtualChannelMultiplexer, frame_octets: int = 112) -> TmFrame:
    """Return the next frame, read."""
    return TmFrame.unpack(mux.next_frame(OCF), frame_octets, spacecraft_id=9)


def is_closed(builder: TmFrameBuilder) -> bool:
    """Whether every packet offered is accounted for."""
    counters = builder.state.counters
    refused = counters.refused_full + counters.refused_malformed
    return counters.offered == refused + counters.sent + builder.waiting


def test_packets_that_fill_a_frame() -> None:
    """Packets that fill a frame exactly leave no room for idle data, and the pointer is 0."""
    builder = TmFrameBuilder(100)
    packets = [packet(60), packet(40)]
    assert all(builder.enqueue(item) for item in packets)
    assert builder.next_data() == (0, b"".join(packets))
    assert builder.waiting == 0
    assert builder.state.counters.idle_octets == 0


def test_idle_packet_fills_the_rest() -> None:
    """The room that packets leave is filled by one idle packet."""
    builder = TmFrameBuilder(100)
    builder.enqueue(packet(60))
    assert builder.next_data() == (0, packet(60) + idle_packet(40))
    assert builder.state.counters.idle_octets == 40


@pytest.mark.parametrize("left", range(1, 7))
def test_idle_packet_goes_on_in_the_next_frame(left: int) -> None:
    """Where fewer than seven octets are left, the idle packet ends in the next frame and the pointer skips it."""
    builder = TmFrameBuilder(100)
    builder.enqueue(packet(100 - left))
    assert builder.next_data() == (0, packet(100 - left) + idle_packet(7)[:left])
    assert builder.waiting == 0
    builder.enqueue(packet(93 + left))
    assert builder.next_data() == (7 - left, idle_packet(7)[left:] + packet(93 + left))


def test_packet_over_many_frames() -> None:
    """A frame in which no packet starts says so, and the frame of the end points behind the end."""
    builder = TmFrameBuilder(100)
    long = packet(250)
    builder.enqueue(long)
    frames = [builder.next_data() for _ in range(3)]
    assert [pointer for pointer, _ in frames] == [0, NO_PACKET_START, 50]
    assert b"".join(data for _, data in frames) == long + idle_packet(50)


def test_packet_that_ends_with_a_frame() -> None:
    """A frame that holds nothing but the end of a packet has no packet start; the next one points to 0."""
    builder = TmFrameBuilder(100)
    builder.enqueue(packet(200))
    builder.enqueue(packet(100))
    assert [builder.next_data()[0] for _ in range(3)] == [0, NO_PACKET_START, 0]
    assert builder.state.counters.sent == 2


def test_full_queue_is_a_counted_refusal() -> None:
    """A packet that finds the queue full is refused and counted, and the others stay."""
    builder = TmFrameBuilder(100, queue_packets=2)
    assert [builder.enqueue(packet(50)) for _ in range(3)] == [True, True, False]
    assert builder.state.counters.refused_full == 1
    assert builder.state.counters.most_waiting == 2
    assert is_closed(builder)


def test_malformed_packets_are_refused() -> None:
    """Octets that are not one packet, or too many, are refused, since they would break the packets behind."""
    builder = TmFrameBuilder(100, max_packet_octets=40)
    for octets in (b"", packet(40)[:-1], packet(40) + b"x", b"\xff" * 20, packet(41)):
        assert not builder.enqueue(octets)
    assert builder.enqueue(packet(40))
    assert builder.state.counters.refused_malformed == 5
    assert is_closed(builder)


@MODEST
@given(
    st.integers(1, 60),
    st.lists(st.lists(st.integers(18, 90), max_size=4), max_size=8),
)
def test_frames_hold_the_packets_in_order(data_octets: int, bursts: list[list[int]]) -> None:
    """However packets come and frames are taken, the data fields hold them whole, in order, with idle packets only."""
    builder = TmFrameBuilder(data_octets, queue_packets=20)
    sent: list[bytes] = []
    stream = b""
    starts = []
    for burst in [*bursts, []]:
        for octets in burst:
            item = packet(octets, len(sent))
            assert builder.enqueue(item)
            sent.append(item)
        while builder.waiting and (not burst or builder.waiting > 1):
            pointer, data = builder.next_data()
            assert len(data) == data_octets
            starts.append(None if pointer == NO_PACKET_START else len(stream) + pointer)
            stream += data
            assert is_closed(builder)
    stream += builder.state.remainder
    positions, found, offset = [], [], 0
    while offset < len(stream):
        octets = declared_packet_octets(stream, offset)
        positions.append(offset)
        if stream[offset : offset + 2] != b"\x07\xff":
            found.append(stream[offset : offset + octets])
        offset += octets
    assert found == sent
    for index, start in enumerate(starts):
        inside = [at for at in positions if index * data_octets <= at < (index + 1) * data_octets]
        assert start == (inside[0] if inside else None)


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
    mux = VirtualChannelMultiplexer(9, 112, [0], ocf=False)
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
    mux = VirtualChannelMultiplexer(9, 112, [0], idle_channel=0)
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
        VirtualChannelMultiplexer(9, octets, [0])
    assert len(VirtualChannelMultiplexer(9, 13, [0]).next_frame(OCF)) == 13
    assert len(VirtualChannelMultiplexer(9, 2048, [0]).next_frame(OCF)) == 2048


@pytest.mark.parametrize("channel", [-1, 8])
def test_channel_limits(channel: int) -> None:
    """A virtual channel has a number from 0 to 7, the idle one too."""
    with pytest.raises(FieldRangeError, match="virtual channel"):
        VirtualChannelMultiplexer(9, 100, [channel])
    with pytest.raises(FieldRangeError, match="virtual channel"):
        VirtualChannelMultiplexer(9, 100, [0], idle_channel=channel)


def test_channels_stand_once() -> None:
    """A channel that stands twice in the order is refused."""
    with pytest.raises(WrongValueError, match="each one once"):
        VirtualChannelMultiplexer(9, 100, [0, 1, 0])


@pytest.mark.parametrize(
    ("data_octets", "queue_packets", "max_packet_octets"),
    [(0, 1, 7), (2041, 1, 7), (1, 0, 7), (1, 1_000_001, 7), (1, 1, 6), (1, 1, 65_543)],
)
def test_builder_limits(data_octets: int, queue_packets: int, max_packet_octets: int) -> None:
    """A builder refuses data fields, queues and packets of impossible size."""
    with pytest.raises(FieldRangeError):
        TmFrameBuilder(data_octets, queue_packets, max_packet_octets)


def test_state_can_be_saved_and_restored() -> None:
    """A multiplexer goes on from a saved state, in the middle of a packet, as if it were the first."""
    first, second = multiplexer(), multiplexer()
    for channel in (0, 1, 1):
        first.enqueue(channel, packet(150))
    first.next_frame(OCF)
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=MultiplexerState)
    assert [second.next_frame(OCF) for _ in range(6)] == [first.next_frame(OCF) for _ in range(6)]
    assert second.state == first.state
