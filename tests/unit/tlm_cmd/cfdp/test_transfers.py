"""Whole transactions between two entities: both classes, every option, at rest, away, and after a restart."""

from __future__ import annotations

import random

import msgspec
import pytest

from tests.file_delivery.ends import CONTENT, FILE, FIRST, Ends, S, heard, nothing_passes
from tlm_cmd.cfdp.codes import (
    ChecksumType,
    ConditionCode,
    DeliveryCode,
    FileStatus,
    FilestoreAction,
    Mode,
)
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.indications import (
    MetadataReceived,
    Resumed,
    Suspended,
    TransactionFinished,
)
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Content
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.pdu.tlv import FilestoreRequest
from tlm_cmd.cfdp.requests import PutRequest

COMPLETE = (ConditionCode.NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED)


def outcome(ends: Ends, index: int) -> tuple[ConditionCode, DeliveryCode, FileStatus]:
    """How an end says that the only transaction finished."""
    (finished,) = heard((ends.sender, ends.receiver)[index], TransactionFinished)
    return finished.condition, finished.delivery, finished.file_status


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("kind", ChecksumType)
@pytest.mark.parametrize("crc", [True, False])
def test_a_file_arrives(mode: Mode, kind: ChecksumType, *, crc: bool) -> None:
    """With every checksum, in either mode, with and without a CRC; each end says so once, and PDUs add up."""
    ends = Ends({"mode": mode, "checksum_type": kind, "crc": crc})
    assert ends.sender.put(FILE) == FIRST
    ends.exchange()
    assert ends.over
    assert ends.delivered == CONTENT
    assert outcome(ends, 0) == outcome(ends, 1) == COMPLETE
    counters = ends.receiver.state.counters
    assert counters.pdus == counters.accepted == len([1 for by, _ in ends.said if by == 0])
    assert list(ends.files[1].files) == ["here"]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("octets", [0, 1, 1023, 1024, 1025, 2048])
def test_files_of_any_size(mode: Mode, octets: int) -> None:
    """Nothing, a part of a segment, whole segments."""
    ends = Ends({"mode": mode}, content=CONTENT[:octets])
    ends.sender.put(FILE)
    ends.exchange()
    assert ends.over
    assert ends.delivered == CONTENT[:octets]


@pytest.mark.parametrize(("ids", "sequence"), [(1, 1), (2, 4), (8, 8), (3, 5)])
def test_lengths_of_identifiers(ids: int, sequence: int) -> None:
    """The receiver answers with those of the sender."""
    ends = Ends(local={"entity_id_octets": ids, "sequence_octets": sequence})
    ends.sender.put(FILE)
    ends.exchange()
    assert ends.over
    assert ends.delivered == CONTENT


def test_messages_requests_and_labels_arrive() -> None:
    """All that metadata can hold is there at the other end, and responses come back."""
    requests = (FilestoreRequest(FilestoreAction.APPEND_FILE, "here", "here"),)
    request = PutRequest(2, "there", "here", messages=(b"hi",), filestore_requests=requests, flow_label=b"\x07")
    ends = Ends()
    ends.sender.put(request)
    ends.exchange()
    (received,) = heard(ends.receiver, MetadataReceived)
    assert received.metadata.messages == (b"hi",)
    assert received.metadata.filestore_requests == requests
    (finished,) = heard(ends.sender, TransactionFinished)
    assert [response.status for response in finished.responses] == [0]
    assert ends.delivered == CONTENT * 2


@pytest.mark.parametrize("mode", Mode)
def test_messages_alone(mode: Mode) -> None:
    """Arrive without a file."""
    ends = Ends({"mode": mode})
    ends.sender.put(PutRequest(2, messages=(b"hi",)))
    ends.exchange()
    assert ends.over
    assert ends.files[1].files == {}
    assert outcome(ends, 0) == (ConditionCode.NO_ERROR, DeliveryCode.COMPLETE, FileStatus.UNREPORTED)


