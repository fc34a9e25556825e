from __future__ import annotations

from typing import Any

import pytest

from tests.file_delivery.ends import CONTENT, FIRST, S
from tlm_cmd.cfdp.beginnings import begin_receiving
from tlm_cmd.cfdp.checksums import file_checksum
from tlm_cmd.cfdp.codes import (
    ChecksumType,
    ConditionCode,
    DeliveryCode,
    Direction,
    DirectiveCode,
    FaultHandler,
    FileStatus,
    FilestoreAction,
    Mode,
    RecordState,
    TransactionStatus,
)
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.indications import (
    Abandoned,
    EofReceived,
    Fault,
    Indication,
    MetadataReceived,
    SegmentReceived,
    Suspended,
    TransactionFinished,
)
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Content, Pdu
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride, FilestoreRequest, Option
from tlm_cmd.cfdp.receiver import Receiver
from tlm_cmd.cfdp.receiver_state import ReceiverPhase
from tlm_cmd.cfdp.transaction import Environment

NO_ERROR = ConditionCode.NO_ERROR
DATA = CONTENT[:4000]
EOF = Eof(file_checksum(DATA, ChecksumType.MODULAR), 4000)
PARTIAL = "cfdp-partial-1-0"
FINISHED_ACK = Ack(DirectiveCode.FINISHED, NO_ERROR, TransactionStatus.ACTIVE)


def metadata(*options: Option, kind: int = 0, closure: bool = False) -> Metadata:
    """Make the metadata of the file."""
    return Metadata(4000, "there", "here", kind, closure_requested=closure, options=options)


def handler(condition: ConditionCode, what: FaultHandler) -> Metadata:
    """Make the metadata of the file with a fault handler of its own."""
    return metadata(FaultHandlerOverride(condition, what))


