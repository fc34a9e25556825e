"""Whole PDUs: the directives, metadata and file data behind their headers."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cfdp.codes import (
    ConditionCode,
    DeliveryCode,
    Direction,
    DirectiveCode,
    FaultHandler,
    FileStatus,
    FilestoreAction,
    Mode,
    PduType,
    RecordState,
    TransactionStatus,
)
from tlm_cmd.cfdp.pdu.codec import Content, Pdu
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.pdu.tlv import (
    FaultHandlerOverride,
    FilestoreRequest,
    FilestoreResponse,
    FlowLabel,
    MessageToUser,
    UnknownOption,
)
from tlm_cmd.errors import (
    ChecksumError,
    FieldRangeError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongValueError,
)
from tlm_cmd.packets.crc import crc16

MODEST = settings(max_examples=150, deadline=None)
TO = PduHeader(Direction.TOWARD_RECEIVER, Mode.ACKNOWLEDGED, 1, 7, 2)
FRO = TO.turned()
NO_ERROR = ConditionCode.NO_ERROR
KNOWN = [
    (Pdu(TO, Eof(0x9F686A6C, 9)), "20000A13 0001 00000007 0002 04 00 9F686A6C 00000009"),
    (Pdu(TO, Metadata(9, "a", "b", 0)), "20000A13 0001 00000007 0002 07 00 00000009 0161 0162"),
    (Pdu(FRO, Ack(DirectiveCode.EOF, NO_ERROR, TransactionStatus.ACTIVE)), "28000313 0001 00000007 0002 06 40 01"),
    (
        Pdu(TO, Ack(DirectiveCode.FINISHED, NO_ERROR, TransactionStatus.TERMINATED)),
        "20000313 0001 00000007 0002 06 51 02",
    ),
    (
        Pdu(FRO, Finished(NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED)),
        "28000213 0001 00000007 0002 05 02",
    ),
    (
        Pdu(FRO, Nak(0, 9, ((0, 4),))),
        "28001113 0001 00000007 0002 08 00000000 00000009 00000000 00000004",
    ),
    (Pdu(TO, Prompt(keep_alive=True)), "20000213 0001 00000007 0002 09 80"),
    (Pdu(FRO, KeepAlive(0x0102)), "28000513 0001 00000007 0002 0C 00000102"),
    (Pdu(TO, FileData(5, b"hi")), "30000613 0001 00000007 0002 00000005 6869"),
]


@pytest.mark.parametrize(("pdu", "octets"), KNOWN)
def test_known_pdus(pdu: Pdu, octets: str) -> None:
    """PDUs are packed and read octet by octet."""
    assert pdu.pack() == bytes.fromhex(octets)
    assert Pdu.unpack(bytes.fromhex(octets)) == pdu


NAMES = st.text(max_size=20).filter(lambda name: "\ud800" not in name)
SIZES = st.integers(0, 0xFFFFFFFF)
CONDITIONS = st.sampled_from(ConditionCode)
REQUESTS = st.one_of(
    st.builds(FilestoreRequest, st.just(FilestoreAction.CREATE_FILE), NAMES),
    st.builds(FilestoreRequest, st.just(FilestoreAction.RENAME_FILE), NAMES, NAMES),
)
RESPONSES = st.builds(
    FilestoreResponse, st.just(FilestoreAction.REPLACE_FILE), st.integers(0, 15), NAMES, NAMES, st.binary(max_size=9)
)
OPTIONS = st.one_of(
    REQUESTS,
    st.builds(MessageToUser, st.binary(max_size=40)),
    st.builds(FaultHandlerOverride, CONDITIONS, st.sampled_from(FaultHandler)),
    st.builds(FlowLabel, st.binary(max_size=9)),
    st.builds(UnknownOption, st.sampled_from([1, 3, 6, 7, 255]), st.binary(max_size=9)),
)
PARTS = st.tuples(SIZES, SIZES).map(lambda pair: (min(pair), max(pair)))
FAULTS = st.sampled_from([code for code in ConditionCode if code not in (0, ConditionCode.UNSUPPORTED_CHECKSUM)])
CONTENTS: st.SearchStrategy[Content] = st.one_of(
    st.builds(Eof, SIZES, SIZES),
    st.builds(Eof, SIZES, SIZES, FAULTS, st.one_of(st.none(), st.integers(0, 65535))),
    st.builds(
        Finished,
        FAULTS,
        st.sampled_from(DeliveryCode),
        st.sampled_from(FileStatus),
        st.lists(RESPONSES, max_size=3).map(tuple),
        st.one_of(st.none(), st.integers(0, 65535)),
    ),
    st.builds(
        Ack,
        st.sampled_from([DirectiveCode.EOF, DirectiveCode.FINISHED]),
        CONDITIONS,
        st.sampled_from(TransactionStatus),
    ),
    st.builds(
        Metadata, SIZES, NAMES, NAMES, st.integers(0, 15), st.booleans(), st.lists(OPTIONS, max_size=4).map(tuple)
    ),
    PARTS.flatmap(lambda scope: st.builds(Nak, st.just(scope[0]), st.just(scope[1]), st.lists(PARTS).map(tuple))),
    st.builds(Prompt, st.booleans()),
    st.builds(KeepAlive, SIZES),
    st.builds(FileData, SIZES, st.binary(max_size=60)),
)


@MODEST
@given(CONTENTS, st.booleans(), st.booleans(), st.sampled_from(Mode))
def test_round_trip(content: Content, crc: bool, large: bool, mode: Mode) -> None:  # noqa: FBT001
    """Every PDU comes back, with and without a CRC, with sizes of four and of eight octets."""
    header = msgspec.structs.replace(TO, crc=crc, large_file=large, mode=mode)
    pdu = Pdu(header, content)
    octets = pdu.pack()
    assert Pdu.unpack(octets) == pdu
    assert Pdu.unpack(octets + b"\x55\xaa", padded=True) == pdu
    with pytest.raises(ProtocolError):
        Pdu.unpack(octets + b"\x55")


@MODEST
@given(CONTENTS, st.data())
def test_every_bit_flip_under_a_crc_is_refused(content: Content, data: st.DataObject) -> None:
    """With a CRC no PDU with one bit inverted is read, wherever the bit is; but the flag that says there is one."""
    octets = bytearray(Pdu(msgspec.structs.replace(TO, crc=True), content).pack())
    bit = data.draw(st.integers(0, 8 * len(octets) - 1).filter(lambda place: place != 6))
    octets[bit // 8] ^= 0x80 >> bit % 8
    with pytest.raises(ProtocolError):
        Pdu.unpack(bytes(octets))


def test_a_wrong_crc_is_reported() -> None:
    """With the value found and the one expected."""
    octets = Pdu(msgspec.structs.replace(TO, crc=True), Eof(1, 2)).pack()
    with pytest.raises(ChecksumError) as caught:
        Pdu.unpack(octets[:-2] + b"\x00\x00")
    assert (caught.value.expected, caught.value.found) == (crc16(octets[:-2]), 0)


@MODEST
@given(CONTENTS, st.booleans())
def test_every_cut_is_refused(content: Content, large: bool) -> None:  # noqa: FBT001
    """No PDU is read whose data field ends early, even if its length field agrees; but file data have any length."""
    header = msgspec.structs.replace(TO, large_file=large)
    octets = Pdu(header, content).pack()
    whole = len(octets) - header.octets
    for length in range(whole):
        cut = octets[:1] + length.to_bytes(2, "big") + octets[3 : header.octets + length]
        try:
            pdu = Pdu.unpack(cut)
        except ProtocolError:
            continue
        # What may end there: options, requests and responses are optional, and so are data.
        assert pdu.pack() == cut
        assert isinstance(pdu.content, FileData | Metadata | Nak | Finished | Eof)


@pytest.mark.parametrize("pdu", [pdu for pdu, _ in KNOWN if not isinstance(pdu.content, FileData)])
def test_nothing_follows_the_last_field_of_a_directive(pdu: Pdu) -> None:
    """Octets in the data field that belong to no field are refused."""
    octets = pdu.pack()
    longer = octets[:1] + (len(octets) + 1 - 12).to_bytes(2, "big") + octets[3:] + b"\xff"
    with pytest.raises(TooShortError if isinstance(pdu.content, Nak | Metadata) else ProtocolError):
        Pdu.unpack(longer)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 10, 11, 13, 255])
def test_unknown_directives(code: int) -> None:
    """A directive code that means nothing is refused by its value."""
    with pytest.raises(WrongValueError, match="directive code") as caught:
        Pdu.unpack(bytes.fromhex("20000213 0001 00000007 0002") + bytes([code, 0]))
    assert caught.value.found == code


def test_an_empty_directive_is_refused() -> None:
    """There is no directive without its code."""
    with pytest.raises(TooShortError, match="file directive"):
        Pdu.unpack(bytes.fromhex("20000013 0001 00000007 0002"))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("04 90 00000000 00000000 05 01 01", "TLV type"),
        ("04 C0 00000000 00000000", "condition code"),
        ("05 D2", "condition code"),
        ("05 42 00 03 00 01 61", "TLV type"),
        ("05 42 06 01 01 06 01 01", "file directive"),
        ("06 41 01", "directive subtype"),
        ("06 50 01", "directive subtype"),
        ("06 70 01", "acknowledged directive"),
        ("06 20 01", "acknowledged directive"),
        ("08 00000009 00000000", "end of a part"),
        ("08 00000000 00000009 00000005 00000004", "end of a part"),
    ],
)
def test_fields_that_make_no_sense(field: str, words: str) -> None:
    """They are refused with the field's name."""
    octets = bytes.fromhex(field)
    header = TO.pack(PduType.DIRECTIVE, len(octets))
    with pytest.raises(ProtocolError, match=words):
        Pdu.unpack(header + octets)