def test_many_files_at_once_and_both_ways() -> None:
    """They share the link by turns, and each arrives."""
    ends = Ends()
    for number in range(20):
        ends.sender.put(PutRequest(2, f"f{number}", f"to{number}", content=CONTENT[: 100 * number]))
        ends.receiver.put(PutRequest(1, f"f{number}", f"fro{number}", content=CONTENT[100 * number :]))
    ends.exchange()
    assert ends.over
    for number in range(20):
        assert ends.files[1].get(f"to{number}") == CONTENT[: 100 * number]
        assert ends.files[0].get(f"fro{number}") == CONTENT[100 * number :]


@pytest.mark.parametrize("kind", [Metadata, FileData, Eof, Ack, Finished, Nak])
@pytest.mark.parametrize("times", [1, 3])
def test_each_kind_of_pdu_may_be_lost(kind: type[Content], times: int) -> None:
    """Again and again; a deadlock of another implementation was the acknowledgement of the EOF."""
    ends = Ends()
    ends.sender.put(FILE)
    lost: list[Content] = []

    def passes(content: Content) -> bool:
        if isinstance(content, kind) and len(lost) < times:
            lost.append(content)
            return False
        return not (kind is Nak and isinstance(content, FileData) and len(ends.said) < 4)

    for _ in range(12):
        ends.exchange(passes)
        ends.wait(10)
    assert len(lost) == times
    assert ends.over
    assert ends.delivered == CONTENT
    assert outcome(ends, 0) == outcome(ends, 1) == COMPLETE


def test_what_is_repeated_after_the_end_is_answered() -> None:
    """An EOF and a Finished are acknowledged though both ends have closed; nothing else has an effect.

    All that the sender said is late at the receiver, and so is the answer to the repeated Finished.
    """
    ends = Ends()
    ends.sender.put(FILE)
    carried: list[tuple[int, bytes]] = []
    for index, end in ((0, ends.sender), (1, ends.receiver)) * 200:
        octets = end.next_pdu(0)
        if octets is not None:
            carried.append((index, octets))
            (ends.receiver, ends.sender)[index].receive(octets, 0)
    assert ends.over
    before = dict(ends.files[1].files)
    for index, octets in carried:
        (ends.receiver, ends.sender)[index].receive(octets, 0)
    ends.said.clear()
    ends.exchange()
    assert ends.over
    assert ends.files[1].files == before
    assert [type(content) for _, content in ends.said] == [Ack, Ack]
    assert ends.receiver.state.counters.late == 14
    assert ends.receiver.state.counters.answers == 1


@pytest.mark.parametrize("index", [0, 1])
def test_cancelling_closes_both_ends(index: int) -> None:
    """Whoever cancels; and nothing of the file is left."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.exchange(most=5)
    (ends.sender, ends.receiver)[index].cancel(FIRST)
    ends.exchange()
    assert ends.over
    assert outcome(ends, 0)[0] is outcome(ends, 1)[0] is ConditionCode.CANCEL_REQUEST
    assert ends.files[1].files == {}


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("lost", [(Eof,), (Ack,), (Finished,), (Eof, Ack, Finished)])
def test_a_cancelled_transfer_closes_though_pdus_are_lost(index: int, lost: tuple[type[Content], ...]) -> None:
    """Each of those that say so is repeated."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.exchange(most=5)
    (ends.sender, ends.receiver)[index].cancel(FIRST)
    gone: list[type[Content]] = []

    def passes(content: Content) -> bool:
        if isinstance(content, lost) and type(content) not in gone:
            gone.append(type(content))
            return False
        return True

    for _ in range(5):
        ends.exchange(passes)
        ends.wait(10)
    assert ends.over


