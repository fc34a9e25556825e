from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.file_delivery.ends import CONTENT, FILE, FIRST, Ends, S, heard
from tlm_cmd.cfdp.codes import (
    ChecksumType,
    ConditionCode,
    DeliveryCode,
    Direction,
    DirectiveCode,
    FileStatus,
    Mode,
    RecordState,
    TransactionStatus,
)
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.errors import (
    FilestoreError,
    TooManyTransactionsError,
    UnknownEntityError,
    UnknownTransactionError,
)
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.indications import EofReceived, SegmentReceived, TransactionStarted
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Content, Pdu
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.errors import FieldRangeError

TO = PduHeader(Direction.TOWARD_RECEIVER, Mode.ACKNOWLEDGED, 1, 0, 2)
FRO = TO.turned()
NO_ERROR = ConditionCode.NO_ERROR
FINISHED = Finished(NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED)


@pytest.fixture
def entity() -> Entity:
    """Entity 2, which knows entity 1."""
    return Ends().make(1)


def tell(entity: Entity, content: Content, header: PduHeader = TO) -> None:
    """Let a PDU arrive."""
    entity.receive(Pdu(header, content).pack(), 0)


def answers(entity: Entity) -> list[tuple[PduHeader, Content]]:
    """Return all that an entity has to send now."""
    found = []
    while (octets := entity.next_pdu(0)) is not None:
        pdu = Pdu.unpack(octets)
        found.append((pdu.header, pdu.content))
    return found


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "too_short"),
        (b"\x20\x00\x00", "too_short"),
        (bytes.fromhex("20000313"), "too_short"),
        (bytes.fromhex("00000213 0001 00000000 0002 0900"), "bad_version"),
        (bytes.fromhex("20000313 0001 00000000 0002 0900"), "bad_length"),
        (bytes.fromhex("22000413 0001 00000000 0002 09000000"), "bad_crc"),
        (bytes.fromhex("20000213 0001 00000000 0002 0300"), "bad_content"),
        (bytes.fromhex("28000213 0001 00000000 0002 0900"), "wrong_direction"),
        (bytes.fromhex("38000513 0001 00000000 0002 0000000061"), "wrong_direction"),
        (bytes.fromhex("20000313 0001 00000000 0002 064001"), "wrong_direction"),
        (bytes.fromhex("20000213 0001 00000000 0003 0900"), "wrong_destination"),
        (bytes.fromhex("20000213 0009 00000000 0002 0900"), "unknown_entity"),
        (bytes.fromhex("20000213 0001 00000000 0002 0900"), "unknown_transaction"),
        (bytes.fromhex("28000313 0002 00000000 0001 064001"), "unknown_transaction"),
        (bytes.fromhex("28000313 0001 00000000 0002 064001"), "wrong_destination"),
    ],
)
def test_what_is_refused_is_counted_by_reason(entity: Entity, octets: bytes, reason: str) -> None:
    """Nothing raises, nothing begins, and the sum holds."""
    entity.receive(octets, 0)
    counters = entity.state.counters
    assert getattr(counters, reason) == counters.refused == counters.pdus == 1
    assert entity.transactions == ()


def test_what_begins_a_transaction(entity: Entity) -> None:
    """Metadata, data, and an EOF that cancels nothing."""
    for number, content in enumerate((Metadata(1, "a", "b", 0), FileData(0, b"x"), Eof(0, 1))):
        tell(entity, content, msgspec.structs.replace(TO, sequence_number=number))
        assert len(entity.transactions) == number + 1
    tell(entity, Eof(0, 1, ConditionCode.CANCEL_REQUEST), msgspec.structs.replace(TO, sequence_number=9))
    assert len(entity.transactions) == 3