class Fragile(MemoryFilestore):
    """A filestore that can be told to refuse."""

    refuses = ""

    def _check(self, operation: str) -> None:
        if operation == self.refuses:
            raise FilestoreError(operation, "", "refused")

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Refuse if told to."""
        self._check("write")
        super().write(name, offset, data)

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """Refuse if told to."""
        self._check("read")
        return super().read(name, offset, octets)

    def size(self, name: str) -> int | None:
        """Refuse if told to."""
        self._check("size")
        return super().size(name)

    def rename(self, name: str, new_name: str) -> None:
        """Refuse if told to."""
        self._check("rename")
        super().rename(name, new_name)

    def delete(self, name: str) -> None:
        """Refuse if told to."""
        self._check("delete")
        super().delete(name)


class Bench:
    """A receiver with nothing around it."""

    def __init__(
        self,
        mode: Mode = Mode.ACKNOWLEDGED,
        local: dict[str, Any] | None = None,
        **remote: Any,  # noqa: ANN401
    ) -> None:
        self.filestore = Fragile()
        self.heard: list[Indication] = []
        self.environment = Environment(
            LocalEntity(entity_id=2, **(local or {})),
            RemoteEntity(entity_id=1, **remote),
            self.filestore,
            self.heard.append,
        )
        header = PduHeader(Direction.TOWARD_RECEIVER, mode, 1, 0, 2)
        self.receiver = Receiver(begin_receiving(header, self.environment.remote), self.environment)
        self.receiver.begin(0)
        self.state = self.receiver.state

    def take(self, *contents: Content, now_ns: int = 0) -> None:
        """Let these arrive."""
        for content in contents:
            self.receiver.receive(content, now_ns)

    def part(self, start: int, end: int, now_ns: int = 0) -> None:
        """Let a part of the file arrive."""
        self.receiver.receive_segment(start, DATA[start:end], now_ns)

    def all(self, now_ns: int = 0) -> list[Content]:
        """Return all that it has to send now."""
        found: list[Content] = []
        while (octets := self.receiver.next_pdu(now_ns)) is not None:
            found.append(Pdu.unpack(octets).content)
        return found

    def indicated(self, kind: type[Indication]) -> list[Indication]:
        """Return what the user heard of one kind."""
        return [indication for indication in self.heard if isinstance(indication, kind)]

    @property
    def files(self) -> dict[str, bytes]:
        """All files."""
        return {name: bytes(content) for name, content in self.filestore.files.items()}


def eof_ack(condition: ConditionCode = NO_ERROR, status: TransactionStatus = TransactionStatus.ACTIVE) -> Ack:
    """Make the acknowledgement of an EOF."""
    return Ack(DirectiveCode.EOF, condition, status)


def delivered(condition: ConditionCode = NO_ERROR) -> Finished:
    """Make the Finished of a file that is there."""
    return Finished(condition, DeliveryCode.COMPLETE, FileStatus.RETAINED)


def test_a_file_in_order() -> None:
    """It gets its name when it is whole, is reported once, and all ends with the acknowledgement."""
    bench = Bench()
    bench.filestore.put("here", b"old")
    bench.take(metadata())
    for start in range(0, 4000, 1000):
        bench.part(start, start + 1000)
    assert bench.files == {"here": b"old", PARTIAL: DATA}
    bench.take(EOF)
    assert bench.files == {"here": DATA}
    assert bench.all() == [eof_ack(), delivered()]
    assert not bench.receiver.done
    bench.take(FINISHED_ACK)
    assert bench.receiver.done
    assert [type(indication) for indication in bench.heard] == [MetadataReceived, EofReceived, TransactionFinished]
    assert bench.heard[-1] == TransactionFinished(FIRST, NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED)


@pytest.mark.parametrize("kind", ChecksumType)
def test_everything_in_the_wrong_order(kind: ChecksumType) -> None:
    """The end first, parts backwards and over each other, the metadata last, whatever the checksum."""
    bench = Bench(checksum_type=ChecksumType.CRC_32)
    bench.take(Eof(file_checksum(DATA, kind), 4000))
    for start, end in ((3000, 4000), (1500, 3200), (1000, 1500), (900, 2000), (0, 500), (400, 950)):
        bench.part(start, end)
    assert bench.files == {PARTIAL: DATA}
    assert bench.state.phase is ReceiverPhase.AWAITING_DATA
    bench.take(metadata(kind=kind))
    assert bench.files == {"here": DATA}
    counters = bench.state.counters
    assert (counters.new_segments, counters.octets) == (6, 4000)


def test_repeated_and_late_parts() -> None:
    """They are counted, and change nothing."""
    bench = Bench()
    bench.take(metadata())
    bench.part(0, 4000)
    bench.part(100, 200)
    bench.part(300, 300)
    bench.take(EOF)
    bench.part(0, 4000)
    counters = bench.state.counters
    assert (counters.segments, counters.new_segments, counters.repeated_segments, counters.late_segments) == (
        4,
        1,
        2,
        1,
    )
    assert bench.files == {"here": DATA}


def test_what_is_missing_is_asked_for_at_the_end() -> None:
    """All of it, with the metadata; again after a silence; and not what has come in between."""
    bench = Bench(nak_timeout_ns=10 * S)
    bench.part(1000, 2000)
    bench.part(2500, 3000)
    bench.take(EOF)
    asked = Nak(0, 4000, ((0, 0), (0, 1000), (2000, 2500), (3000, 4000)))
    assert bench.all() == [eof_ack(), asked]
    assert bench.receiver.next_deadline_ns == 10 * S
    bench.take(metadata(), now_ns=3 * S)
    bench.part(0, 1000, 4 * S)
    assert bench.all(10 * S) == []
    assert bench.all(14 * S) == [Nak(0, 4000, ((2000, 2500), (3000, 4000)))]
    bench.part(2000, 2500, 15 * S)
    bench.part(3000, 4000, 15 * S)
    assert bench.all(15 * S) == [delivered()]


def test_requests_are_split_into_pdus() -> None:
    """Of the length that gets there; scopes follow on each other and end where the last request does."""
    bench = Bench(max_pdu_octets=64)
    bench.take(metadata())
    for start in range(0, 4000, 400):
        bench.part(start, start + 200)
    bench.take(EOF)
    ack, *naks = bench.all()
    assert ack == eof_ack()
    scopes, asked = [], []
    for nak in naks:
        assert isinstance(nak, Nak)
        assert len(Pdu(bench.state.header, nak).pack()) <= 64
        scopes.append((nak.scope_start, nak.scope_end))
        asked += nak.requests
    assert asked == [(start, start + 200) for start in range(200, 4000, 400)]
    assert scopes == [(0, 2000), (2000, 4000)]


def test_asking_in_vain() -> None:
    """After the limit of sequences without anything new the transaction is cancelled; new data count anew."""
    bench = Bench(nak_limit=2, nak_timeout_ns=10 * S)
    bench.take(metadata(), EOF)
    now_ns = 0
    for _ in range(3):
        assert isinstance(bench.all(now_ns)[-1], Nak)
        now_ns += 10 * S
    bench.part(0, 100, now_ns - 1)
    for seconds in (10, 20):
        assert isinstance(bench.all(now_ns + seconds * S)[-1], Nak)
    (finished,) = bench.all(now_ns + 30 * S)
    assert finished == Finished(
        ConditionCode.NAK_LIMIT, DeliveryCode.INCOMPLETE, FileStatus.DISCARDED, (), fault_location=2
    )
    assert bench.files == {}


def test_the_nak_timer_waits_for_room_on_the_link() -> None:
    """It starts when the last NAK of a sequence is given out."""
    bench = Bench(nak_limit=1)
    bench.take(metadata(), EOF)
    bench.receiver.advance(1000 * S)
    assert isinstance(bench.all(1000 * S)[-1], Nak)
    assert bench.receiver.next_deadline_ns == 1010 * S


def test_gaps_are_asked_for_at_once_if_so_wanted() -> None:
    """When they show, each once, and the rest at the end."""
    bench = Bench(immediate_nak=True)
    bench.part(0, 100)
    bench.part(200, 300)
    assert bench.all() == [Nak(100, 200, ((0, 0), (100, 200)))]
    bench.part(300, 400)
    assert bench.all() == []
    bench.part(500, 600)
    bench.part(700, 800)
    bench.part(550, 750)
    bench.take(metadata())
    assert bench.all() == [Nak(400, 700, ((400, 500),))]
    later = Bench()
    later.part(200, 300)
    assert later.all() == []


def test_every_eof_is_acknowledged() -> None:
    """While data are missing, when the file is there, and as long as the receiver lives."""
    bench = Bench()
    bench.take(metadata(), EOF, EOF)
    assert bench.all()[0] == eof_ack()
    bench.part(0, 4000)
    bench.take(EOF)
    assert bench.all() == [eof_ack(), delivered()]
    bench.take(EOF, FINISHED_ACK, EOF)
    assert bench.all() == [eof_ack(status=TransactionStatus.TERMINATED)]
    assert bench.receiver.done


def test_a_finished_is_sent_until_it_is_acknowledged() -> None:
    """And after the limit the transaction is abandoned, with the file where it is."""
    bench = Bench(ack_limit=2, ack_timeout_ns=10 * S)
    bench.take(metadata(), EOF)
    bench.part(0, 4000)
    said = [bench.all(seconds * S) for seconds in (0, 9, 10, 20, 30, 40)]
    assert [len(contents) for contents in said] == [2, 0, 1, 1, 0, 0]
    assert bench.receiver.done
    assert isinstance(bench.heard[-1], Abandoned)
    assert bench.files == {"here": DATA}


@pytest.mark.parametrize(
    ("what", "kind", "says"), [(FaultHandler.IGNORE, Fault, True), (FaultHandler.SUSPEND, Suspended, False)]
)
def test_a_finished_that_is_not_acknowledged_may_be_put_off(
    what: FaultHandler, kind: type[Indication], *, says: bool
) -> None:
    """Ignored, it is sent on; suspended, when resumed."""
    bench = Bench(ack_limit=0)
    bench.take(handler(ConditionCode.POSITIVE_ACK_LIMIT, what), EOF)
    bench.part(0, 4000)
    bench.all()
    assert bench.all(10 * S) == ([delivered()] if says else [])
    assert isinstance(bench.heard[-1], kind)
    bench.receiver.resume(1000 * S)
    assert bench.all(1000 * S) == [delivered()]


@pytest.mark.parametrize("closure", [True, False])
def test_unacknowledged(*, closure: bool) -> None:
    """With closure a Finished goes out once; nothing is acknowledged and nothing asked for."""
    bench = Bench(Mode.UNACKNOWLEDGED)
    bench.take(metadata(closure=closure))
    bench.part(0, 1000)
    bench.take(EOF)
    assert bench.all() == []
    bench.part(1000, 4000)
    assert bench.all() == ([delivered()] if closure else [])
    assert bench.receiver.done
    assert bench.files == {"here": DATA}


def test_unacknowledged_data_are_waited_for() -> None:
    """As long as the check timer says, from the last that came; then all is given up, and said with closure."""
    bench = Bench(Mode.UNACKNOWLEDGED, check_limit=2, check_timeout_ns=10 * S)
    bench.take(metadata(closure=True), EOF)
    bench.part(0, 1000, 5 * S)
    said = [bench.all(seconds * S) for seconds in (10, 15, 25, 35, 36)]
    gone = Finished(ConditionCode.CHECK_LIMIT, DeliveryCode.INCOMPLETE, FileStatus.DISCARDED, (), 2)
    assert said == [[], [], [], [gone], []]
    assert bench.receiver.done
    assert bench.files == {}


def test_unacknowledged_data_that_are_missing_may_be_ignored() -> None:
    """Then the file is delivered as it is, with zeros in the gaps, and called incomplete."""
    bench = Bench(Mode.UNACKNOWLEDGED, check_limit=0)
    bench.take(handler(ConditionCode.CHECK_LIMIT, FaultHandler.IGNORE))
    bench.part(1000, 2000)
    bench.take(EOF)
    bench.all(10 * S)
    assert bench.files == {"here": bytes(1000) + DATA[1000:2000]}
    finished = bench.heard[-1]
    assert isinstance(finished, TransactionFinished)
    assert (finished.delivery, finished.file_status) == (DeliveryCode.INCOMPLETE, FileStatus.RETAINED)
    assert bench.receiver.done


def test_without_metadata_there_is_nothing_to_deliver() -> None:
    """Even if the check limit is to be ignored by all, an unacknowledged file without a name is given up."""
    local = {"fault_handlers": (FaultHandlerOverride(ConditionCode.CHECK_LIMIT, FaultHandler.IGNORE),)}
    bench = Bench(Mode.UNACKNOWLEDGED, local, check_limit=0)
    bench.part(0, 4000)
    bench.take(EOF)
    bench.all(10 * S)
    assert bench.receiver.done
    assert bench.files == {}


def test_silence_before_the_end_is_a_fault() -> None:
    """Counted from the last PDU that came, be it a repeated one."""
    bench = Bench(inactivity_timeout_ns=100 * S)
    bench.part(0, 100)
    bench.part(0, 100, 90 * S)
    assert bench.all(100 * S) == []
    assert bench.receiver.next_deadline_ns == 190 * S
    bench.take(metadata(), now_ns=150 * S)
    assert bench.all(249 * S) == []
    (finished,) = bench.all(250 * S)
    assert isinstance(finished, Finished)
    assert finished.condition is ConditionCode.INACTIVITY


def test_silence_may_be_ignored() -> None:
    """Then it is waited on."""
    bench = Bench()
    bench.take(handler(ConditionCode.INACTIVITY, FaultHandler.IGNORE))
    assert bench.all(300 * S) == []
    assert len(bench.indicated(Fault)) == 1
    assert bench.receiver.next_deadline_ns == 600 * S


def test_a_wrong_checksum() -> None:
    """Cancels the transaction, and leaves what has the file's name as it was."""
    bench = Bench()
    bench.filestore.put("here", b"old")
    bench.take(metadata(), Eof(EOF.checksum ^ 1, 4000))
    bench.part(0, 4000)
    finished = bench.all()[-1]
    assert isinstance(finished, Finished)
    assert (finished.condition, finished.file_status) == (ConditionCode.CHECKSUM_FAILURE, FileStatus.DISCARDED)
    assert bench.files == {"here": b"old"}


