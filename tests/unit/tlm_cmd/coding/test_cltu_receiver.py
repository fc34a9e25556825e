import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.bch import BchMode
from tlm_cmd.coding.bit_patterns import COMPLEMENT
from tlm_cmd.coding.cltu import CltuParameters, encode_cltu
from tlm_cmd.coding.cltu_receiver import CltuReceiver, CltuReceiverState, ReceptionState
from tlm_cmd.coding.frame_delimiting import delimit_frames
from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.tc import TcFrame, TcFrameType

MODEST = settings(max_examples=80, deadline=None)
FRAMES = [TcFrame(TcFrameType.BD, 0x123, 1, bytes([number]) * (10 * number + 1)).pack() for number in range(6)]
IDLE = b"\x55" * 16
DETECT = CltuParameters(mode=BchMode.TRIPLE_ERROR_DETECTION)


def bits_of(octets: bytes) -> str:
    """Write octets as zeros and ones."""
    return "".join(f"{octet:08b}" for octet in octets)


def octets_of(bits: str) -> bytes:
    """Put zeros and ones into octets, with zeros behind them."""
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0") or "0", 2).to_bytes(-(-len(bits) // 8), "big")


def is_closed(receiver: CltuReceiver) -> bool:
    """Whether every bit, every start sequence and every CLTU is accounted for."""
    counters = receiver.state.counters
    under_way = receiver.state.reception is ReceptionState.DECODE
    return (
        counters.bits
        == counters.inactive_bits
        + counters.skipped_bits
        + counters.start_bits
        + counters.block_bits
        + counters.tail_bits
        + receiver.buffered_bits
        and counters.starts == counters.rejected + counters.tails + counters.oversize + counters.interrupted + under_way
        and counters.starts == counters.cltus + counters.empty + under_way
        and counters.octets == 7 * counters.blocks
        and 64 * counters.blocks == counters.block_bits
        and len(receiver.state.buffer) <= 9
    )


def frames_of(receiver: CltuReceiver, stream: bytes) -> list[bytes]:
    """Feed a stream and return the sound frames in its CLTUs."""
    frames = []
    for cltu in receiver.feed(stream):
        for frame in delimit_frames(cltu.octets).frames:
            try:
                TcFrame.unpack(frame)
            except ProtocolError:
                continue
            frames.append(frame)
    assert is_closed(receiver)
    return frames


def inverted_at(octets: bytes, *bits: int) -> bytes:
    """Return octets with bits inverted."""
    changed = bytearray(octets)
    for bit in bits:
        changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


@pytest.mark.parametrize("parameters", [CltuParameters(), DETECT])
@pytest.mark.parametrize("between", [b"", IDLE, b"\xaa" * 3, bytes(5)])
@pytest.mark.parametrize("offset", range(8))
def test_cltus_at_any_bit(parameters: CltuParameters, between: bytes, offset: int) -> None:
    """CLTUs come out at any bit offset, on end and with idle sequences between them."""
    stream = "01" * 8 + "1" * offset + bits_of(between.join(encode_cltu(frame) for frame in FRAMES))
    receiver = CltuReceiver(parameters)
    assert frames_of(receiver, octets_of(stream)) == FRAMES
    counters = receiver.state.counters
    assert (counters.starts, counters.cltus, counters.tails, counters.corrected_bits) == (6, 6, 6, 0)
    assert counters.skipped_bits + receiver.buffered_bits == 16 + 40 * len(between) + offset + -offset % 8


def test_several_frames_in_one_cltu() -> None:
    """All frames of a CLTU come out, in order."""
    assert frames_of(CltuReceiver(), encode_cltu(b"".join(FRAMES))) == FRAMES


def test_what_a_cltu_says() -> None:
    """A CLTU comes with its blocks and the bits that were corrected in them."""
    stream = inverted_at(encode_cltu(FRAMES[3]), 3, 20, 100, 150)
    (cltu,) = CltuReceiver().feed(stream)
    assert (cltu.octets[: len(FRAMES[3])], cltu.blocks, cltu.corrected_bits) == (FRAMES[3], 6, 3)


