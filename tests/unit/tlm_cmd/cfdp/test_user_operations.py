from __future__ import annotations

import pytest

from tests.file_delivery.ends import CONTENT, Ends, heard
from tlm_cmd.cfdp.codes import (
    ConditionCode,
    DeliveryCode,
    FaultHandler,
    FileStatus,
    FilestoreAction,
    Mode,
)
from tlm_cmd.cfdp.indications import (
    DirectoryListed,
    MetadataReceived,
    ProxyPutFinished,
    TransactionStarted,
)
from tlm_cmd.cfdp.pdu.codec import Content
from tlm_cmd.cfdp.pdu.directives import Eof
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride, FilestoreRequest, FlowLabel, MessageToUser
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.user_messages import (
    ListingRequest,
    OriginatingTransaction,
    ProxyClosureRequest,
    ProxyFaultHandlerOverride,
    ProxyFilestoreRequest,
    ProxyFlowLabel,
    ProxyMessageToUser,
    ProxyMode,
    ProxyPutCancel,
    ProxyPutRequest,
    ReservedMessage,
)

ASKED = TransactionId(2, 0)
"""The transaction with which entity 2 asks."""
FETCH = ProxyPutRequest(2, "there", "here")


def asked(ends: Ends, *messages: ReservedMessage) -> Ends:
    """Let entity 2 ask entity 1 for something, and see it through."""
    ends.receiver.put(PutRequest(1, messages=tuple(message.pack() for message in messages)))
    ends.exchange()
    return ends


def test_a_file_is_fetched() -> None:
    """The other entity sends it, names the transaction that asked for it, and says how it went."""
    ends = asked(Ends(), FETCH)
    assert ends.over
    assert ends.delivered == CONTENT
    (answer,) = heard(ends.receiver, ProxyPutFinished)
    assert answer == ProxyPutFinished(ASKED, ConditionCode.NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED)
    started = heard(ends.sender, TransactionStarted)
    assert [begun.originating for begun in started] == [ASKED, ASKED]
    assert ends.sender.state.proxied == []


def test_all_that_may_be_said_of_a_file_that_is_fetched() -> None:
    """Mode, closure, label, handlers, messages and filestore requests hold for the transaction that brings it."""
    override = FaultHandlerOverride(ConditionCode.CHECK_LIMIT, FaultHandler.IGNORE)
    request = FilestoreRequest(FilestoreAction.APPEND_FILE, "here", "here")
    ends = asked(
        Ends(),
        FETCH,
        ProxyMode(Mode.UNACKNOWLEDGED),
        ProxyClosureRequest(closure_requested=True),
        ProxyFlowLabel(b"\x07"),
        ProxyFaultHandlerOverride(override),
        ProxyFilestoreRequest(request),
        ProxyMessageToUser(b"hi"),
    )
    metadata = next(said for said in ends.said_by(0, Metadata) if said.has_file)
    assert metadata.closure_requested
    origin = MessageToUser(OriginatingTransaction(ASKED).pack())
    assert set(metadata.options) == {request, origin, MessageToUser(b"hi"), override, FlowLabel(b"\x07")}
    assert ends.delivered == CONTENT * 2
    (answer,) = heard(ends.receiver, ProxyPutFinished)
    assert [response.status for response in answer.responses] == [0]


def test_messages_are_fetched_without_a_file() -> None:
    """A request with empty names is for what goes along with it."""
    ends = asked(Ends(), ProxyPutRequest(2, "", ""), ProxyMessageToUser(b"hi"))
    messages = [received.metadata.messages for received in heard(ends.receiver, MetadataReceived)]
    assert messages[0][1] == b"hi"
    assert ends.over


@pytest.mark.parametrize(
    ("request_", "condition"),
    [
        (ProxyPutRequest(2, "nowhere", "here"), ConditionCode.FILESTORE_REJECTION),
        (ProxyPutRequest(9, "there", "here"), ConditionCode.CANCEL_REQUEST),
        (ProxyPutRequest(2, "there", ""), ConditionCode.CANCEL_REQUEST),
    ],
)
def test_a_file_that_cannot_be_fetched(request_: ProxyPutRequest, condition: ConditionCode) -> None:
    """Is answered too."""
    ends = asked(Ends(), request_)
    (answer,) = heard(ends.receiver, ProxyPutFinished)
    assert answer == ProxyPutFinished(ASKED, condition, DeliveryCode.INCOMPLETE, FileStatus.UNREPORTED)
    assert ends.over


