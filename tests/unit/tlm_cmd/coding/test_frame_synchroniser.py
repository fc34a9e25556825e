import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.bit_patterns import COMPLEMENT
from tlm_cmd.coding.frame_synchroniser import FrameSynchroniser
from tlm_cmd.coding.synchroniser_parameters import ATTACHED_SYNC_MARKER, ATTACHED_SYNC_MARKER_64, SynchroniserParameters
from tlm_cmd.coding.synchroniser_state import FrameSynchroniserState, SynchronisedFrame, SyncState
from tlm_cmd.errors import FieldRangeError

MODEST = settings(max_examples=80, deadline=None)
OCTETS = 40
UNIT_BITS = 8 * (OCTETS + 4)
PARAMETERS = SynchroniserParameters(frame_octets=OCTETS)
FRAMES = [random.Random(seed).randbytes(OCTETS) for seed in range(8)]
UNITS = [ATTACHED_SYNC_MARKER + frame for frame in FRAMES]


def bits_of(octets: bytes) -> str:
    """Write octets as zeros and ones."""
    return "".join(f"{octet:08b}" for octet in octets)


def octets_of(bits: str) -> bytes:
    """Put zeros and ones into octets, with zeros behind them."""
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0") or "0", 2).to_bytes(-(-len(bits) // 8), "big")


def inverted_at(octets: bytes, *bits: int) -> bytes:
    """Return octets with bits inverted."""
    changed = bytearray(octets)
    for bit in bits:
        changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


def is_closed(synchroniser: FrameSynchroniser) -> bool:
    """Whether every bit is accounted for, and the buffer is within its bound."""
    counters = synchroniser.state.counters
    return (
        counters.bits == counters.frame_bits + counters.skipped_bits - counters.reused_bits + synchroniser.buffered_bits
        and len(synchroniser.state.buffer) <= synchroniser.parameters.max_buffer_octets
        and len(synchroniser.state.held) <= synchroniser.parameters.verify_markers
    )


def feed(synchroniser: FrameSynchroniser, stream: bytes) -> list[SynchronisedFrame]:
    """Feed a stream and check the accounts."""
    frames = synchroniser.feed(stream)
    assert is_closed(synchroniser)
    return frames


def octets_in(frames: list[SynchronisedFrame]) -> list[bytes]:
    """Return the octets of frames."""
    return [frame.octets for frame in frames]


@pytest.mark.parametrize("offset", range(8))
@pytest.mark.parametrize("inverted", [False, True])
def test_frames_at_any_bit(offset: int, inverted: bool) -> None:  # noqa: FBT001
    """Frames come out at any bit offset and in either polarity, behind whatever comes first."""
    stream = octets_of(bits_of(bytes(9)) + "1" * offset + bits_of(b"".join(UNITS)))
    if inverted:
        stream = stream.translate(COMPLEMENT)
    synchroniser = FrameSynchroniser(PARAMETERS)
    frames = feed(synchroniser, stream)
    assert octets_in(frames) == FRAMES
    assert all(frame == SynchronisedFrame(frame.octets, SyncState.LOCK, inverted=inverted) for frame in frames)
    counters = synchroniser.state.counters
    assert (counters.frames, counters.locks, counters.skipped_bits) == (8, 1, 72 + offset)
    assert counters.inverted_frames == 8 * inverted
    assert counters.frame_bits == 8 * UNIT_BITS


def test_polarity_is_left_alone() -> None:
    """Without the resolution of polarity, an inverted stream holds no frames."""
    synchroniser = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, resolves_polarity=False))
    assert feed(synchroniser, b"".join(UNITS).translate(COMPLEMENT)) == []


@pytest.mark.parametrize("begins_inverted", [False, True])
def test_polarity_that_changes(begins_inverted: bool) -> None:  # noqa: FBT001
    """When the polarity turns over between frames, the frames go on without a loss."""
    stream = b"".join(UNITS[:4]) + b"".join(UNITS[4:]).translate(COMPLEMENT)
    if begins_inverted:
        stream = stream.translate(COMPLEMENT)
    synchroniser = FrameSynchroniser(PARAMETERS)
    assert octets_in(feed(synchroniser, stream)) == FRAMES
    assert (synchroniser.state.counters.locks, synchroniser.state.counters.inverted_frames) == (1, 4)


