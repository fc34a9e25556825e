"""What entities ask of each other by reserved messages: to send a file, to list a directory (CCSDS 727.0-B-5, 6)."""

from typing import Protocol

import msgspec

from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, FileStatus
from tlm_cmd.cfdp.entity_state import EntityState, ProxiedPut
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import Filestore
from tlm_cmd.cfdp.indications import (
    Abandoned,
    DirectoryListed,
    Indication,
    MetadataReceived,
    ProxyPutFinished,
    TransactionFinished,
)
from tlm_cmd.cfdp.parameters import RemoteEntity
from tlm_cmd.cfdp.pdu.cursor import MAX_VALUE_OCTETS
from tlm_cmd.cfdp.pdu.tlv import FilestoreResponse
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.user_messages import (
    ListingRequest,
    ListingResponse,
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
    ReservedMessage,
    is_reserved,
    unpack_reserved,
)
from tlm_cmd.errors import ProtocolError


class Requests(Protocol):
    """What the entity does for its user, who here is the entity itself."""

    def put(self, request: PutRequest, originating: TransactionId | None = None) -> TransactionId:
        """Begin to send."""
        ...

    def cancel(self, transaction: TransactionId) -> None:
        """Cancel a transaction."""
        ...


class UserOperations:
    """Does what reserved messages ask for, and answers.

    A message that is reserved and not known, or makes no sense, is counted and has no effect.

    Args:
        state: of the entity.
        requests: the entity.
        filestore: where directories are listed.
        max_listing_octets: the longest listing that is sent.
    """

    def __init__(self, state: EntityState, requests: Requests, filestore: Filestore, max_listing_octets: int) -> None:
        self._state = state
        self._requests = requests
        self._filestore = filestore
        self._max_listing_octets = max_listing_octets

    def on_metadata(self, received: MetadataReceived, remote: RemoteEntity) -> list[Indication]:
        """Do what the messages of a transaction ask for, and return what the user is to hear of it."""
        messages = self._read(received.metadata.messages)
        originating = next((m.transaction for m in messages if isinstance(m, OriginatingTransaction)), None)
        for message in messages:
            if self._act(message, messages, originating, received.transaction, remote):
                self._state.counters.messages_handled += 1
            else:
                self._state.counters.messages_refused += 1
        return _answers_in(messages, originating, received.transaction)

    def _act(
        self,
        message: ReservedMessage,
        messages: list[ReservedMessage],
        originating: TransactionId | None,
        transaction: TransactionId,
        remote: RemoteEntity,
    ) -> bool:
        """Do what one message asks for; return False if that is not allowed."""
        allowed = True
        match message:
            case ProxyPutRequest():
                allowed = remote.proxy_allowed
                if allowed:
                    self._put_for_another(message, messages, transaction)
            case ProxyPutCancel():
                # Only the one who asked may cancel.
                allowed = originating is not None and originating.source_id == transaction.source_id
                if allowed:
                    self._cancel_for_another(originating)
            case ListingRequest():
                allowed = remote.listing_allowed
                if allowed:
                    self._list(message, transaction)
            case _:
                pass
        return allowed

    def on_end(self, ended: TransactionFinished | Abandoned) -> None:
        """Answer the one who asked for a transaction that has ended."""
        proxied = next((put for put in self._state.proxied if put.transaction == ended.transaction), None)
        if proxied is None:
            return
        self._state.proxied.remove(proxied)
        if isinstance(ended, TransactionFinished):
            self._respond(
                proxied.originating,
                ProxyPutResponse(ended.condition, ended.delivery, ended.file_status),
                ended.responses,
            )
        else:
            self._respond(proxied.originating, _failure(ended.condition))

    def _read(self, messages: tuple[bytes, ...]) -> list[ReservedMessage]:
        found = []
        for message in messages:
            if not is_reserved(message):
                continue
            try:
                found.append(unpack_reserved(message))
            except ProtocolError:
                self._state.counters.messages_unknown += 1
        return found

    def _put_for_another(
        self, asked: ProxyPutRequest, messages: list[ReservedMessage], originating: TransactionId
    ) -> None:
        try:
            transaction = self._requests.put(_proxied_request(asked, messages, originating), originating)
        except FilestoreError:
            self._respond(originating, _failure(ConditionCode.FILESTORE_REJECTION))
        except ProtocolError:
            self._respond(originating, _failure(ConditionCode.CANCEL_REQUEST))
        else:
            self._state.proxied.append(ProxiedPut(originating, transaction))

    def _cancel_for_another(self, originating: TransactionId | None) -> None:
        for put in list(self._state.proxied):
            if put.originating == originating:
                self._requests.cancel(put.transaction)

    def _respond(
        self, originating: TransactionId, response: ProxyPutResponse, filestore: tuple[FilestoreResponse, ...] = ()
    ) -> None:
        """Tell the one who asked how it ended; filestore responses that fit no message are left out."""
        messages = [OriginatingTransaction(originating).pack(), response.pack()]
        for filestore_response in filestore:
            brief = msgspec.structs.replace(filestore_response, message=b"")
            if len(brief.pack_value()) < MAX_VALUE_OCTETS - len(messages[1]):
                messages.append(ProxyFilestoreResponse(brief).pack())
        self._send(PutRequest(originating.source_id, messages=tuple(messages)), originating)

    def _list(self, asked: ListingRequest, originating: TransactionId) -> None:
        """Send the listing of a directory: a line for each entry, with its size behind a tab or a slash at its end."""
        listing = self._listing(asked.directory)
        response = ListingResponse(listing is not None, asked.directory, asked.listing_file).pack()
        messages = (OriginatingTransaction(originating).pack(), response)
        request = PutRequest(originating.source_id, messages=messages)
        if listing is not None and asked.listing_file:
            names = asked.listing_file
            request = msgspec.structs.replace(request, source_file=names, destination_file=names, content=listing)
        self._send(request, originating)

    def _listing(self, directory: str) -> bytes | None:
        """Return the listing of a directory, None if there is none or it is too long.

        What of a name is no UTF-8 text, as names of a host's files may be, is a question mark.
        """
        try:
            entries = self._filestore.list_directory(directory)
        except FilestoreError:
            return None
        lines = [f"{e.name}/\n" if e.octets is None else f"{e.name}\t{e.octets}\n" for e in entries]
        listing = "".join(lines).encode(errors="replace")
        return listing if len(listing) <= self._max_listing_octets else None

    def _send(self, request: PutRequest, originating: TransactionId) -> None:
        try:
            self._requests.put(request, originating)
        except ProtocolError:
            self._state.counters.failed_responses += 1