def test_a_fetch_is_cancelled() -> None:
    """By the one who asked, under the name of the transaction that asked; by no other name."""
    ends = Ends(content=CONTENT * 10)
    ends.receiver.put(PutRequest(1, messages=(FETCH.pack(),)))
    ends.exchange(most=10)
    for origin in (TransactionId(2, 7), TransactionId(1, 0), ASKED):
        assert len(ends.sender.state.proxied) == 1
        cancel = (OriginatingTransaction(origin).pack(), ProxyPutCancel().pack())
        ends.receiver.put(PutRequest(1, messages=cancel))
        ends.exchange(most=6)
    ends.exchange()
    assert ends.over
    assert ends.delivered is None
    (answer,) = heard(ends.receiver, ProxyPutFinished)
    assert answer.condition is ConditionCode.CANCEL_REQUEST
    assert ends.sender.state.counters.messages_refused == 1


def test_a_fetch_that_is_abandoned_is_answered() -> None:
    """When this end gives up without a word to the receiver of the file."""
    override = FaultHandlerOverride(ConditionCode.POSITIVE_ACK_LIMIT, FaultHandler.ABANDON)
    ends = Ends({"ack_limit": 0})
    ends.receiver.put(PutRequest(1, messages=(FETCH.pack(), ProxyFaultHandlerOverride(override).pack())))

    def no_eof_of_the_file(content: Content) -> bool:
        return not (isinstance(content, Eof) and content.file_size)

    ends.exchange(no_eof_of_the_file)
    ends.now_ns += 10_000_000_000
    ends.sender.poll(ends.now_ns)
    ends.exchange(no_eof_of_the_file)
    (answer,) = heard(ends.receiver, ProxyPutFinished)
    assert answer.condition is ConditionCode.POSITIVE_ACK_LIMIT


def test_a_directory_is_listed() -> None:
    """The listing comes as a file: names with sizes behind a tab, directories with a slash."""
    ends = Ends()
    ends.files[0].make_directory("d")
    ends.files[0].put("d/b", b"hello")
    ends.files[0].make_directory("d/a")
    asked(ends, ListingRequest("d", "listing"))
    assert ends.over
    assert ends.files[1].get("listing") == b"a/\nb\t5\n"
    (listed,) = heard(ends.receiver, DirectoryListed)
    assert (listed.originating, listed.successful, listed.directory, listed.listing_file) == (
        ASKED,
        True,
        "d",
        "listing",
    )


def test_a_name_that_is_no_text_is_listed() -> None:
    """A file of the host whose name is no UTF-8 raises nothing; the octets in question are question marks."""
    ends = Ends(content=b"1")
    ends.files[0].put("bad\udcff", b"22")
    asked(ends, ListingRequest("", "listing"))
    assert ends.files[1].get("listing") == b"bad?\t2\nthere\t1\n"


@pytest.mark.parametrize("local", [{}, {"max_listing_octets": 3}])
def test_a_directory_that_is_not_listed(local: dict[str, int]) -> None:
    """Since it is not there, or too long: the answer says so, and no file comes."""
    ends = asked(Ends(local=local), ListingRequest("" if local else "none", "listing"))
    (listed,) = heard(ends.receiver, DirectoryListed)
    assert not listed.successful
    assert ends.files[1].files == {}
    assert ends.over


def test_what_is_not_allowed() -> None:
    """Is counted and has no effect."""
    ends = asked(Ends({"proxy_allowed": False, "listing_allowed": False}), FETCH, ListingRequest("", "listing"))
    assert ends.over
    assert ends.files[1].files == {}
    counters = ends.sender.state.counters
    assert (counters.messages_refused, counters.messages_handled) == (2, 0)


def test_what_is_not_known() -> None:
    """Is counted and has no effect; other messages are the user's."""
    ends = Ends()
    messages = (b"cfdp\x20\x00", b"cfdp", b"cfdp\x00\x09", b"hi", ProxyMessageToUser(b"alone").pack())
    ends.receiver.put(PutRequest(1, messages=messages))
    ends.exchange()
    counters = ends.sender.state.counters
    assert (counters.messages_unknown, counters.messages_handled, counters.messages_refused) == (3, 1, 0)
    (received,) = heard(ends.sender, MetadataReceived)
    assert received.metadata.messages == messages
    assert ends.over


def test_answers_that_cannot_be_sent_are_counted() -> None:
    """As when no more transactions may begin."""
    ends = Ends(local={"max_transactions": 1})
    ends.sender.put(PutRequest(2, "there", "here"))
    ends.sender.suspend(TransactionId(1, 0))
    asked(ends, FETCH, ListingRequest("", "listing"))
    assert ends.sender.state.counters.failed_responses == 2
