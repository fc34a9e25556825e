from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError
from tlm_cmd.packets.cfs_header import build_command, build_telemetry, parse_command, parse_telemetry
from tlm_cmd.packets.spacepacket import idle_packet
from tlm_cmd.packets.splitter import PacketSplitter, SkippedRun, SkipReason, SplitterState, split_packets

MODEST = settings(max_examples=60, deadline=None)
A = build_command(0x0A, 1, 2, b"first")
B = build_command(0x0B, 2, 3, b"the second one")


def is_command(packet: bytes) -> bool:
    """Whether a packet is a command with a good checksum."""
    try:
        parse_command(packet)
    except ProtocolError:
        return False
    return True


def is_telemetry(packet: bytes) -> bool:
    """Whether a packet is telemetry with a good error control."""
    try:
        parse_telemetry(packet)
    except ProtocolError:
        return False
    return True


def is_closed(splitter: PacketSplitter) -> bool:
    """Whether every octet fed is accounted for."""
    counters = splitter.state.counters
    return counters.octets == (
        counters.packet_octets + counters.idle_octets + counters.skipped_octets + len(splitter.state.buffer)
    )


def test_whole_packets_in_one_chunk() -> None:
    """Packets that follow each other come out in order, with nothing left."""
    splitter = PacketSplitter()
    assert splitter.feed(A + B + A) == [A, B, A]
    assert splitter.state.counters.packets == 3
    assert splitter.state.buffer == b""


def test_one_octet_at_a_time() -> None:
    """A packet comes out with its last octet and not earlier."""
    splitter = PacketSplitter()
    outputs = [splitter.feed(bytes([octet])) for octet in A + B]
    assert [index for index, output in enumerate(outputs) if output] == [len(A) - 1, len(A + B) - 1]


def test_garbage_is_skipped_and_counted() -> None:
    """Octets that belong to no packet are counted, and the packets around them are found."""
    splitter = PacketSplitter(accepts=is_command, max_packet_octets=64)
    garbage = b"\xff\x38\x59" * 7
    assert splitter.feed(A + garbage + B) == [A, B]
    assert splitter.state.counters.skipped_octets == len(garbage)
    assert splitter.state.counters.resyncs == 1


def test_unknown_apids_are_garbage() -> None:
    """A packet of an APID that is not expected is skipped."""
    splitter = PacketSplitter(apids=[0x0B], max_packet_octets=64)
    assert splitter.feed(A + B) == [B]
    assert splitter.state.counters.skipped_octets == len(A)


def test_oversize_headers_are_garbage() -> None:
    """A header that declares more than the longest packet is skipped instead of waited for."""
    splitter = PacketSplitter(max_packet_octets=len(B))
    assert splitter.feed(build_command(0x0A, 0, 0, bytes(100))[:6] + b"\xff" * 6 + B) == [B]
    assert is_closed(splitter)


def test_bad_checksum_gives_the_octets_back_to_the_search() -> None:
    """A false header whose packet is not acceptable hides no true packet behind it."""
    false_header = bytes.fromhex("180ac0000010")
    splitter = PacketSplitter(accepts=is_command, max_packet_octets=64)
    assert splitter.feed(false_header + A + B) == [A, B]
    assert splitter.state.counters.skipped_octets == len(false_header)


def test_idle_packets_are_dropped_and_counted() -> None:
    """Idle packets come not out, whatever APIDs and acceptance say, and count by themselves."""
    splitter = PacketSplitter(apids=[0x0A], accepts=is_command)
    assert splitter.feed(idle_packet(20) + A + idle_packet(7)) == [A]
    counters = splitter.state.counters
    assert (counters.idle_packets, counters.idle_octets, counters.packets, counters.skipped_octets) == (2, 27, 1, 0)


def test_reset_gives_up_the_packet_in_progress() -> None:
    """After a reset a new packet is found at once, and the octets given up are counted."""
    splitter = PacketSplitter()
    splitter.reset()
    assert splitter.state.synchronised
    assert splitter.feed(A[:-1]) == []
    splitter.reset()
    assert splitter.feed(B) == [B]
    assert splitter.state.counters.skipped_octets == len(A) - 1
    assert splitter.state.counters.resyncs == 1


@pytest.mark.parametrize("octets", [6, 65_543])
def test_bound_must_fit_a_packet(octets: int) -> None:
    """The longest packet can be set between the shortest and the longest there are."""
    with pytest.raises(FieldRangeError, match="max packet octets"):
        PacketSplitter(max_packet_octets=octets)


PIECES = st.lists(
    st.one_of(
        st.builds(build_telemetry, st.just(0x0A), st.integers(0, 9), st.just(0), st.just(0), st.binary(max_size=20)),
        st.integers(7, 20).map(idle_packet),
        st.binary(max_size=15),
    ),
    max_size=8,
)