def test_a_wrong_checksum_may_be_ignored() -> None:
    """Then the file is delivered, with the condition."""
    bench = Bench()
    bench.take(handler(ConditionCode.CHECKSUM_FAILURE, FaultHandler.IGNORE), Eof(0, 4000))
    bench.part(0, 4000)
    finished = bench.all()[-1]
    assert finished == Finished(
        ConditionCode.CHECKSUM_FAILURE, DeliveryCode.COMPLETE, FileStatus.RETAINED, fault_location=2
    )
    assert bench.files == {"here": DATA}


def test_suspending_where_that_is_impossible_cancels() -> None:
    """An unacknowledged transaction does not rest at the receiver, so it ends rather than hang."""
    bench = Bench(Mode.UNACKNOWLEDGED)
    bench.take(handler(ConditionCode.CHECKSUM_FAILURE, FaultHandler.SUSPEND), Eof(0, 4000))
    bench.part(0, 4000)
    assert bench.receiver.done
    bench = Bench(Mode.UNACKNOWLEDGED)
    bench.receiver.suspend()
    assert not bench.state.suspended


def test_a_checksum_type_that_is_not_known() -> None:
    """Is ignored by default: the file is delivered unchecked, and the Finished says so."""
    bench = Bench()
    bench.take(metadata(kind=7))
    bench.part(0, 4000)
    bench.take(Eof(0xDEADBEEF, 4000))
    assert bench.all()[-1] == delivered(ConditionCode.UNSUPPORTED_CHECKSUM)
    assert bench.files == {"here": DATA}
    strict = Bench()
    override = FaultHandlerOverride(ConditionCode.UNSUPPORTED_CHECKSUM, FaultHandler.CANCEL)
    strict.take(metadata(override, kind=7))
    (finished,) = strict.all()
    assert finished == Finished(ConditionCode.UNSUPPORTED_CHECKSUM, DeliveryCode.INCOMPLETE, FileStatus.DISCARDED)


