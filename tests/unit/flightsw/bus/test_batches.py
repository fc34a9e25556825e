import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.bus.batches import MAGIC, BatchError, BatchHeader, MessagePacker, pack_batch, unpack_header
from flightsw.bus.requests import Passage, Request
from tests.unit.flightsw.bus.conftest import Words
from tlm_cmd.definition.codec import codec_of

U16, U32, U64 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
HEADERS = st.builds(BatchHeader, U16, U16, U16, U32, U64, U64, U64, U32, U64, U32)
MARK = MessagePacker(Words.dictionary).dictionary_mark


@given(HEADERS)
def test_headers_come_back(header: BatchHeader) -> None:
    """A header is read as it was written."""
    assert unpack_header(pack_batch(header, []), header.dictionary) == header


def header_of(count: int) -> BatchHeader:
    """The header of a first batch."""
    return BatchHeader(2, 3, count, MARK, 0, 0, series=8)


def test_what_is_no_batch_is_refused() -> None:
    """Too short, another kind of message, or damaged in any bit."""
    octets = pack_batch(header_of(1), [b"item"])
    with pytest.raises(BatchError, match="batch of 10 octets, at least 58 are needed"):
        unpack_header(octets[:10], MARK)
    with pytest.raises(BatchError, match=f"begins with 0x0000, 0x{MAGIC:04x}"):
        unpack_header(bytes(len(octets)), MARK)
    for bit in range(len(octets) * 8):
        damaged = bytearray(octets)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BatchError):
            unpack_header(bytes(damaged), MARK)


def test_messages_come_back(words: type[Words]) -> None:
    """Telemetry, events and commands travel together and keep their order; a command knows its passage."""
    packer = MessagePacker(words.dictionary)
    messages = [(words.count_id, words.Count(7)), (words.gone_id, words.Gone(3)), (words.image_id, words.Image(b"pic"))]
    items = [packer.pack(message_id, message) for message_id, message in messages]
    items.insert(1, packer.pack_command(words.request(5, speed=9), 44))
    header = header_of(4)
    unpacked = packer.unpack(pack_batch(header, items), header)
    assert unpacked.malformed == 0
    assert [message for message in unpacked.messages if message[0] != words.go_id] == messages
    message_id, request = unpacked.messages[1]
    assert message_id == words.go_id
    assert isinstance(request, Request)
    assert (request.id, request.command) == (words.request(5).id, words.Go(9))
    assert request.passage == Passage(2, 8, 44)


def test_a_message_is_encoded_once_for_all_its_links(words: type[Words], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same object is asked for again and again; another one is another message."""
    packer, encoded = MessagePacker(words.dictionary), []
    codec = codec_of(words.Count)
    encode = codec.encode
    monkeypatch.setattr(codec, "encode", lambda message: encoded.append(message) or encode(message))
    first, second = words.Count(1), words.Count(1)
    items = [packer.pack(words.count_id, message) for message in (first, first, second, second, first)]
    assert len(set(items)) == 1
    assert [message is first for message in encoded] == [True, False, True]


def test_a_command_is_read_back_by_who_packed_it(words: type[Words]) -> None:
    """An item that waits to be sent again tells the command that it holds."""
    packer = MessagePacker(words.dictionary)
    assert packer.unpack_command(packer.pack_command(words.request(5, speed=9), 44)) == words.request(5, speed=9)


def test_only_messages_can_be_packed(words: type[Words]) -> None:
    """Anything else on the bus is refused by its class."""
    with pytest.raises(BatchError, match="str is no message"):
        MessagePacker(words.dictionary).pack(words.count_id, "text")


def test_what_cannot_be_read_is_counted_and_the_rest_kept(words: type[Words]) -> None:
    """A wrong length, an unknown packet or an unknown function spoils one item, not the batch."""
    packer = MessagePacker(words.dictionary)
    good = packer.pack(words.count_id, words.Count(7))
    broken = good[:2] + (len(good) - 3).to_bytes(2, "big") + good[4:] + b"\0"
    unknown = b"\x0f\xa1" + good[2:]
    command = packer.pack_command(words.request(1), 1)
    no_function = command[:8] + b"\x55" + command[9:]
    no_head = command[:2] + b"\0\x03" + command[4:7]
    items = [good, broken, unknown, no_function, no_head, good]
    header = header_of(len(items))
    unpacked = packer.unpack(pack_batch(header, items), header)
    assert (unpacked.messages, unpacked.malformed) == ([(words.count_id, words.Count(7))] * 2, 4)


def test_a_batch_that_is_cut_off_loses_its_end(words: type[Words]) -> None:
    """Of a batch cut anywhere, what is whole is kept, and the rest counted."""
    packer = MessagePacker(words.dictionary)
    items = [packer.pack_command(words.request(1), 1), packer.pack(words.count_id, words.Count(7))]
    header = header_of(2)
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
    header = header_of(count)
    unpacked = MessagePacker(Words.dictionary).unpack(pack_batch(header, [data]), header)
    assert len(unpacked.messages) + unpacked.malformed == count
