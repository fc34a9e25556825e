import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.packets.segmentation import (
    DEFAULT_MAX_OPEN,
    ReassemblerState,
    UserData,
    UserDataReassembler,
    segment_user_data,
)
from tlm_cmd.packets.sequence import SequenceCounters
from tlm_cmd.packets.spacepacket import PacketType, SequenceFlags, SpacePacketHeader, idle_packet

MODEST = settings(max_examples=60, deadline=None)


def segments(data: bytes, counters: SequenceCounters | None = None, apid: int = 5, octets: int = 16) -> list[bytes]:
    """Return packets of at most ``octets`` octets without secondary headers."""
    return segment_user_data(data, counters or SequenceCounters(), apid=apid, max_packet_octets=octets)


def is_closed(reassembler: UserDataReassembler) -> bool:
    """Whether every octet of user data is accounted for."""
    counters = reassembler.state.counters
    partial = sum(len(unit.data) for unit in reassembler.state.partial.values())
    return counters.octets == counters.unit_octets + counters.dropped_octets + partial


def add_all(reassembler: UserDataReassembler, packets: list[bytes]) -> list[UserData]:
    """Return the units that packets complete, with the books checked at each one."""
    units = []
    for packet in packets:
        unit = reassembler.add(packet)
        assert is_closed(reassembler)
        if unit is not None:
            units.append(unit)
    return units


@pytest.mark.parametrize(
    ("octets", "flags"),
    [
        (1, [SequenceFlags.UNSEGMENTED]),
        (10, [SequenceFlags.UNSEGMENTED]),
        (11, [SequenceFlags.FIRST, SequenceFlags.LAST]),
        (30, [SequenceFlags.FIRST, SequenceFlags.CONTINUATION, SequenceFlags.LAST]),
    ],
)
def test_flags_and_counts(octets: int, flags: list[SequenceFlags]) -> None:
    """The flags tell first, middle and last pieces, and the counts follow each other."""
    headers = [SpacePacketHeader.unpack(packet) for packet in segments(bytes(octets))]
    assert [header.sequence_flags for header in headers] == flags
    assert [header.sequence_count for header in headers] == list(range(len(flags)))
    assert all(header.packet_type is PacketType.TELEMETRY and not header.secondary_header for header in headers)


def test_secondary_header_in_every_packet() -> None:
    """A secondary header stands in front of each piece, and takes its room."""
    packets = segment_user_data(
        b"0123456789",
        SequenceCounters(),
        apid=5,
        packet_type=PacketType.TELECOMMAND,
        secondary_header=b"time",
        max_packet_octets=15,
    )
    assert [packet[6:] for packet in packets] == [b"time01234", b"time56789"]
    assert all(packet[0] >> 3 == 3 for packet in packets)
    reassembler = UserDataReassembler(secondary_header_octets=4)
    assert add_all(reassembler, packets) == [UserData(5, b"time", b"0123456789")]


@pytest.mark.parametrize(("data", "apid", "octets"), [(b"", 5, 16), (b"x", 2047, 16), (b"x", 5, 6), (b"x", 5, 65_543)])
def test_segmentation_limits(data: bytes, apid: int, octets: int) -> None:
    """No data, the idle APID, and packets without room for data or too long are refused."""
    with pytest.raises(FieldRangeError):
        segments(data, apid=apid, octets=octets)


@MODEST
@given(st.integers(0, 2**32))
def test_units_come_back_per_apid(seed: int) -> None:
    """Units of several APIDs, with idle packets in between and counts that wrap, come back whole and in order."""
    stream = random.Random(seed)
    counters = SequenceCounters()
    queues: dict[int, list[bytes]] = {}
    sent: dict[int, list[bytes]] = {}
    for apid in (1, 2, 2046):
        counters.state.next_counts[apid] = 16_380
        sent[apid] = [stream.randbytes(stream.randrange(1, 90)) for _ in range(5)]
        queues[apid] = [packet for data in sent[apid] for packet in segments(data, counters, apid)]
    reassembler = UserDataReassembler()
    found: dict[int, list[bytes]] = {apid: [] for apid in sent}
    while any(queues.values()):
        queue = stream.choice([queue for queue in queues.values() if queue])
        for unit in add_all(reassembler, [idle_packet(9), queue.pop(0)]):
            found[unit.apid].append(unit.data)
    assert found == sent
    assert reassembler.state.counters.dropped_octets == 0


@MODEST
@given(st.integers(0, 2**32), st.integers(0, 40))
def test_only_true_units_come_back(seed: int, percent: int) -> None:
    """Over a link that loses and repeats packets, what comes back was sent, once and in order, and no octet is lost."""
    stream = random.Random(seed)
    counters = SequenceCounters()
    sent = [bytes([mark]) * stream.randrange(1, 60) for mark in range(20)]
    arriving = []
    for packet in (packet for data in sent for packet in segments(data, counters)):
        fate = stream.randrange(100)
        if fate >= percent:
            arriving.append(packet)
        elif fate % 2 and packet[2] >> 6 in {SequenceFlags.CONTINUATION, SequenceFlags.LAST}:
            arriving += [packet, packet]
    found = [unit.data for unit in add_all(UserDataReassembler(), arriving)]
    remaining = iter(sent)
    assert all(data in remaining for data in found)
    assert percent or found == sent