def test_unknown_transactions_are_answered(entity: Entity) -> None:
    """An EOF that cancels and a Finished are acknowledged as unrecognised; unacknowledged ones are not (4.7.2)."""
    tell(entity, Eof(0, 1, ConditionCode.CANCEL_REQUEST))
    own = PduHeader(Direction.TOWARD_SENDER, Mode.ACKNOWLEDGED, 2, 5, 1, 1, 1, crc=True)
    tell(entity, FINISHED, own)
    unknown = TransactionStatus.UNRECOGNISED
    assert answers(entity) == [
        (FRO, Ack(DirectiveCode.EOF, ConditionCode.CANCEL_REQUEST, unknown)),
        (own.turned(), Ack(DirectiveCode.FINISHED, NO_ERROR, unknown)),
    ]
    class_1 = msgspec.structs.replace(own, mode=Mode.UNACKNOWLEDGED)
    tell(entity, FINISHED, class_1)
    tell(entity, Eof(0, 1, ConditionCode.CANCEL_REQUEST), msgspec.structs.replace(TO, mode=Mode.UNACKNOWLEDGED))
    assert answers(entity) == []


def test_answers_have_a_bound() -> None:
    """Those that find no room are counted; they will be asked for again."""
    entity = Ends(local={"max_answers": 2}).make(1)
    for _ in range(5):
        tell(entity, Eof(0, 1, ConditionCode.CANCEL_REQUEST))
    assert entity.state.counters.dropped_answers == 3
    assert len(answers(entity)) == 2
    assert entity.state.counters.answers == 2


def test_transactions_have_a_bound() -> None:
    """Those received and those sent, each; what is refused now can begin later."""
    ends = Ends(local={"max_transactions": 2})
    for number in range(3):
        tell(ends.receiver, FileData(0, b"x"), msgspec.structs.replace(TO, sequence_number=number))
    assert ends.receiver.state.counters.too_many_transactions == 1
    for _ in range(2):
        ends.sender.put(FILE)
    with pytest.raises(TooManyTransactionsError) as caught:
        ends.sender.put(FILE)
    assert caught.value.highest == 2
    assert len(ends.receiver.transactions) == 2


def test_indications_have_a_bound() -> None:
    """The oldest are kept, the others counted."""
    ends = Ends(local={"max_indications": 2})
    for _ in range(3):
        ends.sender.put(FILE)
    kept = ends.sender.take_indications()
    assert kept == [TransactionStarted(TransactionId(1, 0)), TransactionStarted(TransactionId(1, 1))]
    assert ends.sender.state.counters.dropped_indications == 1
    assert ends.sender.take_indications() == []


@pytest.mark.parametrize("crc", [True, False])
@pytest.mark.parametrize("large", [True, False])
def test_data_take_the_short_way_to_the_same_place(*, crc: bool, large: bool) -> None:
    """With every form of header: what is read on it is what the codec reads, and a broken PDU is refused alike."""
    header = msgspec.structs.replace(TO, crc=crc, large_file=large)
    entity = Ends().make(1)
    tell(entity, Metadata(9, "a", "b", 0), header)
    tell(entity, FileData(2, b"cde"), header)
    octets = Pdu(header, FileData(5, b"fghi")).pack()
    entity.receive(octets[:-1], 0)
    entity.receive(octets + b"x", 0)
    assert entity.state.counters.bad_length == 2
    if crc:
        entity.receive(octets[:-1] + bytes([octets[-1] ^ 1]), 0)
        assert entity.state.counters.bad_crc == 1
    short = octets[:1] + b"\x00\x02" + octets[3 : header.octets] + b"ab"
    entity.receive(short, 0)
    assert entity.state.counters.refused == 3 + crc
    entity.receive(octets, 0)
    tell(entity, FileData(0, b"ab"), header)
    state = entity.state.receivers[0]
    assert (state.received.starts, state.received.ends) == ([0], [9])
    assert entity.filestore.read("cfdp-partial-1-0", 0, 9) == b"abcdefghi"


def test_segment_metadata_take_the_long_way(entity: Entity) -> None:
    """They are read, and the data are taken."""
    header = msgspec.structs.replace(TO, segment_metadata=True)
    tell(entity, FileData(0, b"abc", RecordState.START, b"m"), header)
    assert entity.state.receivers[0].received.ends == [3]


