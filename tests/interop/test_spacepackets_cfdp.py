"""PDUs packed here and read by spacepackets, and the other way round.

Known faults of spacepackets 0.32, which are not imitated: `EofPdu.unpack` leaves the condition code in the upper four
bits, so that 15 becomes 240; condition code 9, invalid file structure, is not known to it; entity ids and sequence
numbers have 1, 2, 4 or 8 octets only.
"""

from __future__ import annotations

import itertools

import pytest

pytest.importorskip("spacepackets")

from spacepackets.cfdp import (
    ChecksumType,
    CrcFlag,
    EntityIdTlv,
    FaultHandlerOverrideTlv,
    FileStoreRequestTlv,
    FileStoreResponseTlv,
    FlowLabelTlv,
    LargeFileFlag,
    MessageToUserTlv,
    PduConfig,
    SegmentationControl,
    TransmissionMode,
)
from spacepackets.cfdp import ConditionCode as PeerCondition
from spacepackets.cfdp import DeliveryCode as PeerDelivery
from spacepackets.cfdp import Direction as PeerDirection
from spacepackets.cfdp import DirectiveType as PeerDirective
from spacepackets.cfdp import FaultHandlerCode as PeerHandler
from spacepackets.cfdp import FileStatus as PeerFileStatus
from spacepackets.cfdp import FilestoreActionCode as PeerAction
from spacepackets.cfdp import FilestoreResponseStatusCode as PeerStatus
from spacepackets.cfdp import TransactionId as PeerTransactionId
from spacepackets.cfdp.lv import CfdpLv
from spacepackets.cfdp.pdu import (
    AckPdu,
    EofPdu,
    FileDataPdu,
    FinishedPdu,
    KeepAlivePdu,
    MetadataParams,
    MetadataPdu,
    NakPdu,
    PromptPdu,
    TransactionStatus,
)
from spacepackets.cfdp.pdu.file_data import FileDataParams, RecordContinuationState, SegmentMetadata
from spacepackets.cfdp.pdu.finished import FinishedParams
from spacepackets.cfdp.pdu.prompt import ResponseRequired
from spacepackets.cfdp.tlv import (
    DirectoryListingRequest,
    DirectoryListingResponse,
    DirectoryParams,
    ProxyCancelRequest,
    ProxyClosureRequest,
    ProxyPutRequest,
    ProxyPutRequestParams,
    ProxyPutResponse,
    ProxyPutResponseParams,
    ProxyTransmissionMode,
)
from spacepackets.cfdp.tlv import OriginatingTransactionId as PeerOrigin
from spacepackets.util import ByteFieldGenerator, ByteFieldU8, ByteFieldU16

from tlm_cmd.cfdp import codes, user_messages
from tlm_cmd.cfdp.codes import ConditionCode, Direction, DirectiveCode, FileStatus, Mode
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
)
from tlm_cmd.cfdp.requests import TransactionId

NO_ERROR = ConditionCode.NO_ERROR
HEADERS = [
    PduHeader(Direction.TOWARD_RECEIVER, mode, 1, 7, 2, ids, sequence, crc=crc, large_file=large)
    for mode, (ids, sequence), crc, large in itertools.product(
        Mode, ((1, 1), (2, 4), (8, 8), (4, 2)), (False, True), (False, True)
    )
]


def config(header: PduHeader) -> PduConfig:
    """Return the peer's form of a header."""
    return PduConfig(
        source_entity_id=ByteFieldGenerator.from_int(header.entity_id_octets, header.source_id),
        dest_entity_id=ByteFieldGenerator.from_int(header.entity_id_octets, header.destination_id),
        transaction_seq_num=ByteFieldGenerator.from_int(header.sequence_octets, header.sequence_number),
        trans_mode=TransmissionMode(header.mode.value),
        crc_flag=CrcFlag(int(header.crc)),
        file_flag=LargeFileFlag(int(header.large_file)),
        seg_ctrl=SegmentationControl.NO_RECORD_BOUNDARIES_PRESERVATION,
        direction=PeerDirection(header.direction.value),
    )