@MODEST
@given(PIECES, st.data())
def test_the_cut_does_not_matter(pieces: list[bytes], data: st.DataObject) -> None:
    """A stream gives the same packets and counters in one chunk, octet by octet, and cut anywhere."""
    stream = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    chunkings = [
        [stream],
        [stream[index : index + 1] for index in range(len(stream))],
        [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)],
    ]
    results = []
    for chunks in chunkings:
        splitter = PacketSplitter(apids=[0x0A], accepts=is_telemetry, max_packet_octets=64)
        packets = []
        for chunk in chunks:
            packets += splitter.feed(chunk)
            assert is_closed(splitter)
            assert len(splitter.state.buffer) < 64
        results.append((packets, splitter.state.counters, bytes(splitter.state.buffer), splitter.state.skips))
    assert results[0] == results[1] == results[2]


@MODEST
@given(PIECES)
def test_true_packets_survive_garbage(pieces: list[bytes]) -> None:
    """With an acceptance test, every true packet comes out in order once enough octets follow."""
    wanted = [piece for piece in pieces if is_telemetry(piece)]
    splitter = PacketSplitter(apids=[0x0A], accepts=is_telemetry, max_packet_octets=64)
    assert splitter.feed(b"".join(pieces) + b"\xff" * 64) == wanted


def test_state_can_be_saved_and_restored() -> None:
    """A splitter goes on from a saved state as if it were the first."""
    first = PacketSplitter()
    first.feed(A + B[:9])
    second = PacketSplitter()
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=SplitterState)
    assert second.feed(B[9:]) == first.feed(B[9:]) == [B]
    assert second.state == first.state


def test_skipped_runs_are_reported() -> None:
    """Each run of octets that belong to no packet is reported with its place, its length and why it was skipped."""
    oversize = build_command(0x0A, 0, 0, bytes(100))[:6] + b"\xff" * 6
    stranger = build_command(0x0C, 0, 0)
    corrupt = A[:-1] + bytes([A[-1] ^ 1])
    pieces = [A, b"\xff" * 9, B, oversize, A, stranger, B, corrupt, A, idle_packet(9), B[:-2]]
    _, skips = split_packets(b"".join(pieces), apids=[0x0A, 0x0B], accepts=is_command, max_packet_octets=64)
    starts = [sum(map(len, pieces[:index])) for index in range(len(pieces))]
    assert skips == [
        SkippedRun(starts[1], 9, SkipReason.BAD_VERSION),
        SkippedRun(starts[3], len(oversize), SkipReason.TOO_LONG),
        SkippedRun(starts[5], len(stranger), SkipReason.UNKNOWN_APID),
        SkippedRun(starts[7], len(corrupt), SkipReason.REFUSED),
        SkippedRun(starts[10], len(B) - 2, SkipReason.INCOMPLETE),
    ]


def test_a_false_header_at_the_end_hides_nothing() -> None:
    """When the stream ends in a packet that never comes, the true packets behind its header are found."""
    false_header = bytes.fromhex("180ac0000040")
    packets, skips = split_packets(false_header + A + B, accepts=is_command, max_packet_octets=80)
    assert packets == [A, B]
    assert skips == [SkippedRun(0, 6, SkipReason.INCOMPLETE)]


def test_the_list_of_skips_is_bounded() -> None:
    """Runs beyond the bound are counted but not listed, and there is room again when the list was taken."""
    splitter = PacketSplitter(accepts=is_command, max_packet_octets=64, max_skips=2)
    splitter.feed((b"\xff" * 7 + A) * 5)
    assert [run.offset for run in splitter.take_skips()] == [0, 7 + len(A)]
    assert splitter.state.counters.unlisted_skips == 3
    assert splitter.state.counters.skipped_octets == 35
    splitter.feed(b"\xff" * 7)
    assert splitter.take_skips() == [SkippedRun(5 * (7 + len(A)), 2, SkipReason.BAD_VERSION)]
    splitter.finish()
    assert splitter.take_skips() == [SkippedRun(5 * (7 + len(A)) + 2, 5, SkipReason.INCOMPLETE)]


@pytest.mark.parametrize("skips", [-1, 1_000_001])
def test_bound_of_the_list(skips: int) -> None:
    """The list of skips has a bound."""
    with pytest.raises(FieldRangeError, match="max skips"):
        PacketSplitter(max_skips=skips)


@MODEST
@given(PIECES)
def test_every_octet_of_a_file_is_told(pieces: list[bytes]) -> None:
    """The packets, idle packets and skipped runs of a file are all its octets, and the runs do not touch."""
    octets = b"".join(pieces)
    splitter = PacketSplitter(apids=[0x0A], accepts=is_telemetry, max_packet_octets=64)
    packets = splitter.feed(octets) + splitter.finish()
    skips = splitter.take_skips()
    assert (packets, skips) == split_packets(octets, apids=[0x0A], accepts=is_telemetry, max_packet_octets=64)
    assert is_closed(splitter)
    assert not splitter.state.buffer
    assert sum(run.octets for run in skips) == splitter.state.counters.skipped_octets
    assert all(first.offset + first.octets < second.offset for first, second in pairwise(skips))
    assert [piece for piece in pieces if is_telemetry(piece)] == packets
