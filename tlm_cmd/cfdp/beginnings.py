"""How transactions begin, at the one who sends and at the one who receives (CCSDS 727.0-B-5, 4.6.1)."""

from tlm_cmd.cfdp.checksums import RunningChecksum
from tlm_cmd.cfdp.codes import ChecksumType, ConditionCode, Direction, DirectiveCode, Mode
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import Filestore
from tlm_cmd.cfdp.parameters import RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Content, Pdu
from tlm_cmd.cfdp.pdu.cursor import MAX_LARGE_SIZE, MAX_SMALL_SIZE
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.pdu.tlv import FlowLabel, MessageToUser, Option
from tlm_cmd.cfdp.receiver_state import ReceiverState
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.sender_state import SenderState
from tlm_cmd.cfdp.transaction import Environment
from tlm_cmd.errors import check_range


def begin_sending(request: PutRequest, environment: Environment, transaction: TransactionId) -> SenderState:
    """Return the memory of a sender that has sent nothing yet.

    Raises:
        FilestoreError: there is no such file.
        FieldRangeError, WrongValueError: names, messages and requests do not fit into metadata, or those into a PDU.
    """
    local, remote = environment.local, environment.remote
    size = _file_size(request, environment.filestore)
    header = PduHeader(
        direction=Direction.TOWARD_RECEIVER,
        mode=remote.mode if request.mode is None else request.mode,
        source_id=transaction.source_id,
        sequence_number=transaction.sequence_number,
        destination_id=request.destination_id,
        entity_id_octets=local.entity_id_octets,
        sequence_octets=local.sequence_octets,
        crc=remote.crc,
        large_file=size > MAX_SMALL_SIZE,
    )
    metadata = _metadata(request, remote, size)
    check_range("metadata PDU octets", len(Pdu(header, metadata).pack()), 0, remote.max_pdu_octets)
    return SenderState(
        transaction=transaction,
        header=header,
        fault_handlers=request.fault_handlers,
        request=request,
        metadata=metadata,
        checksum=RunningChecksum(ChecksumType(metadata.checksum_type)),
    )


def begin_receiving(header: PduHeader, remote: RemoteEntity) -> ReceiverState:
    """Return the memory of a receiver that has been sent a PDU with this header and has read nothing of it."""
    answer = PduHeader(
        direction=Direction.TOWARD_SENDER,
        mode=header.mode,
        source_id=header.source_id,
        sequence_number=header.sequence_number,
        destination_id=header.destination_id,
        entity_id_octets=header.entity_id_octets,
        sequence_octets=header.sequence_octets,
        crc=header.crc or remote.crc,
        large_file=header.large_file,
    )
    return ReceiverState(
        transaction=TransactionId(header.source_id, header.sequence_number),
        header=answer,
        # The metadata may say otherwise, but they may also come after data.
        checksum=RunningChecksum(remote.checksum_type),
        limit=MAX_LARGE_SIZE if header.large_file else MAX_SMALL_SIZE,
    )


def direction_of(content: Content) -> Direction:
    """Return which way this goes: whether the sender or the receiver of a file says it."""
    if isinstance(content, FileData | Metadata | Eof | Prompt):
        return Direction.TOWARD_RECEIVER
    if isinstance(content, Ack) and content.acknowledged is DirectiveCode.FINISHED:
        return Direction.TOWARD_RECEIVER
    return Direction.TOWARD_SENDER


def begins_a_transaction(content: Content) -> bool:
    """Whether a receiver that knows nothing of the transaction begins it with this."""
    if isinstance(content, Eof):
        return content.condition is ConditionCode.NO_ERROR
    return isinstance(content, FileData | Metadata)


def _file_size(request: PutRequest, filestore: Filestore) -> int:
    if not request.has_file:
        return 0
    if request.content is not None:
        return len(request.content)
    size = filestore.size(request.source_file)
    if size is None:
        raise FilestoreError("send", request.source_file, "there is no such file")
    return size


def _metadata(request: PutRequest, remote: RemoteEntity, size: int) -> Metadata:
    options: list[Option] = [*request.filestore_requests]
    options += [MessageToUser(message) for message in request.messages]
    options += request.fault_handlers
    if request.flow_label:
        options.append(FlowLabel(request.flow_label))
    acknowledged = (remote.mode if request.mode is None else request.mode) is Mode.ACKNOWLEDGED
    closure = remote.closure_requested if request.closure_requested is None else request.closure_requested
    return Metadata(
        file_size=size,
        source_file=request.source_file,
        destination_file=request.destination_file,
        checksum_type=remote.checksum_type if request.has_file else ChecksumType.NULL,
        closure_requested=closure and not acknowledged,
        options=tuple(options),
    )