def _proxied_request(asked: ProxyPutRequest, messages: list[ReservedMessage], originating: TransactionId) -> PutRequest:
    """Return the request that another entity makes, with all that its messages say about it."""
    request = PutRequest(asked.destination_id, asked.source_file, asked.destination_file)
    change = msgspec.structs.replace
    texts = [OriginatingTransaction(originating).pack()]
    for message in messages:
        match message:
            case ProxyMode():
                request = change(request, mode=message.mode)
            case ProxyClosureRequest():
                request = change(request, closure_requested=message.closure_requested)
            case ProxyFlowLabel():
                request = change(request, flow_label=message.label)
            case ProxyFilestoreRequest():
                request = change(request, filestore_requests=(*request.filestore_requests, message.request))
            case ProxyFaultHandlerOverride():
                request = change(request, fault_handlers=(*request.fault_handlers, message.override))
            case ProxyMessageToUser():
                texts.append(message.message)
            case _:
                pass
    return change(request, messages=tuple(texts))


def _answers_in(
    messages: list[ReservedMessage], originating: TransactionId | None, transaction: TransactionId
) -> list[Indication]:
    """Return what messages say of what this entity has asked for."""
    answers: list[Indication] = []
    responses = tuple(message.response for message in messages if isinstance(message, ProxyFilestoreResponse))
    for message in messages:
        match message:
            case ProxyPutResponse(condition, delivery, file_status) if originating is not None:
                answers.append(ProxyPutFinished(originating, condition, delivery, file_status, responses))
            case ListingResponse(successful, directory, listing_file):
                answers.append(DirectoryListed(transaction, originating, successful, directory, listing_file))
            case _:
                pass
    return answers


def _failure(condition: ConditionCode) -> ProxyPutResponse:
    return ProxyPutResponse(condition, DeliveryCode.INCOMPLETE, FileStatus.UNREPORTED)