def test_data_behind_the_end_of_the_file() -> None:
    """Are a fault whether the end came first or they did; ignored, they are not taken."""
    for first_end in (True, False):
        bench = Bench()
        contents: list[Content] = [Eof(0, 100), FileData(50, bytes(51))]
        bench.take(metadata(), *(contents if first_end else reversed(contents)))
        finished = bench.all()[-1]
        assert isinstance(finished, Finished)
        assert finished.condition is ConditionCode.FILE_SIZE_ERROR
    bench = Bench()
    bench.take(handler(ConditionCode.FILE_SIZE_ERROR, FaultHandler.IGNORE), EOF)
    bench.receiver.receive_segment(3900, bytes(101), 0)
    bench.part(0, 4000)
    assert bench.files == {"here": DATA}
    assert bench.state.counters.refused_segments == 1


@pytest.mark.parametrize("operation", ["write", "rename", "read"])
def test_a_filestore_that_refuses(operation: str) -> None:
    """The file is rejected, nothing is left of it, and what had its name stays."""
    bench = Bench()
    bench.filestore.put("here", b"old")
    bench.take(metadata(kind=ChecksumType.CRC_32))
    bench.filestore.refuses = operation
    bench.part(2000, 4000)
    bench.part(0, 2000)
    bench.take(Eof(file_checksum(DATA, ChecksumType.CRC_32), 4000))
    finished = bench.all()[-1]
    assert isinstance(finished, Finished)
    assert (finished.condition, finished.file_status) == (ConditionCode.FILESTORE_REJECTION, FileStatus.REJECTED)
    assert bench.files == {"here": b"old"}