def test_an_eof_without_a_fault_location_is_read() -> None:
    """Software exists that leaves it out, and where the fault was found changes nothing."""
    octets = TO.pack(PduType.DIRECTIVE, 10) + bytes.fromhex("04 F0 00000001 00000002")
    assert Pdu.unpack(octets).content == Eof(1, 2, ConditionCode.CANCEL_REQUEST)


def test_contradictions_cannot_be_made() -> None:
    """A fault location without a fault, an acknowledgement of something else, metadata without a record state."""
    with pytest.raises(WrongValueError, match="fault location"):
        Eof(0, 0, fault_location=1)
    with pytest.raises(WrongValueError, match="fault location"):
        Finished(NO_ERROR, DeliveryCode.COMPLETE, FileStatus.RETAINED, fault_location=1)
    with pytest.raises(WrongValueError, match="acknowledged directive"):
        Ack(DirectiveCode.NAK, NO_ERROR, TransactionStatus.ACTIVE)
    with pytest.raises(WrongValueError, match="segment metadata"):
        FileData(0, b"", metadata=b"x")
    with pytest.raises(FieldRangeError, match="segment metadata octets"):
        FileData(0, b"", RecordState.START, bytes(64))
    with pytest.raises(FieldRangeError, match="segment offset"):
        FileData(-1, b"")
    with pytest.raises(FieldRangeError, match="checksum type"):
        Metadata(0, "", "", 16)
    with pytest.raises(FieldRangeError, match="file checksum"):
        Eof(1 << 32, 0)
    with pytest.raises(WrongValueError, match="segment metadata flag"):
        Pdu(TO, FileData(0, b"", RecordState.START)).pack()