@pytest.mark.parametrize("index", [0, 1])
def test_suspending_and_resuming(index: int) -> None:
    """A suspended end says nothing and waits for nothing, for as long as it likes; resumed, it goes on."""
    ends = Ends({"inactivity_timeout_ns": 10**18})
    ends.sender.put(FILE)
    ends.exchange(most=5)
    end = (ends.sender, ends.receiver)[index]
    end.suspend(FIRST)
    end.suspend(FIRST)
    assert len(heard(end, Suspended)) == 1
    ends.exchange(most=30)
    ends.said.clear()
    for _ in range(3):
        ends.wait(5)
        ends.exchange(most=30)
    assert ends.said_by(index, FileData | Eof | Finished | Nak | KeepAlive) == []  # type: ignore[arg-type]
    assert end.report(FIRST).suspended
    end.resume(FIRST, ends.now_ns)
    end.resume(FIRST, ends.now_ns)
    (resumed,) = heard(end, Resumed)
    assert resumed.progress > 0
    for _ in range(3):
        ends.exchange()
        ends.wait(10)
    assert ends.over
    assert ends.delivered == CONTENT


def test_resuming_resets_the_counts() -> None:
    """What was tried in vain before counts no more."""
    ends = Ends({"ack_limit": 2})
    ends.sender.put(FILE)
    ends.exchange(nothing_passes)
    for _ in range(2):
        ends.wait(10)
        ends.exchange(nothing_passes)
    assert ends.sender.state.senders[0].expiries == 2
    ends.sender.suspend(FIRST)
    ends.sender.resume(FIRST, ends.now_ns)
    assert ends.sender.state.senders[0].expiries == 0
    for _ in range(3):
        ends.exchange()
        ends.wait(10)
    assert ends.over
    assert ends.delivered == CONTENT


@pytest.mark.parametrize("most", [1, 3, 6, 11, 12, 13, 14])
def test_a_pass_that_ends_in_the_middle(most: int) -> None:
    """What is under way is lost, weeks go by, and the next pass goes on, whatever had been said."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.exchange(most=most)
    ends.exchange(nothing_passes, most=2)
    for end, other in ((ends.sender, 2), (ends.receiver, 1)):
        end.freeze(other)
        assert end.next_pdu(ends.now_ns) is None
    ends.wait(30 * 86_400)
    assert ends.sender.next_pdu(ends.now_ns) is None
    assert ends.receiver.next_pdu(ends.now_ns) is None
    ends.sender.thaw(2, ends.now_ns)
    ends.receiver.thaw(1, ends.now_ns)
    for _ in range(3):
        ends.exchange()
        ends.wait(10)
    assert ends.over
    assert ends.delivered == CONTENT
    assert outcome(ends, 0) == outcome(ends, 1) == COMPLETE


def test_what_begins_while_the_link_is_away_waits_for_it() -> None:
    """Both a new request and a transaction of which something still arrived."""
    ends = Ends()
    ends.sender.freeze(2)
    ends.sender.put(FILE)
    ends.exchange()
    assert ends.said == []
    ends.sender.thaw(2, 0)
    ends.receiver.freeze(1)
    ends.exchange(most=20)
    assert ends.said_by(1, Ack) == []
    ends.receiver.thaw(1, 0)
    ends.exchange()
    assert ends.over


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("most", range(1, 16))
def test_a_restart_at_any_time(index: int, most: int) -> None:
    """Either end goes on with its memory and its files, and each file arrives once."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.exchange(most=most)
    ends.wait(3)
    ends.restart(index)
    for _ in range(4):
        ends.exchange()
        ends.wait(10)
    assert ends.over
    assert ends.delivered == CONTENT
    counters = ends.receiver.state.counters
    assert counters.accepted + counters.late + counters.refused == counters.pdus


@pytest.mark.parametrize("most", range(1, 14))
def test_a_receiver_restarts_with_an_older_memory(most: int) -> None:
    """The file was complete and had its name, and the sender has not heard of it: it is received once more."""
    ends = Ends({"inactivity_timeout_ns": 20 * S})
    ends.sender.put(FILE)
    ends.exchange(most=most)
    old = msgspec.msgpack.encode(ends.receiver.state)
    ends.exchange(lambda content: not isinstance(content, Finished))
    assert ends.delivered == CONTENT
    ends.wait(5)
    ends.receiver = ends.make(1)
    ends.receiver.state = msgspec.msgpack.decode(old, type=EntityState)
    ends.receiver.restart(ends.now_ns)
    for _ in range(12):
        ends.exchange()
        ends.wait(4)
    assert ends.over
    assert ends.delivered == CONTENT
    assert outcome(ends, 0) == outcome(ends, 1) == COMPLETE