def test_padding_is_ignored_where_the_link_has_it() -> None:
    """PDUs of file data and directives, the first and later ones."""
    files = MemoryFilestore()
    entity = Entity(LocalEntity(entity_id=2), [RemoteEntity(entity_id=1)], files, padded=True)
    for content in (Metadata(4, "a", "b", 0), FileData(0, b"ab"), FileData(2, b"cd"), Eof(0x61626364, 4)):
        entity.receive(Pdu(TO, content).pack() + b"\x55" * 7, 0)
    assert files.get("b") == b"abcd"


def test_segments_are_indicated_if_so_wanted() -> None:
    """Each that arrives, by whichever way."""
    ends = Ends(local={"segment_indications": True})
    ends.sender.put(FILE)
    ends.exchange()
    found = heard(ends.receiver, SegmentReceived)
    assert [segment.offset for segment in found] == list(range(0, 10_000, 1024))


def test_requests_that_cannot_be_met() -> None:
    """Are refused to the user, and no number is used up."""
    ends = Ends()
    with pytest.raises(UnknownEntityError, match="entity 9 is unknown"):
        ends.sender.put(PutRequest(9, "there", "here"))
    with pytest.raises(FilestoreError, match="no such file"):
        ends.sender.put(PutRequest(2, "nowhere", "here"))
    with pytest.raises(FieldRangeError, match="octets of destination file name"):
        ends.sender.put(PutRequest(2, "there", "x" * 256))
    with pytest.raises(FieldRangeError, match="metadata PDU octets"):
        ends.sender.put(PutRequest(2, messages=(bytes(255),) * 9))
    assert ends.sender.transactions == ()
    assert ends.sender.put(FILE) == FIRST


@pytest.mark.parametrize("what", ["cancel", "suspend", "report"])
def test_transactions_that_are_not_going_on(entity: Entity, what: str) -> None:
    """Are refused by their name."""
    with pytest.raises(UnknownTransactionError, match="transaction 7 of entity 3"):
        getattr(entity, what)(TransactionId(3, 7))
    with pytest.raises(UnknownTransactionError):
        entity.resume(TransactionId(3, 7), 0)
    with pytest.raises(UnknownTransactionError):
        entity.prompt(TransactionId(3, 7), keep_alive=True)


def test_entities_that_are_not_known(entity: Entity) -> None:
    """Have no link that could come or go, and nothing can be sent to them."""
    for call in (lambda: entity.freeze(9), lambda: entity.thaw(9, 0), lambda: entity.next_pdu(0, 9)):
        with pytest.raises(UnknownEntityError):
            call()


def test_numbers_wrap_and_pass_over_what_is_going_on() -> None:
    """A number is not used again while its transaction lives."""
    ends = Ends(local={"sequence_octets": 1, "max_transactions": 3})
    stays = ends.sender.put(PutRequest(2, "there", "slow"))
    ends.sender.suspend(stays)
    numbers = []
    for _ in range(300):
        numbers.append(ends.sender.put(PutRequest(2, "x", "here", content=b"x")).sequence_number)
        ends.exchange()
        assert ends.sender.transactions == (stays,)
    assert numbers == [*range(1, 256), *range(1, 46)]
    assert ends.receiver.transactions == ()
    assert ends.receiver.state.counters.late == 0


def test_several_links() -> None:
    """Each gets what is meant for its entity, and one may be away while the other is not."""
    files = MemoryFilestore()
    files.put("there", CONTENT)
    remotes = [RemoteEntity(entity_id=2), RemoteEntity(entity_id=3)]
    entity = Entity(LocalEntity(entity_id=1), remotes, files)
    for destination in (2, 3):
        entity.put(PutRequest(destination, "there", "here"))
    octets = entity.next_pdu(0, 3)
    assert octets is not None
    assert Pdu.unpack(octets).header.destination_id == 3
    entity.freeze(3)
    assert entity.next_pdu(0, 3) is None
    destinations = [Pdu.unpack(octets).header.destination_id for octets in iter(lambda: entity.next_pdu(0), None)]
    assert destinations == [2] * 12
    entity.receive(Pdu(PduHeader(Direction.TOWARD_RECEIVER, Mode.ACKNOWLEDGED, 3, 0, 1), Eof(0, 0, 15)).pack(), 0)
    assert entity.next_pdu(0) is None
    entity.thaw(3, 0)
    octets = entity.next_pdu(0, 3)
    assert octets is not None
    assert isinstance(Pdu.unpack(octets).content, Ack)


