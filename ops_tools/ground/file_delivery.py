"""The ground's end of file delivery: files of the spacecraft come down, others go up (CCSDS 727.0-B-5).

PDUs come down in packets and go up as commands, within what the window of the sequence control leaves free.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec

from flightsw.mission_file_delivery import FileDeliveryParameters
from ops_tools.ground.delivery_memory import DeliveryMemory
from ops_tools.ground.files import FileStore
from ops_tools.ground.guarded_files import LISTINGS, OUTGOING, RECEIVED
from ops_tools.ground.pdu_uplink import CommandLink, PduUplink, PduUplinkCounters
from ops_tools.ground.request_watch import RequestWatch
from ops_tools.ground.transfer_tracking import TransferListener, TransferTracker
from ops_tools.ground.transfers import (
    Transfer,
    TransferBook,
    TransferKind,
    TransferOutcome,
    TransferRefusedError,
)
from tlm_cmd.cfdp.codes import ConditionCode, Mode
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.errors import FilestoreError, UnknownTransactionError
from tlm_cmd.cfdp.filestore import normal_name
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.traffic import PduTraffic
from tlm_cmd.cfdp.user_messages import (
    ListingRequest,
    ProxyPutRequest,
)
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.profile import PacketProfile

PDU_PACKET = "FILE_TRANSFER.FILE_PDU"
"""The packet in which PDUs come down, in its field ``pdu``."""
MAX_TRANSACTIONS = 64
MAX_CLOSED = 1024
FOLDERS = {TransferKind.PUT: OUTGOING, TransferKind.GET: RECEIVED, TransferKind.LISTING: LISTINGS}
"""Where the local file of a transfer is, named after its number."""
MAX_PUT_OCTETS = 16 * 1024 * 1024


class DeliveryCounters(msgspec.Struct, frozen=True):
    """What passed. What became of what arrived, the entity counts by reason."""

    down: PduTraffic
    up: PduUplinkCounters


class FileDelivery:
    """Receives files and sends files; never raises because of what comes down.

    Args:
        parameters: the mission's.
        dictionary: with the command that carries PDUs up.
        packets: the profile of the mission's packets.
        link: by which they go.
        files: where files are kept.
        tell: takes the transfers that are over, with the file if one has come down.
        memory: keeps transactions over a restart of the ground; None if nothing does.
        listens_only: whether somebody else commands the spacecraft, so that nothing may be sent.

    Attributes:
        counters: what passed.

    Raises:
        TransferRefusedError: the longest PDU does not fit into a frame of the link, or what is kept are transfers
            with somebody else.
    """

    def __init__(
        self,
        parameters: FileDeliveryParameters,
        dictionary: Dictionary,
        packets: PacketProfile,
        link: CommandLink,
        files: FileStore,
        tell: TransferListener = lambda _transfer, _file: None,
        memory: DeliveryMemory | None = None,
        *,
        listens_only: bool = False,
    ) -> None:
        self._uplink = PduUplink(dictionary, packets, link, parameters.pdu_octets)
        self.counters = DeliveryCounters(PduTraffic(), self._uplink.counters)
        self._spacecraft = parameters.spacecraft_entity
        self._files = files
        self._listens_only = listens_only
        self._in_contact = False
        local = msgspec.structs.replace(
            parameters.local(parameters.ground_entity),
            partial_prefix="partial-",
            max_transactions=MAX_TRANSACTIONS,
            max_closed=MAX_CLOSED,
        )
        spacecraft = parameters.remote(self._spacecraft)
        self._entity = Entity(local, [spacecraft], files.guarded)
        self._tracker = TransferTracker(self._entity, files, tell, memory)
        self._requests = RequestWatch(self._entity, spacecraft, self._tracker)
        self._memory = memory
        self._entity.freeze(self._spacecraft)

    @property
    def transfers(self) -> TransferBook:
        """All transfers."""
        return self._tracker.transfers

    def refresh(self) -> TransferBook:
        """All transfers, each with how it stands now."""
        return self._tracker.refresh()

    @property
    def state(self) -> EntityState:
        """The memory of the entity, for reading."""
        return self._entity.state

    @property
    def memory_errors(self) -> int:
        """Times that what is kept over a restart could not be written or read."""
        return 0 if self._memory is None else self._memory.errors

    # ---------------------------------------------------------------- what passes

    def receive(self, pdu: bytes, now_ns: int) -> None:
        """Take a PDU that has come down."""
        self.counters.down.count(pdu)
        self._entity.receive(pdu, now_ns)
        self._tracker.follow(now_ns)

    def step(self, now_ns: int, *, in_contact: bool) -> None:
        """Let time pass, and send what there is as far as the window leaves room."""
        if in_contact is not self._in_contact:
            self._in_contact = in_contact
            if in_contact:
                self._requests.contact_begins(now_ns)
                self._entity.thaw(self._spacecraft, now_ns)
            else:
                self._entity.freeze(self._spacecraft)
                self._tracker.keep()
        if in_contact and not self._listens_only:
            self._requests.step(now_ns)
            self._entity.poll(now_ns)
            self._tracker.follow(now_ns)  # what is begun is remembered before the other end hears of it
            self._uplink.send(lambda: self._entity.next_pdu(now_ns, self._spacecraft), now_ns)
        self._tracker.follow(now_ns)

    # ---------------------------------------------------------------- what people ask for

    def put(self, remote: str, content: bytes, now_ns: int, *, acknowledged: bool = True) -> Transfer:
        """Send a file up, under a name on board.

        Raises:
            TransferRefusedError: it is too long, there are too many, or its name cannot be.
        """
        if len(content) > MAX_PUT_OCTETS:
            raise TransferRefusedError(f"{len(content)} octets, at most {MAX_PUT_OCTETS} are sent")
        transfer = self._begin(TransferKind.PUT, remote, now_ns)
        mode = Mode.ACKNOWLEDGED if acknowledged else Mode.UNACKNOWLEDGED
        try:
            self._files.filestore.create(transfer.local)
            self._files.filestore.write(transfer.local, 0, content)
            transfer.transaction = self._entity.put(PutRequest(self._spacecraft, transfer.local, remote, mode))
        except ProtocolError as error:
            raise self._refused(transfer, error, now_ns) from error
        transfer.octets = len(content)
        self._tracker.follow(now_ns)
        return transfer

    def get(self, remote: str, now_ns: int) -> Transfer:
        """Have the spacecraft send a file down.

        Raises:
            TransferRefusedError: there are too many, or its name cannot be.
        """
        transfer = self._begin(TransferKind.GET, remote, now_ns)
        asked = self._entity.local.entity_id
        return self._ask(transfer, lambda: ProxyPutRequest(asked, remote, transfer.local).pack(), now_ns)

    def list_directory(self, remote: str, now_ns: int) -> Transfer:
        """Have the spacecraft send the listing of a directory.

        Raises:
            TransferRefusedError: there are too many, or its name cannot be.
        """
        transfer = self._begin(TransferKind.LISTING, remote, now_ns)
        return self._ask(transfer, lambda: ListingRequest(remote, transfer.local).pack(), now_ns)

    def cancel(self, number: int, now_ns: int) -> Transfer:
        """Give a transfer up, here at once; a file that was asked for is taken back, or refused when it comes.

        Raises:
            UnknownTransferError: there is no such transfer.
            TransferRefusedError: it is over.
        """
        transfer = self._going_on(number)
        transaction = transfer.transaction or transfer.asked_by
        if transaction is not None:
            with contextlib.suppress(UnknownTransactionError):
                self._entity.cancel(transaction)
        self._requests.take_back(transfer)
        self._tracker.follow(now_ns)
        self._tracker.end(transfer, TransferOutcome.CANCELLED, ConditionCode.CANCEL_REQUEST, now_ns)
        return transfer

    def suspend(self, number: int, now_ns: int) -> Transfer:
        """Let a transfer rest.

        Raises:
            UnknownTransferError: there is no such transfer.
            TransferRefusedError: it is over, or no file is on its way yet.
        """
        transfer, transaction = self._carried(number)
        self._try(lambda: self._entity.suspend(transaction))
        self._tracker.follow(now_ns)
        return transfer

    def resume(self, number: int, now_ns: int) -> Transfer:
        """Let a transfer go on.

        Raises:
            UnknownTransferError: there is no such transfer.
            TransferRefusedError: it is over, or no file is on its way yet.
        """
        transfer, transaction = self._carried(number)
        self._try(lambda: self._entity.resume(transaction, now_ns))
        self._tracker.follow(now_ns)
        return transfer

    def _begin(self, kind: TransferKind, remote: str, now_ns: int) -> Transfer:
        if self._listens_only:
            raise TransferRefusedError("somebody else commands the spacecraft; this ground only listens")
        if self.transfers.full:
            raise TransferRefusedError("as many transfers as are remembered go on; wait, or cancel some")
        folder = FOLDERS[kind]
        try:
            normal_name(remote)
            while self._files.filestore.size(f"{folder}/{self.transfers.last_number + 1}") is not None:
                self.transfers.go_on_behind(self.transfers.last_number + 1)
        except FilestoreError as error:
            raise TransferRefusedError(str(error)) from error
        return self.transfers.begin(kind, remote, f"{folder}/{self.transfers.last_number + 1}", now_ns)

    def _ask(self, transfer: Transfer, message: Callable[[], bytes], now_ns: int) -> Transfer:
        try:
            transfer.asked_by = self._entity.put(PutRequest(self._spacecraft, messages=(message(),)))
        except ProtocolError as error:
            raise self._refused(transfer, error, now_ns) from error
        self._tracker.follow(now_ns)
        return transfer

    def _refused(self, transfer: Transfer, error: ProtocolError, now_ns: int) -> TransferRefusedError:
        self._tracker.end(transfer, TransferOutcome.FAILED, ConditionCode.NO_ERROR, now_ns, str(error))
        return TransferRefusedError(str(error))

    def _going_on(self, number: int) -> Transfer:
        transfer = self.transfers.number(number)
        if not transfer.open:
            raise TransferRefusedError(f"transfer {number} is over: {transfer.outcome.value}")
        return transfer

    def _carried(self, number: int) -> tuple[Transfer, TransactionId]:
        transfer = self._going_on(number)
        if transfer.transaction is None:
            raise TransferRefusedError(f"transfer {number} was asked for, and no file is on its way yet")
        return transfer, transfer.transaction

    def _try(self, ask: Callable[[], None]) -> None:
        try:
            ask()
        except UnknownTransactionError as error:
            raise TransferRefusedError(str(error)) from error