def same(header: PduHeader, content: Content, peer: bytes) -> None:
    """Make sure that both write the same, and that ours is read back from the peer's."""
    assert Pdu(header, content).pack() == bytes(peer)
    assert Pdu.unpack(bytes(peer)) == Pdu(header, content)


@pytest.mark.parametrize("header", HEADERS)
def test_directives(header: PduHeader) -> None:
    """EOF, Finished, ACK, NAK, Prompt, Keep Alive, with every form of header."""
    back = header.turned()
    to, fro = config(header), config(back)
    same(header, Eof(0x01020304, 9), EofPdu(to, bytes.fromhex("01020304"), 9).pack())
    same(
        back,
        Finished(NO_ERROR, codes.DeliveryCode.COMPLETE, FileStatus.RETAINED),
        FinishedPdu(
            fro, FinishedParams(PeerCondition.NO_ERROR, PeerDelivery.DATA_COMPLETE, PeerFileStatus.FILE_RETAINED)
        ).pack(),
    )
    same(
        back,
        Ack(DirectiveCode.EOF, NO_ERROR, codes.TransactionStatus.ACTIVE),
        AckPdu(fro, PeerDirective.EOF_PDU, PeerCondition.NO_ERROR, TransactionStatus.ACTIVE).pack(),
    )
    same(
        header,
        Ack(DirectiveCode.FINISHED, ConditionCode.CANCEL_REQUEST, codes.TransactionStatus.TERMINATED),
        AckPdu(
            to, PeerDirective.FINISHED_PDU, PeerCondition.CANCEL_REQUEST_RECEIVED, TransactionStatus.TERMINATED
        ).pack(),
    )
    same(back, Nak(0, 9, ((0, 0), (2, 5))), NakPdu(fro, 0, 9, [(0, 0), (2, 5)]).pack())
    same(header, Prompt(keep_alive=True), PromptPdu(to, ResponseRequired.KEEP_ALIVE).pack())
    same(header, Prompt(keep_alive=False), PromptPdu(to, ResponseRequired.NAK).pack())
    same(back, KeepAlive(5), KeepAlivePdu(fro, 5).pack())


@pytest.mark.parametrize("header", HEADERS)
def test_metadata_and_file_data(header: PduHeader) -> None:
    """With names, options and data, with every form of header."""
    params = MetadataParams(True, ChecksumType.CRC_32, 9, "a", "b")
    options = [
        FileStoreRequestTlv(PeerAction.RENAME_FILE_SNP, "x", "y"),
        FileStoreRequestTlv(PeerAction.DELETE_FILE_SNN, "z"),
        MessageToUserTlv(b"hi"),
        FaultHandlerOverrideTlv(PeerCondition.NAK_LIMIT_REACHED, PeerHandler.IGNORE_ERROR),
        FlowLabelTlv(b"\x07"),
    ]
    ours = Metadata(
        9,
        "a",
        "b",
        3,
        closure_requested=True,
        options=(
            FilestoreRequest(codes.FilestoreAction.RENAME_FILE, "x", "y"),
            FilestoreRequest(codes.FilestoreAction.DELETE_FILE, "z"),
            MessageToUser(b"hi"),
            FaultHandlerOverride(ConditionCode.NAK_LIMIT, codes.FaultHandler.IGNORE),
            FlowLabel(b"\x07"),
        ),
    )
    same(header, ours, MetadataPdu(config(header), params, options).pack())
    nothing = MetadataParams(False, ChecksumType.NULL_CHECKSUM, 0, None, None)
    same(header, Metadata(0, "", "", 15), MetadataPdu(config(header), nothing).pack())
    same(header, FileData(5, b"data"), FileDataPdu(config(header), FileDataParams(b"data", 5)).pack())


@pytest.mark.parametrize("state", codes.RecordState)
def test_segment_metadata(state: codes.RecordState) -> None:
    """The peer reads the state of records and what the application says."""
    header = PduHeader(Direction.TOWARD_RECEIVER, Mode.ACKNOWLEDGED, 1, 7, 2, segment_metadata=True)
    params = FileDataParams(b"data", 5, SegmentMetadata(RecordContinuationState(state.value), b"abc"))
    same(header, FileData(5, b"data", state, b"abc"), FileDataPdu(config(header), params).pack())