def test_files_take_turns() -> None:
    """A short file does not wait for a long one that was begun before."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.sender.put(PutRequest(2, "x", "short", content=b"x"))
    ends.exchange(most=9)
    assert ends.files[1].size("short") == 1
    assert ends.sender.transactions == (FIRST,)


def test_answers_have_a_crc_where_the_parameters_say_so() -> None:
    """Though the sender's PDUs have none, which are taken as they are."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.remote = {"crc": True}
    ends.receiver = ends.make(1)
    flags = []
    for _ in range(20):
        octets = ends.sender.next_pdu(0)
        if octets is not None:
            ends.receiver.receive(octets, 0)
        answer = ends.receiver.next_pdu(0)
        if answer is not None:
            flags.append(Pdu.unpack(answer).header.crc)
            ends.sender.receive(answer, 0)
    assert flags == [True, True]
    assert ends.over
    assert ends.delivered == CONTENT


def test_another_entity_cannot_meddle() -> None:
    """The name of a transaction is that of its source: what another sends under the same number is another one."""
    files = MemoryFilestore()
    entity = Entity(LocalEntity(entity_id=2), [RemoteEntity(entity_id=1), RemoteEntity(entity_id=3)], files)
    tell(entity, FileData(0, b"x"))
    tell(entity, FileData(5, b"y"), msgspec.structs.replace(TO, source_id=3))
    assert entity.transactions == (TransactionId(1, 0), TransactionId(3, 0))
    assert files.get("cfdp-partial-1-0") == b"x"


def test_time_is_asked_for_when_something_waits() -> None:
    """And not otherwise; a deadline that has been put off does no harm."""
    ends = Ends()
    ends.sender.poll(0)
    assert ends.sender.next_deadline_ns is None
    ends.sender.put(FILE)
    ends.exchange(lambda content: not isinstance(content, Ack))
    assert ends.sender.next_deadline_ns is not None
    ends.wait(11)
    ends.exchange()
    assert ends.over
    ends.wait(1000)
    assert ends.sender.next_deadline_ns is None
    assert ends.receiver.next_deadline_ns is None


def test_a_state_of_other_entities_is_refused() -> None:
    """What it holds could not be gone on with."""
    ends = Ends()
    ends.sender.put(FILE)
    other = Entity(LocalEntity(entity_id=1), [RemoteEntity(entity_id=5)], ends.files[0])
    with pytest.raises(UnknownEntityError, match="entity 2 is unknown, known are"):
        other.state = ends.sender.state
    tell(ends.receiver, FileData(0, b"x"))
    with pytest.raises(UnknownEntityError, match="entity 1 is unknown, known are"):
        other.state = ends.receiver.state


