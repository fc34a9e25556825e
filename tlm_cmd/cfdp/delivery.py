"""What is done with a file when all of it has come, or when it is given up (CCSDS 727.0-B-5, 4.6.1.2 and 4.11.1.2)."""

from msgspec import structs

from tlm_cmd.cfdp.codes import ChecksumType, FileStatus
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.parameters import LocalEntity
from tlm_cmd.cfdp.pdu.header import MAX_DATA_FIELD_OCTETS
from tlm_cmd.cfdp.pdu.tlv import FilestoreResponse
from tlm_cmd.cfdp.receiver_state import ReceiverState
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.cfdp.transaction import Environment

VERIFY_OCTETS = 1 << 20
"""How much of a file is read back for its checksum at a time."""
BLOCK_OCTETS = 1 << 16
INCOMPLETE_SUFFIX = ".part"
"""Behind the name of a file of which only a part came, so that it takes no good file's place."""


def partial_name(transaction: TransactionId, local: LocalEntity) -> str:
    """Name of the file that takes what arrives, until all has come."""
    return f"{local.partial_prefix}{transaction.source_id}-{transaction.sequence_number}"


def read_back(state: ReceiverState, environment: Environment) -> bool:
    """Bring the checksum up to the end of the file, a limited step at a time; return whether it is there.

    Raises:
        FilestoreError: the file cannot be read.
    """
    checksum = state.checksum
    size, name = state.limit, partial_name(state.transaction, environment.local)
    left = VERIFY_OCTETS
    while checksum.behind(size) > 0 and left > 0:
        place = checksum.place
        octets = min(BLOCK_OCTETS, checksum.behind(size))
        block = environment.filestore.read(name, place, octets)
        if len(block) != octets:
            raise FilestoreError("read", name, f"ends before {place + octets} octets")
        checksum.add(place, block)
        left -= octets
    return checksum.behind(size) <= 0


def checksum_matches(state: ReceiverState) -> bool:
    """Whether the checksum is the one that the sender told, or none is computed."""
    if state.checksum.checksum_type is ChecksumType.NULL or state.eof is None:
        return True
    return state.checksum.value == state.eof.checksum


def commit(state: ReceiverState, environment: Environment) -> FileStatus:
    """Give the file its name.

    Raises:
        FilestoreError: the filestore does not take it.
    """
    if state.metadata is None or not state.metadata.has_file:
        return FileStatus.UNREPORTED
    name = partial_name(state.transaction, environment.local)
    if not state.file_begun:
        environment.filestore.create(name)
        state.file_begun = True
    environment.filestore.rename(name, state.metadata.destination_file)
    state.file_begun = False
    return FileStatus.RETAINED


def clean_up(state: ReceiverState, environment: Environment) -> FileStatus:
    """Discard what has come of a file that is given up, or keep it if the parameters say so."""
    if not state.file_begun:
        return FileStatus.DISCARDED
    name = partial_name(state.transaction, environment.local)
    state.file_begun = False
    try:
        if environment.remote.retain_incomplete and state.metadata is not None and state.metadata.has_file:
            environment.filestore.rename(name, state.metadata.destination_file + INCOMPLETE_SUFFIX)
            return FileStatus.RETAINED
        environment.filestore.delete(name)
    except FilestoreError:
        state.counters.cleanup_failures += 1
    return FileStatus.DISCARDED


def fitting(responses: tuple[FilestoreResponse, ...]) -> tuple[FilestoreResponse, ...]:
    """Return as many responses as fit into a Finished, the first ones, each in a form that fits its field."""
    room = MAX_DATA_FIELD_OCTETS - _BESIDE_RESPONSES_OCTETS
    kept = []
    for response in responses:
        short = _shortened(response)
        room -= len(short.pack())
        if room < 0:
            break
        kept.append(short)
    return tuple(kept)


def _shortened(response: FilestoreResponse) -> FilestoreResponse:
    """Return a response that fits its field: long names leave no room for a message, and two may not fit at all."""
    names = len(response.first_name.encode()) + len(response.second_name.encode())
    if names + len(response.message) <= _RESPONSE_TEXT_OCTETS:
        return response
    if names <= _RESPONSE_TEXT_OCTETS:
        return structs.replace(response, message=b"")
    return structs.replace(response, first_name="", second_name="", message=b"")


_RESPONSE_TEXT_OCTETS = 255 - 4
"""Names and message of a response: the rest are a code and three lengths."""
_BESIDE_RESPONSES_OCTETS = 16
"""Directive code, outcome, fault location and CRC of a Finished."""
