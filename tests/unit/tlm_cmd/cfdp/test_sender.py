from __future__ import annotations

from typing import Any

import pytest

from tests.file_delivery.ends import CONTENT, FILE, FIRST, S
from tlm_cmd.cfdp.beginnings import begin_sending
from tlm_cmd.cfdp.checksums import file_checksum
from tlm_cmd.cfdp.codes import (
    ChecksumType,
    ConditionCode,
    DeliveryCode,
    DirectiveCode,
    FaultHandler,
    FileStatus,
    Mode,
    TransactionStatus,
)
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.indications import Abandoned, EofSent, Fault, Indication, Suspended, TransactionFinished
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Content, Pdu
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride
from tlm_cmd.cfdp.requests import PutRequest
from tlm_cmd.cfdp.sender import Sender
from tlm_cmd.cfdp.sender_state import SenderPhase
from tlm_cmd.cfdp.transaction import Environment

NO_ERROR = ConditionCode.NO_ERROR
EOF_ACK = Ack(DirectiveCode.EOF, NO_ERROR, TransactionStatus.ACTIVE)
FINISHED = Finished(NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED)


class Watched(MemoryFilestore):
    """A filestore that knows the longest part that was read of a file."""

    longest = 0
    broken = False

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """Return a part of a file."""
        if self.broken:
            raise FilestoreError("read", name, "broken")
        self.longest = max(self.longest, octets)
        return super().read(name, offset, octets)


class Bench:
    """A sender with nothing around it.

    Args:
        request: what it sends.
        remote: parameters of the receiver.
    """

    def __init__(self, request: PutRequest = FILE, local: dict[str, Any] | None = None, **remote: Any) -> None:  # noqa: ANN401
        self.filestore = Watched()
        self.filestore.put("there", CONTENT)
        self.heard: list[Indication] = []
        self.environment = Environment(
            LocalEntity(entity_id=1, **(local or {})),
            RemoteEntity(entity_id=2, **remote),
            self.filestore,
            self.heard.append,
        )
        self.sender = Sender(begin_sending(request, self.environment, FIRST), self.environment)
        self.state = self.sender.state

    def next(self, now_ns: int = 0) -> Content | None:
        """Return what it sends next."""
        octets = self.sender.next_pdu(now_ns)
        return None if octets is None else Pdu.unpack(octets).content

    def all(self, now_ns: int = 0) -> list[Content]:
        """Return all that it has to send now."""
        found: list[Content] = []
        while (content := self.next(now_ns)) is not None:
            found.append(content)
        return found

    def indicated(self, kind: type[Indication]) -> list[Indication]:
        """Return what the user heard of one kind."""
        return [indication for indication in self.heard if isinstance(indication, kind)]


def faults(condition: ConditionCode, handler: FaultHandler) -> PutRequest:
    """Make a request with a fault handler of its own."""
    return PutRequest(2, "there", "here", fault_handlers=(FaultHandlerOverride(condition, handler),))


def test_metadata_then_the_file_then_its_end() -> None:
    """Segments have the length of the parameters, only they are read, and the checksum is that of the file."""
    bench = Bench()
    first, *segments, last = bench.all()
    assert first == Metadata(10_000, "there", "here", ChecksumType.MODULAR)
    assert all(isinstance(segment, FileData) for segment in segments)
    parts = [segment for segment in segments if isinstance(segment, FileData)]
    assert [part.offset for part in parts] == list(range(0, 10_000, 1024))
    assert b"".join(part.data for part in parts) == CONTENT
    assert last == Eof(file_checksum(CONTENT, ChecksumType.MODULAR), 10_000)
    assert bench.filestore.longest == 1024
    assert bench.indicated(EofSent) == [EofSent(FIRST)]
    counters = bench.state.counters
    assert (counters.metadata, counters.file_data, counters.eofs, counters.octets) == (1, 10, 1, 10_000)


@pytest.mark.parametrize("kind", ChecksumType)
def test_each_checksum(kind: ChecksumType) -> None:
    """The EOF carries the one of the parameters, and the metadata say which it is."""
    bench = Bench(checksum_type=kind)
    contents = bench.all()
    assert isinstance(contents[0], Metadata)
    assert contents[0].checksum_type == kind
    assert contents[-1] == Eof(file_checksum(CONTENT, kind), 10_000)