def test_the_first_eof_is_indicated_once(entity: Entity) -> None:
    """Repeated ones are only acknowledged."""
    tell(entity, Eof(0, 5))
    tell(entity, Eof(0, 5))
    assert len(heard(entity, EofReceived)) == 1


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """Return a PDU with a few octets changed, cut or added, and now and then a length field that fits again."""
    changed = bytearray(octets)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[place] ^= 1 << chance.randrange(8)
            case 1:
                changed[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del changed[place : place + chance.randrange(1, 5)]
            case _:
                changed[place:place] = chance.randbytes(chance.randrange(1, 5))
        if not changed:
            return b""
    if len(changed) > 20 and chance.random() < 0.7:
        start = 4 + 2 * ((changed[3] >> 4 & 7) + 1) + (changed[3] & 7) + 1
        changed[1:3] = max(0, len(changed) - start).to_bytes(2, "big")
    return bytes(changed)


@pytest.mark.parametrize("seed", range(20))
def test_no_octets_whatever_raise(seed: int) -> None:
    """Mutated PDUs of every kind, between good ones: both ends go on, and what arrived is accounted for."""
    chance = random.Random(seed)
    ends = Ends(
        {"checksum_type": chance.choice(list(ChecksumType)), "immediate_nak": True, "max_pdu_octets": 200},
        {"max_transactions": 8, "max_parts": 16},
    )
    for files in ends.files:
        files.max_octets = 1 << 20
    contents: list[tuple[PduHeader, Content]] = [
        (TO, Metadata(10_000, "there", "here", 0)),
        (FRO, Nak(0, 10_000, ((0, 0), (5, 2000)))),
        (FRO, FINISHED),
        (TO, Prompt(keep_alive=False)),
        (FRO, KeepAlive(5)),
        (TO, Eof(1, 10_000, ConditionCode.CANCEL_REQUEST, 1)),
        (FRO, Ack(DirectiveCode.EOF, NO_ERROR, TransactionStatus.ACTIVE)),
    ]
    for _ in range(6):
        ends.sender.put(FILE)
    arrived = [0, 0]
    for _ in range(400):
        ends.now_ns += S
        for index, end in enumerate((ends.sender, ends.receiver)):
            other = (ends.receiver, ends.sender)[index]
            octets = end.next_pdu(ends.now_ns)
            if octets is None or chance.random() < 0.2:
                header, content = chance.choice(contents)
                octets = Pdu(msgspec.structs.replace(header, sequence_number=chance.randrange(8)), content).pack()
            for sent in (octets, mutated(octets, chance)):
                other.receive(sent, ends.now_ns)
                arrived[1 - index] += 1
    for end, count in zip((ends.sender, ends.receiver), arrived, strict=True):
        counters = end.state.counters
        assert counters.pdus == count == counters.accepted + counters.late + counters.refused
        assert len(end.transactions) <= 16
        msgspec.msgpack.decode(msgspec.msgpack.encode(end.state), type=type(end.state))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_random_octets_are_refused_or_taken(octets: bytes) -> None:
    """Whatever they are."""
    entity = Ends().make(1)
    entity.receive(octets, 0)
    counters = entity.state.counters
    assert counters.accepted + counters.late + counters.refused == 1


@pytest.mark.parametrize(
    "content", [FileData(1 << 40, b"far away"), Eof(0, 1 << 40), Metadata(1 << 40, "there", "here", 0)]
)
def test_sizes_of_eight_octets_have_no_place_in_a_transaction_with_four(entity: Entity, content: Content) -> None:
    """The large file flag is one of the whole transaction (5.1.3): else nothing could be asked for that is missing."""
    tell(entity, FileData(0, b"start"))
    tell(entity, content, msgspec.structs.replace(TO, large_file=True))
    tell(entity, Prompt(keep_alive=False))
    assert entity.state.counters.bad_content == 1
    assert [answer for _, answer in answers(entity)] == [Nak(0, 5, ((0, 0),))]


def test_no_segment_reaches_beyond_what_four_octets_can_name() -> None:
    """Its end could not be reported: the segment is refused, and the fault is one of the file's size."""

    class Endless(MemoryFilestore):
        """A filestore with room for everything."""

        def write(self, name: str, offset: int, data: bytes) -> None:
            """Take it."""

    entity = Entity(LocalEntity(entity_id=2), [RemoteEntity(entity_id=1)], Endless())
    tell(entity, FileData(0xFFFF_FFFF - 4, b"last"))
    tell(entity, Prompt(keep_alive=True))
    assert [answer for _, answer in answers(entity)] == [KeepAlive(0xFFFF_FFFF)]
    tell(entity, FileData(0xFFFF_FFFF, b"beyond"))
    (finished,) = [answer for _, answer in answers(entity) if isinstance(answer, Finished)]
    assert finished.condition is ConditionCode.FILE_SIZE_ERROR