def test_units_that_never_end_hold_up_nothing() -> None:
    """Where too many are in progress, the one that began first makes room for the next one."""
    reassembler, source = UserDataReassembler(), SequenceCounters()
    units = {apid: segments(bytes(15), source, apid=apid) for apid in range(100, 170)}
    add_all(reassembler, [first for first, _ in units.values()])
    counters = reassembler.state.counters
    assert counters.too_many_open == 70 - DEFAULT_MAX_OPEN
    assert list(reassembler.state.partial) == list(range(170 - DEFAULT_MAX_OPEN, 170))
    found = [unit.apid for unit in add_all(reassembler, [last for _, last in units.values()])]
    assert found == list(range(170 - DEFAULT_MAX_OPEN, 170))
    assert counters.octets == counters.unit_octets + counters.dropped_octets


def test_what_is_dropped_has_a_reason() -> None:
    """Each way to lose a unit has its own counter."""
    reassembler = UserDataReassembler(max_unit_octets=25, max_open=1)
    source = SequenceCounters()
    first, middle, last = segments(bytes(25), source)
    other = segments(bytes(25), source, apid=6)
    counters = reassembler.state.counters
    assert add_all(reassembler, [middle, last]) == []
    assert counters.without_start == 2
    assert add_all(reassembler, [first, last]) == []
    assert counters.gaps == 1
    assert add_all(reassembler, [first, first, middle, middle, last]) == [UserData(5, b"", bytes(25))]
    assert add_all(reassembler, [first, *other]) == [UserData(6, b"", bytes(25))]
    assert (counters.unfinished, counters.repeated, counters.too_many_open) == (1, 1, 1)
    assert add_all(reassembler, segments(bytes(26))) == []
    assert add_all(reassembler, segments(bytes(26), octets=40)) == []
    assert add_all(reassembler, segments(bytes(60), octets=40)) == []
    assert counters.oversize == 3


def test_a_piece_repeated_at_the_wrap() -> None:
    """A repeated piece is known as one when its count is 16,383 and the expected one 0."""
    source = SequenceCounters()
    source.state.next_counts[5] = 16_382
    first, middle, last = segments(bytes(25), source)
    reassembler = UserDataReassembler()
    assert add_all(reassembler, [first, middle, middle, last]) == [UserData(5, b"", bytes(25))]
    assert reassembler.state.counters.repeated == 1


def test_packets_that_are_none() -> None:
    """Octets that are not one packet, or too few for their secondary header, are counted and nothing else."""
    reassembler = UserDataReassembler(secondary_header_octets=4)
    short = SpacePacketHeader(PacketType.TELEMETRY, True, 5, SequenceFlags.UNSEGMENTED, 0, 4).pack()
    assert add_all(reassembler, [b"", b"x" * 20, segments(b"x")[0] + b"x", short + b"1234"]) == []
    assert (reassembler.state.counters.malformed, reassembler.state.counters.octets) == (4, 0)
    assert add_all(reassembler, segments(b"no header")) == [UserData(5, b"", b"no header")]


@MODEST
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 5), st.binary(min_size=1, max_size=20))))
def test_any_packets_are_accounted_for(items: list[tuple[int, int, int, bytes]]) -> None:
    """Whatever arrives, nothing raises, the books close, and memory is bounded."""
    reassembler = UserDataReassembler(max_unit_octets=30, max_open=2)
    for apid, flags, count, data in items:
        header = SpacePacketHeader(PacketType.TELEMETRY, False, apid, SequenceFlags(flags), count, len(data))
        add_all(reassembler, [header.pack() + data])
        assert len(reassembler.state.partial) <= 2
        assert all(len(unit.data) <= 30 for unit in reassembler.state.partial.values())


@pytest.mark.parametrize(
    "bounds", [{"secondary_header_octets": -1}, {"max_unit_octets": 0}, {"max_open": 0}, {"max_open": 2048}]
)
def test_reassembler_limits(bounds: dict[str, int]) -> None:
    """Bounds that bound nothing are refused."""
    with pytest.raises(FieldRangeError):
        UserDataReassembler(**bounds)


def test_state_can_be_saved_and_restored() -> None:
    """A reassembler goes on from a saved state, in the middle of a unit, as if it were the first."""
    packets = segments(bytes(range(40)))
    first, second = UserDataReassembler(), UserDataReassembler()
    add_all(first, packets[:2])
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=ReassemblerState)
    assert add_all(second, packets[2:]) == add_all(first, packets[2:]) == [UserData(5, b"", bytes(range(40)))]
    assert second.state == first.state
