"""Space Packets against spacepackets (us-irs), which parses and writes what we write and parse."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import WrongVersionError
from tlm_cmd.packets.segmentation import UserData, UserDataReassembler, segment_user_data
from tlm_cmd.packets.sequence import SequenceCounters
from tlm_cmd.packets.spacepacket import PacketType, SequenceFlags, SpacePacketHeader, idle_packet
from tlm_cmd.packets.splitter import split_packets

pytest.importorskip("spacepackets")

from spacepackets.ccsds import spacepacket as peer
from spacepackets.seqcount import CcsdsFileSeqCountProvider, SeqCountProvider

MODEST = settings(max_examples=200, deadline=None)
HEADERS = st.builds(
    SpacePacketHeader,
    st.sampled_from(PacketType),
    st.booleans(),
    st.integers(0, 2046),
    st.sampled_from(SequenceFlags),
    st.integers(0, 16_383),
    st.integers(1, 65_536),
)


def peer_header(header: SpacePacketHeader) -> peer.SpacePacketHeader:
    """Return the peer's header with the same fields."""
    return peer.SpacePacketHeader(
        packet_type=peer.PacketType(header.packet_type),
        sec_header_flag=header.secondary_header,
        apid=header.apid,
        seq_flags=peer.SequenceFlags(header.sequence_flags),
        seq_count=header.sequence_count,
        data_len=header.data_octets - 1,
    )


@MODEST
@given(HEADERS)
def test_headers_agree_in_both_directions(header: SpacePacketHeader) -> None:
    """Both write the same octets for every field, and each reads the other's fields back."""
    octets = bytes(peer_header(header).pack())
    assert header.pack() == octets
    assert SpacePacketHeader.unpack(octets) == header
    found = peer.SpacePacketHeader.unpack(header.pack())
    assert found == peer_header(header)
    assert found.packet_len == header.packet_octets


def test_every_combination_of_flags() -> None:
    """Both types, both secondary header flags and all four sequence flags are the same on the wire."""
    for packet_type in PacketType:
        for secondary in (False, True):
            for flags in SequenceFlags:
                header = SpacePacketHeader(packet_type, secondary, 0x3A5, flags, 9000, 12)
                assert header.pack() == bytes(peer_header(header).pack())


def test_idle_packets_are_idle_there_too() -> None:
    """An idle packet of ours has the idle APID, no secondary header and its length for the peer."""
    found = peer.SpacePacketHeader.unpack(idle_packet(40))
    assert (found.apid, found.sec_header_flag, found.packet_len) == (0x7FF, False, 40)


def test_other_versions() -> None:
    """We refuse a version that is not 0; spacepackets 0.32 reads it as a Space Packet, which is not imitated."""
    octets = b"\xe8\x05\xc0\x00\x00\x00"
    assert peer.SpacePacketHeader.unpack(octets).ccsds_version == 7
    with pytest.raises(WrongVersionError):
        SpacePacketHeader.unpack(octets)


def test_sequence_counts_wrap_alike(tmp_path: Path) -> None:
    """Both go on with 0 after 16,383; the peer's counter in memory never wraps in 0.32, which is not imitated."""
    ours, theirs = SequenceCounters(), CcsdsFileSeqCountProvider(tmp_path / "count.txt")
    ours.state.next_counts[5] = 16_380
    (tmp_path / "count.txt").write_text("16380\n", encoding="ascii")
    assert [ours.next(5) for _ in range(9)] == [theirs.get_and_increment() for _ in range(9)]
    in_memory = SeqCountProvider(14)
    in_memory.count = 16_384
    assert in_memory.get_and_increment() == 16_384


def test_segments_are_packets_there() -> None:
    """The peer finds the pieces of segmented user data with their flags and counts, and pieces of its own come back."""
    data = bytes(range(256)) * 4
    packets = segment_user_data(data, SequenceCounters(), apid=77, secondary_header=b"time", max_packet_octets=200)
    headers = [peer.SpacePacketHeader.unpack(packet) for packet in packets]
    assert [header.seq_flags.name for header in headers] == [
        "FIRST_SEGMENT",
        *["CONTINUATION_SEGMENT"] * (len(packets) - 2),
        "LAST_SEGMENT",
    ]
    assert [header.seq_count for header in headers] == list(range(len(packets)))
    made = [
        bytes(peer.SpacePacket(header, sec_header=b"time", user_data=packet[10:]).pack())
        for header, packet in zip(headers, packets, strict=True)
    ]
    reassembler = UserDataReassembler(secondary_header_octets=4)
    assert [unit for packet in made if (unit := reassembler.add(packet))] == [UserData(77, b"time", data)]


@pytest.mark.parametrize("seed", range(20))
def test_streams_are_split_alike(seed: int) -> None:
    """Both find the same packets in a stream with garbage in it, and the same octets that belong to none."""
    stream = random.Random(seed)
    counters = SequenceCounters()
    apids = (5, 0x123, 2046)
    pieces = []
    for _ in range(40):
        if stream.random() < 0.3:
            pieces.append(b"\xff" * stream.randrange(1, 20))
        data = stream.randbytes(stream.randrange(1, 100))
        pieces += segment_user_data(data, counters, apid=stream.choice(apids))
    octets = b"".join(pieces)
    ours, skips = split_packets(octets, apids=apids)
    ids = [peer.PacketId(peer.PacketType.TM, False, apid) for apid in apids]
    theirs = peer.parse_space_packets(octets, ids)
    assert ours == [bytes(packet) for packet in theirs.tm_list]
    assert [range(run.offset, run.offset + run.octets) for run in skips] == theirs.skipped_ranges
