import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cfdp.codes import TWO_NAMES, ConditionCode, FaultHandler, FilestoreAction
from tlm_cmd.cfdp.pdu.cursor import Cursor
from tlm_cmd.cfdp.pdu.tlv import (
    FaultHandlerOverride,
    FilestoreRequest,
    FilestoreResponse,
    FlowLabel,
    MessageToUser,
    Option,
    UnknownOption,
    pack_entity_id,
    read_entity_id,
    read_option,
)
from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, TooShortError, WrongValueError

MODEST = settings(max_examples=100, deadline=None)
KNOWN: list[tuple[Option, str]] = [
    (FilestoreRequest(FilestoreAction.CREATE_FILE, "a"), "00" + "03" + "00" + "0161"),
    (FilestoreRequest(FilestoreAction.RENAME_FILE, "a", "bc"), "00" + "06" + "20" + "0161" + "026263"),
    (MessageToUser(b"hi"), "02" + "02" + "6869"),
    (FaultHandlerOverride(ConditionCode.CHECKSUM_FAILURE, FaultHandler.IGNORE), "04" + "01" + "53"),
    (FlowLabel(b"\x01"), "05" + "01" + "01"),
    (UnknownOption(0x2A, b"z"), "2a" + "01" + "7a"),
]


@pytest.mark.parametrize(("option", "octets"), KNOWN)
def test_known_octets(option: Option, octets: str) -> None:
    """Options are packed and read octet by octet."""
    assert option.pack().hex() == octets
    cursor = Cursor("options", bytes.fromhex(octets))
    assert read_option(cursor) == option
    assert not cursor.left


def test_responses() -> None:
    """A response says what became of a request, with a second name for the actions that have one."""
    one = FilestoreResponse(FilestoreAction.DELETE_FILE, 1, "a", message=b"no")
    two = FilestoreResponse(FilestoreAction.APPEND_FILE, 0, "a", "b")
    assert one.pack().hex() == "01" + "06" + "11" + "0161" + "026e6f"
    assert two.pack().hex() == "01" + "06" + "30" + "0161" + "0162" + "00"
    for response in (one, two):
        assert FilestoreResponse.unpack_value(response.pack_value()) == response
    with pytest.raises(FieldRangeError, match="filestore status"):
        FilestoreResponse(FilestoreAction.DELETE_FILE, 16, "a")


@pytest.mark.parametrize("action", FilestoreAction)
def test_second_names(action: FilestoreAction) -> None:
    """Renaming, appending and replacing have two names; for the others a second one is refused."""
    if action in TWO_NAMES:
        assert FilestoreRequest.unpack_value(FilestoreRequest(action, "a", "b").pack_value()).second_name == "b"
    else:
        with pytest.raises(WrongValueError, match=f"none for {action.name}"):
            FilestoreRequest(action, "a", "b")


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("0003900161", WrongValueError),
        ("00020001", TooShortError),
        ("0004000161ff", LengthMismatchError),
        ("0003000261", TooShortError),
        ("00030001ff", WrongValueError),
        ("0400", TooShortError),
        ("04025300", LengthMismatchError),
        ("0401c3", WrongValueError),
        ("040150", WrongValueError),
        ("0205aa", TooShortError),
        ("02", TooShortError),
    ],
)
def test_what_makes_no_sense_is_refused(octets: str, error: type[ProtocolError]) -> None:
    """Lengths that lie, codes that are unknown and names that are no text."""
    with pytest.raises(error):
        read_option(Cursor("options", bytes.fromhex(octets)))


def test_known_types_are_not_unknown() -> None:
    """An option of a known type is made as such; a type has one octet."""
    with pytest.raises(WrongValueError):
        UnknownOption(2, b"")
    with pytest.raises(FieldRangeError):
        UnknownOption(256, b"")


def test_values_have_a_longest_length() -> None:
    """At most 255 octets."""
    assert len(MessageToUser(bytes(255)).pack()) == 257
    with pytest.raises(FieldRangeError):
        MessageToUser(bytes(256)).pack()


def test_entity_ids() -> None:
    """Where a fault was found is an entity id of one to eight octets."""
    assert pack_entity_id(0x0102, 2).hex() == "06020102"
    assert read_entity_id(Cursor("field", bytes.fromhex("06020102"))) == 0x0102
    with pytest.raises(FieldRangeError):
        pack_entity_id(256, 1)
    for octets, error in (("0600", FieldRangeError), ("0609" + "00" * 9, FieldRangeError), ("0501aa", WrongValueError)):
        with pytest.raises(error):
            read_entity_id(Cursor("field", bytes.fromhex(octets)))


@MODEST
@given(st.binary(max_size=40))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """What is read is packed to as much as was read, but for spare bits; anything else gives a named error."""
    cursor = Cursor("options", octets)
    try:
        option = read_option(cursor)
    except ProtocolError:
        return
    assert len(option.pack()) == cursor.place
    assert read_option(Cursor("options", option.pack())) == option