def test_a_frame_comes_with_its_last_bit() -> None:
    """In lock a frame comes out with its last octet; the first one with the marker that confirms it."""
    synchroniser = FrameSynchroniser(PARAMETERS)
    stream = b"".join(UNITS[:4])
    came = [index for index in range(len(stream)) for _ in feed(synchroniser, stream[index : index + 1])]
    assert came == [47, 87, 131, 175]


@pytest.mark.parametrize(("markers", "frames_at_lock"), [(0, 1), (1, 1), (3, 3)])
def test_verification(markers: int, frames_at_lock: int) -> None:
    """Frames are held back until so many further markers are in their place, and come out together then."""
    synchroniser = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, verify_markers=markers))
    stream = b"".join(UNITS)
    locked_at = 44 * markers + 4 if markers else 44
    assert feed(synchroniser, stream[: locked_at - 1]) == []
    assert synchroniser.state.sync is (SyncState.VERIFY if markers else SyncState.LOCK)
    assert octets_in(feed(synchroniser, stream[locked_at - 1 : locked_at])) == FRAMES[:frames_at_lock]
    assert synchroniser.state.sync is SyncState.LOCK
    assert octets_in(feed(synchroniser, stream[locked_at:])) == FRAMES[frames_at_lock:]


def test_false_marker() -> None:
    """A pattern in the data that looks like a marker is given up, and hides no frame."""
    false = bytes(5) + ATTACHED_SYNC_MARKER + bytes(11)
    synchroniser = FrameSynchroniser(PARAMETERS)
    assert octets_in(feed(synchroniser, false + b"".join(UNITS))) == FRAMES
    assert (synchroniser.state.counters.false_markers, synchroniser.state.counters.skipped_bits) == (1, 160)


def test_errors_in_markers() -> None:
    """In lock more wrong bits are tolerated than in the search, and they are counted."""
    damaged = [inverted_at(UNITS[0], 3, 9), UNITS[1], inverted_at(UNITS[2], 0, 15, 31), *UNITS[3:]]
    synchroniser = FrameSynchroniser(PARAMETERS)
    frames = feed(synchroniser, b"".join(damaged))
    assert octets_in(frames) == FRAMES[1:]
    assert [frame.marker_errors for frame in frames] == [0, 3, 0, 0, 0, 0, 0]
    assert synchroniser.state.counters.marker_errors == 3
    tolerant = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, search_errors=2))
    assert octets_in(feed(tolerant, b"".join(damaged))) == FRAMES


@pytest.mark.parametrize("slip", [-2, -1, 1, 2])
@pytest.mark.parametrize("errors", [(), (4, 20)])
def test_slips(slip: int, errors: tuple[int, ...]) -> None:
    """Where bits were lost or came in addition, within the window, only the frame that they hit is wrong."""
    units = [bits_of(unit) for unit in UNITS]
    units[3] = units[3][:slip] if slip < 0 else units[3] + "10"[:slip]
    units[4] = bits_of(inverted_at(UNITS[4], *errors))
    synchroniser = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, slip_bits=2))
    frames = feed(synchroniser, octets_of("".join(units)))
    assert octets_in(frames)[:3] + octets_in(frames)[4:] == FRAMES[:3] + FRAMES[4:]
    assert [frame.slip_bits for frame in frames] == [0, 0, 0, 0, slip, 0, 0, 0]
    assert frames[4].marker_errors == len(errors)
    counters = synchroniser.state.counters
    assert (counters.slips, counters.losses, counters.flywheel_frames) == (1, 0, 0)
    assert (counters.skipped_bits, counters.reused_bits) == (max(slip, 0), max(-slip, 0))


def test_slips_while_verifying() -> None:
    """A slip between the first frames is followed and accounted for once the frames come out."""
    units = [bits_of(unit) for unit in UNITS]
    units[0], units[1] = units[0] + "1", units[1][:-1]
    synchroniser = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, verify_markers=3))
    frames = feed(synchroniser, octets_of("".join(units)))
    assert [frame.slip_bits for frame in frames] == [0, 1, -1, 0, 0, 0, 0, 0]
    assert synchroniser.state.counters.slips == 2


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_flywheel(missing: int) -> None:
    """Frames whose markers are missing come out as such, up to so many in a row, and then the lock is back."""
    units = [bytes(4) + unit[4:] if 3 <= number < 3 + missing else unit for number, unit in enumerate(UNITS)]
    synchroniser = FrameSynchroniser(PARAMETERS)
    frames = feed(synchroniser, b"".join(units))
    assert octets_in(frames) == FRAMES
    assert [number for number, frame in enumerate(frames) if frame.state is SyncState.FLYWHEEL] == [3, 4, 5][:missing]
    counters = synchroniser.state.counters
    assert (counters.flywheel_frames, counters.losses, counters.locks) == (missing, 0, 1)
    assert synchroniser.state.sync is SyncState.LOCK