def test_a_filestore_that_refuses_is_not_ignored_at_the_end() -> None:
    """There would be no file."""
    bench = Bench()
    bench.take(handler(ConditionCode.FILESTORE_REJECTION, FaultHandler.IGNORE), EOF)
    bench.filestore.refuses = "rename"
    bench.part(0, 4000)
    finished = bench.all()[-1]
    assert isinstance(finished, Finished)
    assert (finished.condition, finished.file_status) == (ConditionCode.FILESTORE_REJECTION, FileStatus.REJECTED)


def test_a_write_that_failed_is_asked_for_again() -> None:
    """What was not written does not count as received."""
    bench = Bench()
    bench.take(handler(ConditionCode.FILESTORE_REJECTION, FaultHandler.IGNORE))
    bench.part(0, 1000)
    bench.filestore.refuses = "write"
    bench.part(1000, 2000)
    bench.filestore.refuses = ""
    bench.part(2000, 4000)
    bench.take(EOF)
    assert bench.all() == [eof_ack(), Nak(0, 4000, ((1000, 2000),))]
    bench.part(1000, 2000)
    assert bench.files == {"here": DATA}


def test_a_file_of_many_parts_has_a_bound() -> None:
    """A part too many is refused until others have grown together."""
    bench = Bench(local={"max_parts": 2})
    bench.take(metadata())
    for start in (0, 1000, 2000):
        bench.part(start, start + 100)
    assert bench.state.counters.refused_segments == 1
    bench.part(100, 1000)
    bench.part(1050, 2000)
    bench.part(2000, 4000)
    bench.take(EOF)
    assert bench.files == {"here": DATA}