@pytest.mark.parametrize("crc", [True, False])
def test_segments_fit_into_the_longest_pdu(*, crc: bool) -> None:
    """Header, offset and CRC count."""
    bench = Bench(max_pdu_octets=100, crc=crc)
    bench.sender.next_pdu(0)
    octets = bench.sender.next_pdu(0)
    assert octets is not None
    assert len(octets) == 100
    assert Pdu.unpack(octets).content == FileData(0, CONTENT[: 84 - 2 * crc])


def test_an_empty_file_and_messages_alone() -> None:
    """Metadata and an EOF, since the receiver waits for it (4.6.1.1.9)."""
    bench = Bench(PutRequest(2, "there", "here", content=b""))
    assert bench.all() == [Metadata(0, "there", "here", 0), Eof(0, 0)]
    bench = Bench(PutRequest(2, messages=(b"hi",)))
    metadata, eof = bench.all()
    assert isinstance(metadata, Metadata)
    assert (metadata.messages, metadata.has_file, eof) == ((b"hi",), False, Eof(0, 0))


def test_a_large_file_has_offsets_of_eight_octets() -> None:
    """Beyond 4 GiB; what is asked for there is read there."""

    class Large(Watched):
        def size(self, name: str) -> int | None:
            return 5 << 30 if name == "there" else super().size(name)

        def read(self, name: str, offset: int, octets: int) -> bytes:
            return offset.to_bytes(8, "big") * (octets // 8)

    bench = Bench()
    environment = Environment(bench.environment.local, bench.environment.remote, Large(), bench.heard.append)
    sender = Sender(begin_sending(FILE, environment, FIRST), environment)
    sender.state.sent = 5 << 30
    sender.state.metadata_due = False
    assert sender.state.header.large_file
    sender.receive(Nak(0, 5 << 30, (((4 << 30) + 8, (4 << 30) + 24),)), 0)
    octets = sender.next_pdu(0)
    assert octets is not None
    assert Pdu.unpack(octets).content == FileData((4 << 30) + 8, ((4 << 30) + 8).to_bytes(8, "big") * 2)


def test_what_is_asked_for_goes_out_first() -> None:
    """Each part once however often it is asked for, in pieces of a segment, and nothing that was never sent."""
    bench = Bench()
    for _ in range(4):
        bench.next()
    bench.sender.receive(Nak(0, 3072, ((0, 0), (10, 2000), (1500, 2500), (3000, 9000))), 0)
    assert isinstance(bench.next(), Metadata)
    places = [(part.offset, len(part.data)) for part in bench.all()[:5] if isinstance(part, FileData)]
    assert places == [(10, 1024), (1034, 1024), (2058, 442), (3000, 72), (3072, 1024)]
    assert bench.state.counters.repeated_octets == 2490 + 72


def test_requests_have_a_bound() -> None:
    """Those beyond it are counted; they will come again."""
    bench = Bench(local={"max_parts": 3})
    bench.all()
    bench.sender.receive(Nak(0, 10_000, tuple((start, start + 1) for start in range(0, 20, 2))), 0)
    assert len(bench.state.pending.starts) == 3
    assert bench.state.counters.dropped_requests == 7


def test_an_eof_is_sent_until_it_is_acknowledged() -> None:
    """The timer starts when it is given out, and stops at the acknowledgement."""
    bench = Bench(ack_timeout_ns=10 * S)
    bench.all(5 * S)
    assert bench.sender.next_deadline_ns == 15 * S
    assert bench.next(15 * S - 1) is None
    assert isinstance(bench.next(15 * S), Eof)
    assert bench.next(15 * S) is None
    bench.sender.receive(EOF_ACK, 16 * S)
    assert bench.state.phase is SenderPhase.AWAITING_FINISHED
    assert bench.sender.next_deadline_ns == (16 + 300) * S
    bench.sender.receive(FINISHED, 17 * S)
    assert bench.next(17 * S) == Ack(DirectiveCode.FINISHED, NO_ERROR, TransactionStatus.ACTIVE)
    assert bench.sender.done
    (finished,) = bench.indicated(TransactionFinished)
    assert finished == TransactionFinished(FIRST, NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED)


def test_the_timer_waits_for_room_on_the_link() -> None:
    """While nobody asks for the EOF that is to be repeated, no attempt is counted."""
    bench = Bench(ack_limit=2)
    bench.all()
    for seconds in (10, 100, 1000):
        bench.sender.advance(seconds * S)
    assert bench.state.expiries == 1
    assert isinstance(bench.next(1000 * S), Eof)


def test_a_finished_says_that_the_eof_arrived() -> None:
    """Where its acknowledgement was lost, a Finished is taken and acknowledged all the same."""
    bench = Bench()
    bench.all()
    assert bench.state.phase is SenderPhase.AWAITING_ACK
    bench.sender.receive(FINISHED, S)
    assert bench.all(100 * S) == [Ack(DirectiveCode.FINISHED, NO_ERROR, TransactionStatus.ACTIVE)]
    assert bench.sender.done


def test_without_an_answer_the_eof_cancels_and_then_all_is_abandoned() -> None:
    """Each after as many attempts as the limit says (4.11.2.2.3)."""
    bench = Bench(ack_limit=2)
    bench.all()
    said = [bench.all(seconds * S) for seconds in range(10, 80, 10)]
    cancel = Eof(file_checksum(CONTENT, ChecksumType.MODULAR), 10_000, ConditionCode.POSITIVE_ACK_LIMIT, 1)
    plain = Eof(cancel.checksum, 10_000)
    assert said == [[plain], [plain], [cancel], [cancel], [cancel], [], []]
    assert bench.sender.done
    assert [type(indication) for indication in bench.heard] == [EofSent, TransactionFinished, Abandoned]


@pytest.mark.parametrize(
    ("handler", "kind"),
    [(FaultHandler.IGNORE, Fault), (FaultHandler.SUSPEND, Suspended), (FaultHandler.ABANDON, Abandoned)],
)
def test_other_handlers_of_a_limit(handler: FaultHandler, kind: type[Indication]) -> None:
    """Ignored, the EOF goes on; suspended, nothing is sent until resumed; abandoned, nothing ever."""
    bench = Bench(faults(ConditionCode.POSITIVE_ACK_LIMIT, handler), ack_limit=0)
    bench.all()
    said = bench.all(10 * S)
    assert len(bench.indicated(kind)) == 1
    assert bool(said) == (handler is FaultHandler.IGNORE)
    assert bench.sender.done == (handler is FaultHandler.ABANDON)
    if handler is FaultHandler.SUSPEND:
        assert bench.all(1000 * S) == []
        bench.sender.resume(1000 * S)
        assert [type(content) for content in bench.all(1000 * S)] == [Eof]


def test_silence_after_the_acknowledgement() -> None:
    """The EOF is sent once more; if then nothing comes but its acknowledgement, the silence is a fault."""
    bench = Bench(inactivity_timeout_ns=100 * S)
    bench.all()
    bench.sender.receive(EOF_ACK, 0)
    assert [type(content) for content in bench.all(100 * S)] == [Eof]
    bench.sender.receive(EOF_ACK, 101 * S)
    bench.sender.receive(Nak(0, 10_000, ((0, 10),)), 110 * S)
    assert isinstance(bench.next(110 * S), FileData)
    (eof,) = bench.all(210 * S)
    assert isinstance(eof, Eof)
    assert eof.condition is NO_ERROR
    bench.sender.receive(EOF_ACK, 211 * S)
    bench.sender.advance(311 * S)
    assert bench.state.phase is SenderPhase.CANCELLING
    assert bench.state.condition is ConditionCode.INACTIVITY


def test_silence_while_the_link_has_no_room() -> None:
    """The receiver waits for what it has asked for, so there is nothing to complain of."""
    bench = Bench(inactivity_timeout_ns=100 * S)
    bench.all()
    bench.sender.receive(EOF_ACK, 0)
    bench.sender.receive(Nak(0, 10_000, ((0, 10),)), 0)
    for seconds in range(100, 1000, 100):
        bench.sender.advance(seconds * S)
    assert bench.all(999 * S) == [FileData(0, CONTENT[:10])]
    assert bench.state.phase is SenderPhase.AWAITING_FINISHED


def test_silence_may_be_ignored() -> None:
    """Then the sender waits, and asks, on and on."""
    bench = Bench(faults(ConditionCode.INACTIVITY, FaultHandler.IGNORE))
    bench.all()
    now_ns = 0
    for round_ in range(1, 4):
        bench.sender.receive(EOF_ACK, now_ns)
        assert [type(content) for content in bench.all(now_ns + 300 * S)] == [Eof]
        bench.sender.receive(EOF_ACK, now_ns + 301 * S)
        now_ns += 601 * S
        bench.sender.advance(now_ns)
        assert len(bench.indicated(Fault)) == round_


@pytest.mark.parametrize("closure", [True, False])
def test_unacknowledged(*, closure: bool) -> None:
    """Without closure all is done with the EOF; with it, when the Finished comes, to which nothing is said."""
    bench = Bench(PutRequest(2, "there", "here", mode=Mode.UNACKNOWLEDGED, closure_requested=closure))
    contents = bench.all()
    assert isinstance(contents[0], Metadata)
    assert contents[0].closure_requested == closure
    assert bench.sender.done == (not closure)
    bench.sender.receive(Nak(0, 10_000, ((0, 10),)), 0)
    bench.sender.receive(FINISHED, 0)
    assert bench.all() == []
    assert bench.sender.done
    (finished,) = bench.indicated(TransactionFinished)
    assert isinstance(finished, TransactionFinished)
    assert finished.file_status is (FileStatus.RETAINED if closure else FileStatus.UNREPORTED)


def test_a_finished_that_never_comes() -> None:
    """After the check limit, an unacknowledged transaction with closure is cancelled with one EOF."""
    bench = Bench(PutRequest(2, "there", "here", mode=Mode.UNACKNOWLEDGED), check_limit=3)
    bench.all()
    said = [bench.all(seconds * S) for seconds in (10, 20, 30, 40)]
    assert said[:2] == [[], []]
    (eof,) = said[2]
    assert isinstance(eof, Eof)
    assert eof.condition is ConditionCode.CHECK_LIMIT
    assert bench.sender.done


def test_cancelling() -> None:
    """The EOF tells how far the file got; what the receiver still wants is not heard, its acknowledgement ends it."""
    bench = Bench()
    for _ in range(3):
        bench.next()
    bench.sender.cancel()
    bench.sender.cancel()
    eof = Eof(file_checksum(CONTENT[:2048], ChecksumType.MODULAR), 2048, ConditionCode.CANCEL_REQUEST, 1)
    assert bench.all() == [eof]
    bench.sender.receive(Nak(0, 2048, ((0, 1024),)), 0)
    bench.sender.receive(EOF_ACK, 0)
    bench.sender.prompt(keep_alive=True)
    assert bench.all() == []
    assert not bench.sender.done
    bench.sender.receive(Ack(DirectiveCode.EOF, ConditionCode.CANCEL_REQUEST, TransactionStatus.TERMINATED), 0)
    assert bench.sender.done
    (finished,) = bench.indicated(TransactionFinished)
    assert finished == TransactionFinished(
        FIRST, ConditionCode.CANCEL_REQUEST, DeliveryCode.INCOMPLETE, FileStatus.UNREPORTED
    )


def test_the_receiver_cancels() -> None:
    """Its Finished is acknowledged in the middle of the file, and no more is sent."""
    bench = Bench()
    for _ in range(3):
        bench.next()
    cancelled = Finished(ConditionCode.CANCEL_REQUEST, DeliveryCode.INCOMPLETE, FileStatus.DISCARDED, (), 2)
    bench.sender.receive(cancelled, 0)
    assert bench.all() == [Ack(DirectiveCode.FINISHED, ConditionCode.CANCEL_REQUEST, TransactionStatus.ACTIVE)]
    assert bench.sender.done


def test_prompts() -> None:
    """They go out in acknowledged mode, before the file goes on."""
    bench = Bench()
    bench.next()
    bench.sender.prompt(keep_alive=False)
    bench.sender.prompt(keep_alive=True)
    assert bench.next() == Prompt(keep_alive=True)
    assert isinstance(bench.next(), FileData)
    unacknowledged = Bench(PutRequest(2, "there", "here", mode=Mode.UNACKNOWLEDGED))
    unacknowledged.sender.prompt(keep_alive=True)
    assert not [content for content in unacknowledged.all() if isinstance(content, Prompt)]


def test_a_receiver_that_falls_behind() -> None:
    """By more than the limit of the parameters is a fault; without a limit nothing is."""
    bench = Bench(keep_alive_limit_octets=2048)
    for _ in range(4):
        bench.next()
    bench.sender.receive(KeepAlive(1024), 0)
    assert bench.state.condition is NO_ERROR
    bench.sender.receive(KeepAlive(1023), 0)
    assert bench.state.condition is ConditionCode.KEEP_ALIVE_LIMIT
    careless = Bench()
    careless.all()
    careless.sender.receive(KeepAlive(0), 0)
    assert careless.state.condition is NO_ERROR


@pytest.mark.parametrize("handler", [FaultHandler.CANCEL, FaultHandler.IGNORE])
def test_a_file_that_cannot_be_read(handler: FaultHandler) -> None:
    """The transaction is cancelled, whether the fault is to be ignored or not: there is nothing to send."""
    bench = Bench(faults(ConditionCode.FILESTORE_REJECTION, handler))
    bench.next()
    bench.filestore.broken = True
    (eof,) = bench.all()
    assert eof == Eof(0, 0, ConditionCode.FILESTORE_REJECTION, 1)


def test_a_file_that_cannot_be_read_for_a_while() -> None:
    """Suspended, it goes on where it was, with what had been asked for."""
    bench = Bench(faults(ConditionCode.FILESTORE_REJECTION, FaultHandler.SUSPEND))
    for _ in range(3):
        bench.next()
    bench.sender.receive(Nak(0, 2048, ((100, 200),)), 0)
    bench.filestore.broken = True
    assert bench.next() is None
    bench.filestore.broken = False
    bench.sender.resume(0)
    assert bench.next() == FileData(100, CONTENT[100:200])
    assert bench.next() == FileData(2048, CONTENT[2048:3072])


def test_a_file_that_has_become_shorter() -> None:
    """Is a fault as well: nothing false is sent."""
    bench = Bench()
    bench.next()
    bench.filestore.put("there", CONTENT[:100])
    (eof,) = bench.all()
    assert isinstance(eof, Eof)
    assert eof.condition is ConditionCode.FILESTORE_REJECTION


def test_what_only_receivers_hear() -> None:
    """It is counted and has no effect."""
    bench = Bench()
    for content in (Prompt(keep_alive=True), FileData(0, b"x"), Eof(0, 0), Metadata(0, "", "", 0)):
        bench.sender.receive(content, 0)
    bench.sender.receive(EOF_ACK, 0)
    assert bench.state.counters.ignored == 5
    assert bench.state.phase is SenderPhase.SENDING


def test_the_report() -> None:
    """It tells how far the file got and what is still asked for."""
    bench = Bench()
    for _ in range(3):
        bench.next()
    bench.sender.receive(Nak(0, 2048, ((100, 200),)), 0)
    report = bench.sender.report()
    assert (report.progress, report.file_size, report.missing_octets, report.phase) == (2048, 10_000, 100, "sending")


def test_an_earlier_state_is_gone_on_with() -> None:
    """Set, it replaces all that the sender knew."""
    bench, other = Bench(), Bench(crc=True)
    for _ in range(3):
        other.next()
    bench.sender.state = other.state
    octets = bench.sender.next_pdu(0)
    assert octets is not None
    assert Pdu.unpack(octets).content == FileData(2048, CONTENT[2048:3072])
    assert Pdu.unpack(octets).header.crc