def test_a_receiver_restarts_without_any_memory() -> None:
    """The sender's last question begins the transaction anew."""
    ends = Ends({"inactivity_timeout_ns": 20 * S})
    ends.sender.put(FILE)
    ends.exchange(lambda content: not isinstance(content, Nak | Finished | FileData))
    ends.receiver = ends.make(1)
    for _ in range(6):
        ends.exchange()
        ends.wait(10)
    assert ends.over
    assert ends.delivered == CONTENT
    assert outcome(ends, 0) == outcome(ends, 1) == COMPLETE


@pytest.mark.parametrize("most", range(1, 14))
def test_a_sender_restarts_with_an_older_memory(most: int) -> None:
    """It says again what it had said, which changes nothing."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.exchange(most=most)
    old = msgspec.msgpack.encode(ends.sender.state)
    ends.exchange(lambda content: not isinstance(content, Finished))
    ends.sender = ends.make(0)
    ends.sender.state = msgspec.msgpack.decode(old, type=EntityState)
    ends.sender.restart(ends.now_ns)
    for _ in range(4):
        ends.exchange()
        ends.wait(10)
    assert ends.over
    assert ends.delivered == CONTENT
    assert outcome(ends, 1) == COMPLETE


def test_both_ends_restart_again_and_again() -> None:
    """In the middle of losses."""
    chance = random.Random(3)
    ends = Ends(content=CONTENT * 5)
    ends.sender.put(FILE)
    for round_ in range(60):
        ends.exchange(lambda _: chance.random() > 0.3, most=7)
        ends.wait(11)
        ends.restart(round_ % 2)
        if ends.over:
            break
    assert ends.over
    assert ends.delivered == CONTENT * 5


def test_a_clock_that_begins_anew() -> None:
    """After a restart waiting begins anew as well, whatever the time is then."""
    ends = Ends()
    ends.now_ns = 10**15
    ends.sender.put(FILE)
    ends.exchange(nothing_passes)
    ends.now_ns = 5
    ends.restart(0)
    ends.wait(10)
    ends.exchange()
    assert ends.over
    assert ends.delivered == CONTENT


def test_prompts_are_answered() -> None:
    """With a NAK and with a Keep Alive."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.exchange(most=3)
    ends.sender.prompt(FIRST, keep_alive=True)
    ends.exchange(most=2)
    ends.sender.prompt(FIRST, keep_alive=False)
    ends.exchange()
    assert ends.said_by(1, KeepAlive) == [KeepAlive(2048)]
    assert len(ends.said_by(1, Nak)) == 1
    assert ends.over


def test_an_entity_sends_itself_a_file() -> None:
    """Both ends of a transaction may be in the same one."""
    files = MemoryFilestore()
    files.put("there", CONTENT)
    entity = Entity(LocalEntity(entity_id=1), [RemoteEntity(entity_id=1)], files)
    entity.put(PutRequest(1, "there", "here"))
    while (octets := entity.next_pdu(0)) is not None:
        entity.receive(octets, 0)
    assert entity.transactions == ()
    assert files.get("here") == CONTENT


def test_a_user_says_why_he_cancels() -> None:
    """One who looks after faults himself names the fault, and the other end hears it."""
    ends = Ends()
    ends.sender.put(FILE)
    ends.exchange(most=3)
    ends.sender.cancel(FIRST, ConditionCode.FILESTORE_REJECTION)
    ends.exchange()
    (finished,) = heard(ends.receiver, TransactionFinished)
    assert finished.condition is ConditionCode.FILESTORE_REJECTION
    assert ends.over