def test_a_part_over_as_many_gaps_as_there_can_be() -> None:
    """Fills all of them."""
    bench = Bench(local={"max_parts": 2})
    bench.take(metadata())
    bench.part(1000, 1100)
    bench.part(2000, 2100)
    bench.part(0, 4000)
    bench.take(EOF)
    assert bench.files == {"here": DATA}


@pytest.mark.parametrize("loss", ["gone", "shorter", "unknown"])
def test_a_restart_without_the_file_of_what_had_come(loss: str) -> None:
    """All is asked for again, whatever had been counted as received."""
    bench = Bench()
    bench.take(metadata())
    bench.part(0, 2000)
    bench.take(EOF)
    bench.all()
    if loss == "gone":
        bench.filestore.delete(PARTIAL)
    elif loss == "shorter":
        bench.filestore.put(PARTIAL, DATA[:1999])
    else:
        bench.filestore.refuses = "size"
    bench.receiver.restart(0)
    bench.filestore.refuses = ""
    assert bench.all() == [Nak(0, 4000, ((0, 4000),))]
    bench.part(0, 4000)
    assert bench.files == {"here": DATA}


def test_cancelling() -> None:
    """A Finished says so and is repeated; what has come is discarded."""
    bench = Bench()
    bench.take(metadata())
    bench.part(0, 1000)
    bench.receiver.cancel()
    bench.receiver.cancel()
    gone = Finished(ConditionCode.CANCEL_REQUEST, DeliveryCode.INCOMPLETE, FileStatus.DISCARDED, (), 2)
    assert bench.all() == [gone]
    assert bench.files == {}
    bench.part(1000, 2000)
    bench.take(EOF, Prompt(keep_alive=True))
    assert bench.all(10 * S) == [eof_ack(), gone]
    bench.take(Ack(DirectiveCode.FINISHED, ConditionCode.CANCEL_REQUEST, TransactionStatus.TERMINATED))
    assert bench.receiver.done
    assert len(bench.indicated(TransactionFinished)) == 1