def test_flywheel_starts_over_with_every_marker() -> None:
    """Only markers missing in a row count: with one found between them, more may be missing altogether."""
    units = [bytes(4) + unit[4:] if number in (2, 3, 5, 6) else unit for number, unit in enumerate(UNITS)]
    synchroniser = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, flywheel_markers=2))
    assert octets_in(feed(synchroniser, b"".join(units))) == FRAMES
    assert (synchroniser.state.counters.flywheel_frames, synchroniser.state.counters.losses) == (4, 0)


def test_flywheel_keeps_polarity() -> None:
    """A frame without marker has the polarity of the one before."""
    units = [UNITS[0], UNITS[1], inverted_at(UNITS[2], *range(0, 32, 2)), UNITS[3]]
    frames = feed(FrameSynchroniser(PARAMETERS), b"".join(units).translate(COMPLEMENT))
    assert octets_in(frames) == FRAMES[:4]
    assert [frame.inverted for frame in frames] == [True] * 4


@pytest.mark.parametrize("flywheel", [0, 1, 3])
@pytest.mark.parametrize("slip", [-20, -9, 9, 100])
def test_large_slips(flywheel: int, slip: int) -> None:
    """A slip beyond the window costs no frame but the one it hits: the search begins anew where it happened."""
    units = [bits_of(unit) for unit in UNITS]
    units[2] = units[2][:slip] if slip < 0 else units[2] + "1" * slip
    synchroniser = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, flywheel_markers=flywheel))
    frames = feed(synchroniser, octets_of("".join(units)))
    locked = octets_in([frame for frame in frames if frame.state is SyncState.LOCK])
    assert locked[:2] + locked[3:] == FRAMES[:2] + FRAMES[3:]
    counters = synchroniser.state.counters
    assert (counters.losses, counters.locks, counters.flywheel_frames) == (1, 2, flywheel)


def test_end_of_signal() -> None:
    """When the frames end, the flywheel runs out and the synchroniser searches."""
    synchroniser = FrameSynchroniser(PARAMETERS)
    frames = feed(synchroniser, b"".join(UNITS) + bytes(1000))
    assert octets_in(frames)[:8] == FRAMES
    assert [frame.state for frame in frames[8:]] == [SyncState.FLYWHEEL] * 3
    assert synchroniser.state.sync is SyncState.SEARCH
    assert synchroniser.state.counters.losses == 1


@pytest.mark.parametrize("octets", [0, 20, 44, 60, 100, 300])
def test_reset(octets: int) -> None:
    """After a reset in any state, frames are found as by a new synchroniser, and the bits given up are counted."""
    synchroniser = FrameSynchroniser(PARAMETERS)
    feed(synchroniser, (b"".join(UNITS[:4]) + bytes(300))[:octets])
    synchroniser.reset()
    assert is_closed(synchroniser)
    assert synchroniser.buffered_bits == 0
    assert octets_in(feed(synchroniser, b"".join(UNITS))) == FRAMES


def test_other_markers() -> None:
    """The marker is a managed parameter: the 64-bit one works as well."""
    parameters = msgspec.structs.replace(PARAMETERS, marker=ATTACHED_SYNC_MARKER_64)
    stream = octets_of("101" + bits_of(b"".join(ATTACHED_SYNC_MARKER_64 + frame for frame in FRAMES)))
    assert octets_in(feed(FrameSynchroniser(parameters), stream)) == FRAMES


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frame_octets", 31),
        ("frame_octets", 65_537),
        ("marker", b"\x1a"),
        ("marker", bytes(33)),
        ("search_errors", -1),
        ("search_errors", 11),
        ("lock_errors", 11),
        ("slip_bits", 9),
        ("verify_markers", 17),
        ("flywheel_markers", -1),
    ],
)
def test_parameter_limits(field: str, value: object) -> None:
    """Each parameter is refused beyond its range."""
    with pytest.raises(FieldRangeError):
        msgspec.structs.replace(PARAMETERS, **{field: value})