@pytest.mark.parametrize("condition", [code for code in ConditionCode if code is not NO_ERROR])
def test_conditions(condition: ConditionCode) -> None:
    """Written alike where the peer knows the code; it reads them from a Finished, and wrongly from an EOF."""
    header = PduHeader(Direction.TOWARD_RECEIVER, Mode.ACKNOWLEDGED, 1, 7, 2)
    if condition is ConditionCode.INVALID_FILE_STRUCTURE:
        with pytest.raises(ValueError, match="9"):
            PeerCondition(9)
        return
    eof = Eof(0, 9, condition, 2)
    location = EntityIdTlv(b"\x00\x02")
    peer_condition = PeerCondition(condition.value)
    same(header, eof, EofPdu(config(header), bytes(4), 9, location, peer_condition).pack())
    assert EofPdu.unpack(Pdu(header, eof).pack()).condition_code == condition << 4
    if condition is ConditionCode.UNSUPPORTED_CHECKSUM:
        return
    response = FilestoreResponse(codes.FilestoreAction.RENAME_FILE, 1, "x", "y", b"no")
    finished = Finished(condition, codes.DeliveryCode.INCOMPLETE, FileStatus.DISCARDED, (response,), 2)
    peer_response = FileStoreResponseTlv(
        PeerAction.RENAME_FILE_SNP, PeerStatus.RENAME_OLD_FILE_DOES_NOT_EXIST, "x", "y", CfdpLv(b"no")
    )
    params = FinishedParams(
        peer_condition,
        PeerDelivery.DATA_INCOMPLETE,
        PeerFileStatus.DISCARDED_DELIBERATELY,
        [peer_response],
        location,
    )
    same(header.turned(), finished, FinishedPdu(config(header.turned()), params).pack())
    read = FinishedPdu.unpack(Pdu(header.turned(), finished).pack())
    assert read.condition_code == condition
    assert read.fault_location == location


def test_reserved_messages() -> None:
    """Those of proxies and listings that the peer knows are written alike."""
    name = CfdpLv.from_str
    pairs = [
        (
            user_messages.ProxyPutRequest(2, "a", "b"),
            ProxyPutRequest(ProxyPutRequestParams(ByteFieldU8(2), name("a"), name("b"))),
        ),
        (
            user_messages.ProxyPutResponse(NO_ERROR, codes.DeliveryCode.INCOMPLETE, FileStatus.UNREPORTED),
            ProxyPutResponse(
                ProxyPutResponseParams(
                    PeerCondition.NO_ERROR, PeerDelivery.DATA_INCOMPLETE, PeerFileStatus.FILE_STATUS_UNREPORTED
                )
            ),
        ),
        (user_messages.ProxyPutCancel(), ProxyCancelRequest()),
        (user_messages.ProxyClosureRequest(closure_requested=True), ProxyClosureRequest(closure_requested=True)),
        (user_messages.ProxyMode(Mode.UNACKNOWLEDGED), ProxyTransmissionMode(TransmissionMode.UNACKNOWLEDGED)),
        (
            user_messages.OriginatingTransaction(TransactionId(1, 0x0203)),
            PeerOrigin(PeerTransactionId(ByteFieldU8(1), ByteFieldU16(0x0203))),
        ),
        (
            user_messages.ListingRequest("d", "l"),
            DirectoryListingRequest(DirectoryParams.from_strs("d", "l")),
        ),
        (
            user_messages.ListingResponse(successful=False, directory="d", listing_file="l"),
            DirectoryListingResponse(listing_success=False, dir_params=DirectoryParams.from_strs("d", "l")),
        ),
    ]
    for ours, peer in pairs:
        assert ours.pack() == bytes(peer.value)
        assert user_messages.unpack_reserved(bytes(peer.value)) == ours