def test_the_sender_cancels() -> None:
    """Its EOF is acknowledged, and all is over; a filestore that keeps the rest is counted."""
    bench = Bench()
    bench.take(metadata())
    bench.part(0, 1000)
    bench.filestore.refuses = "delete"
    bench.take(Eof(0, 1000, ConditionCode.CANCEL_REQUEST, 1))
    assert bench.all() == [eof_ack(ConditionCode.CANCEL_REQUEST)]
    assert bench.receiver.done
    assert bench.state.counters.cleanup_failures == 1
    (finished,) = bench.indicated(TransactionFinished)
    assert isinstance(finished, TransactionFinished)
    assert finished.condition is ConditionCode.CANCEL_REQUEST


def test_what_has_come_may_be_kept() -> None:
    """Under a name of its own, so that it takes no good file's place."""
    bench = Bench(retain_incomplete=True)
    bench.filestore.put("here", b"old")
    bench.take(metadata())
    bench.part(0, 1000)
    bench.receiver.cancel()
    assert bench.files == {"here": b"old", "here.part": DATA[:1000]}
    (finished,) = bench.all()
    assert isinstance(finished, Finished)
    assert finished.file_status is FileStatus.RETAINED


def test_prompts_are_answered() -> None:
    """A NAK comes even if nothing is missing; a Keep Alive says how far the file has got."""
    bench = Bench()
    bench.take(metadata())
    bench.part(0, 1000)
    bench.take(Prompt(keep_alive=False))
    assert bench.all() == [Nak(0, 1000)]
    bench.part(2000, 3000)
    bench.take(Prompt(keep_alive=False), Prompt(keep_alive=True))
    assert bench.all() == [Nak(0, 3000, ((1000, 2000),)), KeepAlive(3000)]
    careless = Bench(Mode.UNACKNOWLEDGED)
    careless.take(Prompt(keep_alive=True))
    assert careless.all() == []
    assert careless.state.counters.ignored == 1


def test_progress_is_reported_unasked() -> None:
    """In the interval of the parameters, until the EOF comes."""
    bench = Bench(keep_alive_interval_ns=10 * S)
    bench.part(0, 1000)
    assert bench.receiver.next_deadline_ns == 10 * S
    assert [bench.all(seconds * S) for seconds in (9, 10, 19, 20)] == [[], [KeepAlive(1000)], [], [KeepAlive(1000)]]
    bench.take(metadata(), EOF)
    assert not [content for content in bench.all(40 * S) if isinstance(content, KeepAlive)]