@pytest.mark.parametrize("state", RecordState)
def test_segment_metadata(state: RecordState) -> None:
    """Where records start and end, and what the application says, stand in front of the offset."""
    header = msgspec.structs.replace(TO, segment_metadata=True, segmentation_control=True)
    pdu = Pdu(header, FileData(5, b"hi", state, b"abc"))
    octets = pdu.pack()
    assert octets[3] == 0x13 | 0x88
    assert octets[12:].hex() == f"{state << 6 | 3:02x}" + "616263" + "00000005" + "6869"
    assert Pdu.unpack(octets) == pdu
    with pytest.raises(TooShortError):
        Pdu.unpack(octets[:1] + b"\x00\x03" + octets[3:15])


def test_large_files() -> None:
    """Sizes and offsets have eight octets with the flag, and beyond four octets need it."""
    large = msgspec.structs.replace(TO, large_file=True)
    for content in (Eof(1, 1 << 40), Metadata(1 << 40, "a", "b", 0), FileData(1 << 40, b"x"), KeepAlive(1 << 40)):
        assert Pdu.unpack(Pdu(large, content).pack()).content == content
        with pytest.raises(FieldRangeError):
            Pdu(TO, content).pack()
    nak = Nak(0, 1 << 40, ((1, 1 << 39),))
    assert Pdu.unpack(Pdu(large, nak).pack()).content == nak


def test_what_metadata_hold() -> None:
    """Options are found by what they are, each in its order."""
    request = FilestoreRequest(FilestoreAction.DELETE_FILE, "x")
    override = FaultHandlerOverride(ConditionCode.NAK_LIMIT, FaultHandler.SUSPEND)
    metadata = Metadata(1, "a", "b", 0, options=(MessageToUser(b"1"), request, MessageToUser(b"2"), override))
    assert metadata.messages == (b"1", b"2")
    assert metadata.filestore_requests == (request,)
    assert metadata.fault_handlers == (override,)
    assert metadata.has_file
    assert not Metadata(0, "", "", 0).has_file


def test_a_pdu_has_a_longest_length() -> None:
    """What does not fit into the data field is refused when it is packed."""
    with pytest.raises(FieldRangeError, match="PDU data field octets"):
        Pdu(TO, FileData(0, bytes(65_532))).pack()
    with pytest.raises(LengthMismatchError):
        Pdu.unpack(Pdu(TO, FileData(0, bytes(65_531))).pack()[:-1])


@MODEST
@given(st.binary(max_size=60), st.integers(0, 255), st.booleans())
def test_any_octets_are_read_or_refused(octets: bytes, first: int, crc: bool) -> None:  # noqa: FBT001
    """Any data field behind a good header gives a PDU that packs to one that reads the same, or a named error."""
    start = bytes([0x20 | first & 0x1D | crc << 1])
    header = start + (len(octets) + 2 * crc).to_bytes(2, "big") + bytes.fromhex("11 0001 0007 0002")
    pdu_octets = header + octets
    if crc:
        pdu_octets += crc16(pdu_octets).to_bytes(2, "big")
    try:
        pdu = Pdu.unpack(pdu_octets)
    except ProtocolError:
        return
    if isinstance(pdu.content, Eof | Finished) and pdu.content.fault_location is not None:
        # The id there has a length of its own, which need not be that of the header.
        return
    assert Pdu.unpack(pdu.pack()) == pdu
    assert len(pdu.pack()) == len(pdu_octets)