STREAMS = st.lists(
    st.one_of(
        st.sampled_from(UNITS).map(bits_of),
        st.sampled_from(UNITS).map(bits_of),
        st.binary(max_size=50).map(bits_of),
        st.just(bits_of(ATTACHED_SYNC_MARKER)),
        st.text("01", max_size=3),
        st.integers(300, 352).map(lambda bits: bits_of(UNITS[0])[:bits]),
    ),
    max_size=12,
).map("".join)
VARIANTS = [
    PARAMETERS,
    SynchroniserParameters(frame_octets=OCTETS, verify_markers=0, flywheel_markers=0, slip_bits=0),
    SynchroniserParameters(frame_octets=OCTETS, verify_markers=2, flywheel_markers=1, slip_bits=8, search_errors=4),
    SynchroniserParameters(frame_octets=OCTETS, verify_markers=0, slip_bits=2, resolves_polarity=False),
]


@MODEST
@given(
    STREAMS,
    st.lists(st.integers(0, 4000), max_size=8),
    st.lists(st.integers(0, 500), max_size=8).map(sorted),
    st.sampled_from(VARIANTS),
)
def test_the_cut_does_not_matter(
    bits: str, errors: list[int], cuts: list[int], parameters: SynchroniserParameters
) -> None:
    """A stream with garbage, errors and slips gives the same in one chunk, octet by octet, and cut anywhere."""
    stream = octets_of(bits)
    stream = inverted_at(stream, *(error for error in errors if error < 8 * len(stream)))
    cuts = [cut for cut in cuts if cut < len(stream)]
    results = []
    for chunks in (
        [stream],
        [stream[index : index + 1] for index in range(len(stream))],
        [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)],
    ):
        synchroniser = FrameSynchroniser(parameters)
        frames = []
        for chunk in chunks:
            frames += feed(synchroniser, chunk)
        results.append((frames, synchroniser.state))
    assert results[0] == results[1] == results[2]


@MODEST
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_noisy_channel_with_slips(seed: int, one_in: int) -> None:
    """Every frame that neither an error nor a slip touched comes out, in order, from the second marker on."""
    chance = random.Random(seed)
    bits, clean = "", []
    for number in range(30):
        frame = chance.randbytes(OCTETS)
        unit = bits_of(ATTACHED_SYNC_MARKER + frame)
        if number > 1 and chance.randrange(one_in) == 0:
            place = chance.randrange(32, UNIT_BITS)
            unit = chance.choice((unit[:place] + unit[place + 1 :], unit[:place] + "1" + unit[place:]))
        elif number > 1 and chance.randrange(4) == 0:
            unit = bits_of(inverted_at(octets_of(unit), *chance.sample(range(UNIT_BITS), 2)))
        if unit[32:] == bits_of(frame):
            clean.append(frame)
        bits += unit
    synchroniser = FrameSynchroniser(PARAMETERS)
    found = octets_in(feed(synchroniser, octets_of(bits)))
    # A frame in which one bit is missing at its very end is not told from a whole one, so there may be more.
    assert [frame for frame in found if frame in clean] == clean


def test_noise_makes_no_frames() -> None:
    """In noise markers are found that are none, but no lock comes of it, and every bit is accounted for."""
    chance = random.Random(9)
    synchroniser = FrameSynchroniser(msgspec.structs.replace(PARAMETERS, search_errors=5, lock_errors=4))
    for _ in range(20):
        assert feed(synchroniser, chance.randbytes(chance.randrange(2000))) == []
    assert synchroniser.state.counters.false_markers > 0


@pytest.mark.parametrize("cut", [3, 30, 48, 100, 205, 260])
def test_state_can_be_saved_and_restored(cut: int) -> None:
    """A synchroniser goes on from a saved state, whichever it is, as if it were the first."""
    units = [bytes(4) + unit[4:] if number == 4 else unit for number, unit in enumerate(UNITS)]
    stream = octets_of("01101" + bits_of(b"".join(units)))
    first, second = FrameSynchroniser(PARAMETERS), FrameSynchroniser(PARAMETERS)
    before = first.feed(stream[:cut])
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=FrameSynchroniserState)
    rest = second.feed(stream[cut:])
    assert rest == first.feed(stream[cut:])
    assert octets_in(before + rest) == FRAMES
    assert second.state == first.state