def test_every_single_error_is_survived() -> None:
    """In correcting mode one error anywhere in a CLTU, its tail included, loses none of its frames."""
    cltu = encode_cltu(FRAMES[2])
    for bit in range(8 * len(cltu)):
        assert frames_of(CltuReceiver(), inverted_at(cltu, bit) + IDLE)[0] == FRAMES[2]


def test_detecting_mode_tolerates_nothing() -> None:
    """In detecting mode an error loses what is not decoded yet, and nothing wrong comes out."""
    cltu = encode_cltu(FRAMES[2])
    for bit in range(8 * (len(cltu) - 8)):
        receiver = CltuReceiver(DETECT)
        filler = bit >= 16 and (bit - 16) % 64 == 63
        assert frames_of(receiver, inverted_at(cltu, bit) + IDLE + cltu) == [FRAMES[2]] * (1 + filler)
        assert receiver.state.counters.corrected_bits == 0


def test_first_block_rejected() -> None:
    """A start sequence without a code block behind it gives no CLTU and is counted."""
    receiver = CltuReceiver()
    assert receiver.feed(b"\xeb\x90" + b"\x55" * 8) == []
    assert (receiver.state.counters.empty, receiver.state.counters.rejected) == (1, 1)
    assert is_closed(receiver)


def test_lost_tail() -> None:
    """Where a tail is missing, or bits are, the next start sequence is found in the block that is rejected."""
    cltu = encode_cltu(FRAMES[1])
    receiver = CltuReceiver(DETECT)
    assert frames_of(receiver, cltu[:-8] + cltu + cltu) == [FRAMES[1]] * 3
    assert (receiver.state.counters.rejected, receiver.state.counters.tails) == (1, 2)
    slipped = octets_of(bits_of(cltu)[:-61] + bits_of(cltu))
    assert frames_of(CltuReceiver(DETECT), slipped) == [FRAMES[1]] * 2


@pytest.mark.parametrize("tail", [b"", b"\x55" * 8, b"\xaa" * 8, b"\xc5" * 8, b"\x55" * 12])
def test_other_tails(tail: bytes) -> None:
    """Whatever ends the CLTUs of an encoder, every one comes out."""
    parameters = CltuParameters(tail=tail)
    stream = IDLE.join(encode_cltu(frame, parameters) for frame in FRAMES) + IDLE
    assert frames_of(CltuReceiver(parameters), stream) == FRAMES


def test_oversize() -> None:
    """A CLTU that has no end is ended, what it holds comes out, and the search goes on."""
    parameters = CltuParameters(max_octets=30)
    receiver = CltuReceiver(parameters)
    endless = encode_cltu(bytes(350))
    assert [cltu.blocks for cltu in receiver.feed(endless)] == [4]
    assert receiver.state.counters.oversize == 1
    assert is_closed(receiver)
    assert [cltu.blocks for cltu in receiver.feed(encode_cltu(bytes(28)))] == [4]
    assert (receiver.state.counters.oversize, receiver.state.counters.tails) == (1, 1)


def test_polarity() -> None:
    """Inverted CLTUs come out right if the receiver resolves the polarity, beside others; and not at all otherwise."""
    cltus = [encode_cltu(frame) for frame in FRAMES]
    stream = b"".join(cltu.translate(COMPLEMENT) if number % 2 else cltu for number, cltu in enumerate(cltus))
    receiver = CltuReceiver(CltuParameters(resolves_polarity=True))
    assert frames_of(receiver, stream) == FRAMES
    assert (receiver.state.counters.starts, receiver.state.counters.inverted_starts) == (6, 3)
    assert frames_of(CltuReceiver(DETECT), stream) == FRAMES[::2]


