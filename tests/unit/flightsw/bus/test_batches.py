import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.bus.batches import MAGIC, BatchError, BatchHeader, MessagePacker, pack_batch, unpack_header
from flightsw.bus.requests import Passage, Request
from tests.unit.flightsw.bus.conftest import Words
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_command

U16, U32, U64 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
HEADERS = st.builds(BatchHeader, U16, U16, U16, U64, U64, U16, U32, U32)


@given(HEADERS)
def test_headers_come_back(header: BatchHeader) -> None:
    """A header is read as it was written."""
    assert unpack_header(pack_batch(header, [])) == header


def test_what_is_no_batch_is_refused() -> None:
    """Too short, or another kind of message."""
    octets = pack_batch(BatchHeader(1, 2, 0, 0, 0), [])
    with pytest.raises(BatchError, match=f"batch of {len(octets) - 1} octets, at least {len(octets)}"):
        unpack_header(octets[:-1])
    with pytest.raises(BatchError, match=f"begins with 0x0000, 0x{MAGIC:04x}"):
        unpack_header(bytes(len(octets)))


def test_messages_come_back(words: type[Words]) -> None:
    """Telemetry, events and commands travel together and keep their order; a command knows its passage."""
    packer = MessagePacker(words.dictionary)
    messages = [(words.count_id, words.Count(7)), (words.gone_id, words.Gone(3)), (words.image_id, words.Image(b"pic"))]
    items = [packer.pack(message_id, message, (1, 2)) for message_id, message in messages]
    items.insert(1, packer.pack_command(words.request(5, speed=9), 44))
    header = BatchHeader(2, 3, 4, 0, 0)
    unpacked = packer.unpack(pack_batch(header, items), header)
    assert unpacked.malformed == 0
    assert [message for message in unpacked.messages if message[0] != words.go_id] == messages
    message_id, request = unpacked.messages[1]
    assert message_id == words.go_id
    assert isinstance(request, Request)
    assert (request.id, request.command) == (words.request(5).id, words.Go(9))
    assert request.passage == Passage(2, 3, 44)


def test_sequence_counts_run_per_message(words: type[Words]) -> None:
    """Each message has a count of its own, and one that cannot be encoded uses none up."""
    packer = MessagePacker(words.dictionary)
    counts = []
    for message_id, message in (
        (words.count_id, words.Count(1)),
        (words.gone_id, words.Gone(1)),
        (words.count_id, words.Count(2)),
    ):
        counts.append(int.from_bytes(packer.pack(message_id, message, (0, 0))[2:4], "big") & 0x3FFF)
        with pytest.raises(ProtocolError, match="number"):
            packer.pack(words.count_id, words.Count(-1), (0, 0))
    assert counts == [0, 0, 1]


def test_only_messages_can_be_packed(words: type[Words]) -> None:
    """Anything else on the bus is refused by its class."""
    with pytest.raises(BatchError, match="str is no message"):
        MessagePacker(words.dictionary).pack(words.count_id, "text", (0, 0))


def test_what_cannot_be_read_is_counted_and_the_rest_kept(words: type[Words]) -> None:
    """A wrong checksum, an unknown packet or an unknown function spoils one item, not the batch."""
    packer = MessagePacker(words.dictionary)
    good = packer.pack(words.count_id, words.Count(7), (1, 2))
    broken = good[:-1] + bytes((good[-1] ^ 1,))
    unknown = b"\x0f\xa1" + good[2:]
    command = packer.pack_command(words.request(1), 1)
    no_function = command[:6] + b"\x55\x00" + command[8:]
    items = [good, broken, unknown, no_function, good]
    header = BatchHeader(0, 1, len(items), 0, 0)
    unpacked = packer.unpack(pack_batch(header, items), header)
    assert (unpacked.messages, unpacked.malformed) == ([(words.count_id, words.Count(7))] * 2, 3)


def test_a_command_whose_function_is_unknown_is_malformed(words: type[Words]) -> None:
    """It passes its checksum, but no app has it."""
    packer = MessagePacker(words.dictionary)
    item = build_command(0x20, 0, 77) + bytes(6)
    header = BatchHeader(0, 1, 1, 0, 0)
    assert packer.unpack(pack_batch(header, [item]), header).malformed == 1


def test_a_batch_that_is_cut_off_loses_its_end(words: type[Words]) -> None:
    """Of a batch cut anywhere, what is whole is kept, and the rest counted."""
    packer = MessagePacker(words.dictionary)
    items = [packer.pack_command(words.request(1), 1), packer.pack(words.count_id, words.Count(7), (1, 2))]
    header = BatchHeader(0, 1, 2, 0, 0)
    octets = pack_batch(header, items)
    start = len(octets) - sum(map(len, items))
    for end in range(start, len(octets) + 1):
        unpacked = packer.unpack(octets[:end], header)
        whole = (end >= start + len(items[0])) + (end == len(octets))
        assert (len(unpacked.messages), unpacked.malformed) == (whole, 2 - whole)


@settings(max_examples=300)
@given(data=st.binary(max_size=200), count=st.integers(0, 70))
def test_no_octets_confuse_the_reader(data: bytes, count: int) -> None:
    """Whatever the octets are, reading them ends, and as many items are accounted for as were announced."""
    header = BatchHeader(0, 1, count, 0, 0)
    unpacked = MessagePacker(Words.dictionary).unpack(pack_batch(header, [data]), header)
    assert len(unpacked.messages) + unpacked.malformed == count
