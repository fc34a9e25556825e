import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, FaultHandler, FileStatus, FilestoreAction, Mode
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride, FilestoreRequest, FilestoreResponse
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.cfdp.user_messages import (
    ListingRequest,
    ListingResponse,
    MessageType,
    OriginatingTransaction,
    ProxyClosureRequest,
    ProxyFaultHandlerOverride,
    ProxyFilestoreRequest,
    ProxyFilestoreResponse,
    ProxyFlowLabel,
    ProxyMessageToUser,
    ProxyMode,
    ProxyPutCancel,
    ProxyPutRequest,
    ProxyPutResponse,
    ProxySegmentationControl,
    ReservedMessage,
    is_reserved,
    unpack_reserved,
)
from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, TooShortError, WrongValueError

KNOWN: list[tuple[ReservedMessage, str]] = [
    (ProxyPutRequest(258, "a", "bc"), "00" + "020102" + "0161" + "026263"),
    (ProxyMessageToUser(b"hi"), "01" + "026869"),
    (ProxyFilestoreRequest(FilestoreRequest(FilestoreAction.DELETE_FILE, "a")), "02" + "03" + "10" + "0161"),
    (ProxyFaultHandlerOverride(FaultHandlerOverride(ConditionCode.NAK_LIMIT, FaultHandler.SUSPEND)), "03" + "72"),
    (ProxyMode(Mode.UNACKNOWLEDGED), "04" + "01"),
    (ProxyFlowLabel(b"\x07"), "05" + "0107"),
    (ProxySegmentationControl(boundaries_kept=True), "06" + "01"),
    (
        ProxyPutResponse(ConditionCode.CANCEL_REQUEST, DeliveryCode.INCOMPLETE, FileStatus.UNREPORTED),
        "07" + "f7",
    ),
    (
        ProxyFilestoreResponse(FilestoreResponse(FilestoreAction.DELETE_FILE, 1, "a")),
        "08" + "04" + "11" + "0161" + "00",
    ),
    (ProxyPutCancel(), "09"),
    (OriginatingTransaction(TransactionId(1, 0x0203)), "0a" + "01" + "01" + "0203"),
    (ProxyClosureRequest(closure_requested=True), "0b" + "01"),
    (ListingRequest("d", "l"), "10" + "0164" + "016c"),
    (ListingResponse(successful=False, directory="d", listing_file="l"), "11" + "80" + "0164" + "016c"),
]


@pytest.mark.parametrize(("message", "octets"), KNOWN)
def test_known_octets(message: ReservedMessage, octets: str) -> None:
    """Messages are packed and read octet by octet, behind their letters."""
    packed = bytes.fromhex("63666470" + octets)
    assert message.pack() == packed
    assert is_reserved(packed)
    assert unpack_reserved(packed) == message


def test_every_type_is_known() -> None:
    """There is an example of each above."""
    assert {message.pack()[4] for message, _ in KNOWN} == set(MessageType)


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"cfd", TooShortError),
        (b"cfdp", TooShortError),
        (b"CFDP\x09", WrongValueError),
        (b"cfdp\x0c", WrongValueError),
        (b"cfdp\x20\x00", WrongValueError),
        (b"cfdp\x09\x00", LengthMismatchError),
        (b"cfdp\x00\x00\x01a\x01b", FieldRangeError),
        (b"cfdp\x00\x01\x02\x01a\x05b", TooShortError),
        (b"cfdp\x07\xc7", WrongValueError),
        (b"cfdp\x0a\x77\x01", TooShortError),
        (b"cfdp\x10\x01\xff\x00", WrongValueError),
    ],
)
def test_what_makes_no_sense_is_refused(octets: bytes, error: type[ProtocolError]) -> None:
    """Unknown types, codes and lengths that lie."""
    with pytest.raises(error):
        unpack_reserved(octets)


def test_other_messages_are_the_users() -> None:
    """Only the letters make a message reserved."""
    assert not is_reserved(b"cfd")
    assert not is_reserved(b"hello cfdp")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 0x12), st.binary(max_size=30))
def test_any_octets_are_read_or_refused(kind: int, octets: bytes) -> None:
    """What is read is packed to something that reads the same; anything else gives a named error."""
    try:
        message = unpack_reserved(b"cfdp" + bytes([kind]) + octets)
    except ProtocolError:
        return
    assert unpack_reserved(message.pack()) == message