def test_a_file_is_verified_in_steps() -> None:
    """A long one that has to be read back does not hold everything else up."""
    octets = 5 << 19
    data = bytes(range(256)) * (octets // 256)
    bench = Bench()
    bench.take(Metadata(octets, "there", "here", ChecksumType.CRC_32))
    bench.receiver.receive_segment(octets // 2, data[octets // 2 :], 0)
    bench.receiver.receive_segment(0, data[: octets // 2], 0)
    bench.take(Eof(file_checksum(data, ChecksumType.CRC_32), octets))
    assert bench.state.phase is ReceiverPhase.VERIFYING
    assert bench.receiver.next_deadline_ns == 0
    bench.receiver.advance(0)
    assert bench.files == {"here": data}


def test_filestore_requests() -> None:
    """They are done behind the file, and the Finished says what became of them."""
    bench = Bench()
    requests = (
        FilestoreRequest(FilestoreAction.RENAME_FILE, "here", "elsewhere"),
        FilestoreRequest(FilestoreAction.DELETE_FILE, "here"),
        FilestoreRequest(FilestoreAction.DELETE_FILE, "elsewhere"),
    )
    bench.take(metadata(*requests), EOF)
    bench.part(0, 4000)
    finished = bench.all()[-1]
    assert isinstance(finished, Finished)
    assert [response.status for response in finished.responses] == [0, 1, 15]
    assert bench.files == {"elsewhere": DATA}


def test_filestore_requests_of_a_file_that_fails() -> None:
    """Are not done (4.9.1)."""
    bench = Bench()
    bench.filestore.put("precious", b"x")
    bench.take(metadata(FilestoreRequest(FilestoreAction.DELETE_FILE, "precious")), Eof(0, 4000))
    bench.part(0, 4000)
    assert bench.files == {"precious": b"x"}


def test_as_many_responses_as_fit() -> None:
    """Names that leave no room for a message, or none for themselves, and more requests than one PDU can answer."""
    bench = Bench()
    long = FilestoreRequest(FilestoreAction.RENAME_FILE, "a" * 126, "b" * 126)
    bench.take(Metadata(0, "", "", 15, options=(long, *(long,) * 300)), Eof(0, 0))
    _, finished = bench.all()
    assert isinstance(finished, Finished)
    assert finished.responses[0].first_name == ""
    assert len(finished.responses) == 301
    bench = Bench()
    almost = FilestoreRequest(FilestoreAction.RENAME_FILE, "a" * 125, "b" * 126)
    bench.take(Metadata(0, "", "", 15, options=(almost,) * 300), Eof(0, 0))
    _, finished = bench.all()
    assert isinstance(finished, Finished)
    assert finished.responses[0].second_name == "b" * 126
    assert 200 < len(finished.responses) < 300


def test_messages_without_a_file() -> None:
    """Are complete with the EOF, and nothing is said of a file."""
    bench = Bench()
    bench.take(Metadata(0, "", "", 15))
    assert bench.state.phase is ReceiverPhase.RECEIVING
    bench.take(Eof(0, 0))
    assert bench.all()[-1] == Finished(NO_ERROR, DeliveryCode.COMPLETE, FileStatus.UNREPORTED)
    assert bench.files == {}


def test_an_empty_file() -> None:
    """Is there when it has arrived, in place of what was."""
    bench = Bench()
    bench.filestore.put("here", b"old")
    bench.take(metadata(), Eof(0, 0))
    assert bench.files == {"here": b""}


def test_segments_are_indicated_if_so_wanted() -> None:
    """With what was said of records."""
    bench = Bench(local={"segment_indications": True})
    bench.take(FileData(7, b"abc", RecordState.START, b"m"))
    assert bench.heard == [SegmentReceived(FIRST, 7, 3, RecordState.START, b"m")]


def test_what_only_senders_hear() -> None:
    """It is counted and has no effect, and so are metadata that are repeated."""
    bench = Bench()
    bench.take(metadata(), metadata(), Nak(0, 0), KeepAlive(0), delivered(), eof_ack(), FINISHED_ACK)
    assert bench.state.counters.ignored == 6
    assert bench.state.phase is ReceiverPhase.RECEIVING


def test_the_report() -> None:
    """The size is that of the metadata until the EOF comes; gaps count as missing."""
    bench = Bench()
    assert bench.receiver.report().file_size is None
    bench.take(metadata())
    bench.part(1000, 3000)
    report = bench.receiver.report()
    assert (report.progress, report.file_size, report.missing_octets, report.phase) == (3000, 4000, 1000, "receiving")


def test_an_abandoned_transaction_leaves_nothing() -> None:
    """What had come is removed, without a word to the sender."""
    bench = Bench()
    bench.take(handler(ConditionCode.INACTIVITY, FaultHandler.ABANDON))
    bench.part(0, 1000)
    assert bench.all(300 * S) == []
    assert bench.receiver.done
    assert bench.files == {}