def test_loss_of_signal() -> None:
    """When the signal is lost, what was decoded comes out and the rest is dropped; nothing is read until it is back."""
    receiver = CltuReceiver()
    cltu = encode_cltu(FRAMES[4])
    assert receiver.feed(IDLE + cltu[:29]) == []
    (interrupted,) = receiver.deactivate()
    assert (interrupted.octets, interrupted.blocks) == (FRAMES[4][:21], 3)
    assert receiver.state.reception is ReceptionState.INACTIVE
    assert receiver.deactivate() == []
    assert receiver.feed(cltu) == []
    assert receiver.state.counters.inactive_bits == 8 * len(cltu)
    assert is_closed(receiver)
    receiver.activate()
    assert receiver.state.reception is ReceptionState.SEARCH
    assert frames_of(receiver, cltu[29:] + cltu) == [FRAMES[4]]
    receiver.feed(cltu[:8])
    receiver.activate()
    assert receiver.state.reception is ReceptionState.DECODE
    assert receiver.deactivate() == []
    assert receiver.state.counters.interrupted == 2
    assert is_closed(receiver)


STREAMS = st.lists(
    st.one_of(
        st.sampled_from(FRAMES).map(encode_cltu).map(bits_of),
        st.binary(max_size=12).map(bits_of),
        st.just(bits_of(b"\xeb\x90")),
        st.text("01", max_size=9),
        st.just("01" * 40),
    ),
    max_size=6,
).map("".join)


@MODEST
@given(
    STREAMS,
    st.lists(st.integers(0, 2000), max_size=3),
    st.lists(st.integers(0, 300), max_size=8).map(sorted),
    st.sampled_from([CltuParameters(), DETECT, CltuParameters(max_octets=14, resolves_polarity=True)]),
)
def test_the_cut_does_not_matter(bits: str, errors: list[int], cuts: list[int], parameters: CltuParameters) -> None:
    """A stream with garbage and errors gives the same in one chunk, octet by octet, and cut anywhere."""
    stream = octets_of(bits)
    stream = inverted_at(stream, *(error for error in errors if error < 8 * len(stream)))
    cuts = [cut for cut in cuts if cut < len(stream)]
    results = []
    for chunks in (
        [stream],
        [stream[index : index + 1] for index in range(len(stream))],
        [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)],
    ):
        receiver = CltuReceiver(parameters)
        cltus = []
        for chunk in chunks:
            cltus += receiver.feed(chunk)
            assert is_closed(receiver)
            assert len(receiver.state.octets) <= parameters.max_octets
        results.append((cltus, receiver.state.counters, receiver.buffered_bits, receiver.deactivate()))
    assert results[0] == results[1] == results[2]


def test_noise_hides_no_cltu_and_makes_no_frame() -> None:
    """In detecting mode frames come out of noise, but for a few that false starts swallow, and no others do."""
    chance = random.Random(4)
    found = sent = 0
    for _ in range(60):
        noise = [bits_of(chance.randbytes(chance.randrange(40)))[chance.randrange(8) :] for _ in FRAMES]
        stream = "".join(part + bits_of(encode_cltu(frame)) for part, frame in zip(noise, FRAMES, strict=True))
        frames = frames_of(CltuReceiver(DETECT), octets_of(stream))
        assert all(frame in FRAMES for frame in frames)
        found, sent = found + len(frames), sent + len(FRAMES)
    assert found >= 0.98 * sent


def test_state_can_be_saved_and_restored() -> None:
    """A receiver goes on from a saved state, in the middle of a CLTU and of an octet, as if it were the first."""
    stream = octets_of("110" + bits_of(inverted_at(encode_cltu(FRAMES[5]), 40)))
    for cut in (1, 3, 20, 40, len(stream) - 3):
        first, second = CltuReceiver(), CltuReceiver()
        first.feed(stream[:cut])
        second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=CltuReceiverState)
        assert second.feed(stream[cut:]) == first.feed(stream[cut:])
        assert second.state == first.state
        assert second.state.counters.cltus == 1
