"""The ground's end of file delivery: files of the spacecraft come down, others go up (CCSDS 727.0-B-5).

PDUs come down in packets and go up as commands, within what the window of the sequence control leaves free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, assert_never

import msgspec

from flightsw.mission_file_delivery import FileDeliveryParameters
from ops_tools.ground.delivery_memory import DeliveryMemory
from ops_tools.ground.errors import LinkDownError
from ops_tools.ground.files import FileStore, StoredFile
from ops_tools.ground.transfers import (
    Transfer,
    TransferBook,
    TransferKind,
    TransferOutcome,
    TransferRefusedError,
)
from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, Mode
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.errors import UnknownTransactionError
from tlm_cmd.cfdp.indications import (
    Abandoned,
    DirectoryListed,
    EofReceived,
    EofSent,
    Fault,
    Indication,
    MetadataReceived,
    ProxyPutFinished,
    Report,
    Resumed,
    SegmentReceived,
    Suspended,
    TransactionFinished,
    TransactionStarted,
)
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.traffic import PduTraffic
from tlm_cmd.cfdp.user_messages import (
    ListingRequest,
    OriginatingTransaction,
    ProxyPutRequest,
    is_reserved,
    unpack_reserved,
)
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.profile import PacketProfile
from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO

PDU_PACKET = "FILE_TRANSFER.FILE_PDU"
"""The packet in which PDUs come down, in its field ``pdu``."""
PDU_COMMAND = "FILE_TRANSFER.TAKE_PDU"
"""The command in which they go up, as its argument ``pdu``; no reports about it are expected."""
FRAMES_FOR_COMMANDS = 2
"""Frames of the window that PDUs leave free, so that no command has to wait for an answer to them."""
FRAMES_WITHOUT_WINDOW = 8
"""Frames with PDUs in one step, where there is no sequence control."""
MAX_TRANSACTIONS = 64
MAX_CLOSED = 1024
OUTGOING, RECEIVED, LISTINGS = "outgoing", "received", "listings"
"""Directories of the ground's filestore: what goes up, what was asked for, and listings of directories on board."""
MAX_PUT_OCTETS = 16 * 1024 * 1024


class CommandLink(Protocol):
    """What is needed of the link."""

    @property
    def free_frames(self) -> int | None:
        """Frames that would leave at once; None if nothing but the radio limits them."""
        ...

    @property
    def frame_data_octets(self) -> int:
        """Octets of packets in one frame."""
        ...

    def send_together(self, packets: list[bytes], now_ns: int, /) -> None:
        """Send packets up, as many as fit in each frame."""
        ...


class DeliveryCounters(msgspec.Struct):
    """What passed. What became of what arrived, the entity counts by reason."""

    down: PduTraffic = msgspec.field(default_factory=PduTraffic)
    up: PduTraffic = msgspec.field(default_factory=PduTraffic)
    frames_refused: int = 0
    """Times that the link took no frame; the PDUs in it are lost, and sent again in time."""


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
        transfers: all of them.
        counters: what passed.

    Raises:
        TransferRefusedError: the longest PDU does not fit into a frame of the link.
    """

    def __init__(
        self,
        parameters: FileDeliveryParameters,
        dictionary: Dictionary,
        packets: PacketProfile,
        link: CommandLink,
        files: FileStore,
        tell: Callable[[Transfer, StoredFile | None], None] = lambda _transfer, _file: None,
        memory: DeliveryMemory | None = None,
        *,
        listens_only: bool = False,
    ) -> None:
        self.transfers = TransferBook()
        self.counters = DeliveryCounters()
        self._spacecraft = parameters.spacecraft_entity
        self._command = dictionary.command(PDU_COMMAND)
        self._packets = packets
        self._link = link
        self._files = files
        self._tell = tell
        self._memory = memory
        self._listens_only = listens_only
        self._sequence = 0
        self._in_contact = False
        self._waiting: bytes | None = None
        local = msgspec.structs.replace(
            parameters.local(parameters.ground_entity),
            partial_prefix="partial-",
            max_transactions=MAX_TRANSACTIONS,
            max_closed=MAX_CLOSED,
        )
        self._entity = Entity(local, [parameters.remote(self._spacecraft)], files.filestore)
        longest = len(self._packet(bytes(parameters.pdu_octets)))
        if longest > link.frame_data_octets:
            raise TransferRefusedError(
                f"a PDU of {parameters.pdu_octets} octets needs {longest} in a frame, the link has "
                f"{link.frame_data_octets}; set pdu_octets in [links.file_delivery] lower"
            )
        self._restore()
        self._entity.freeze(self._spacecraft)

    def _restore(self) -> None:
        """Go on with the transactions of an earlier life."""
        state = None if self._memory is None else self._memory.load()
        if state is None:
            return
        self._entity.state = state
        self._entity.restart(0)
        for sender in state.senders:
            if sender.metadata.source_file and not sender.closed:
                transfer = self.transfers.begin(
                    TransferKind.PUT, sender.metadata.destination_file, sender.metadata.source_file, 0
                )
                transfer.transaction, transfer.octets = sender.transaction, sender.metadata.file_size
        for receiver in state.receivers:
            if receiver.metadata is not None:
                self._begin_down(MetadataReceived(receiver.transaction, receiver.metadata), 0)
            if (finished := receiver.finished) is not None:
                self._over(
                    TransactionFinished(
                        receiver.transaction, finished.condition, finished.delivery, finished.file_status
                    ),
                    0,
                )

    @property
    def state(self) -> EntityState:
        """The memory of the entity, for reading."""
        return self._entity.state

    # ---------------------------------------------------------------- what passes

    def receive(self, pdu: bytes, now_ns: int) -> None:
        """Take a PDU that has come down."""
        self.counters.down.count(pdu)
        self._entity.receive(pdu, now_ns)
        self._follow_indications(now_ns)

    def step(self, now_ns: int, *, in_contact: bool) -> None:
        """Let time pass, and send what there is as far as the window leaves room."""
        if in_contact is not self._in_contact:
            self._in_contact = in_contact
            if in_contact:
                self._entity.thaw(self._spacecraft, now_ns)
            else:
                self._entity.freeze(self._spacecraft)
                self._keep()
        if in_contact and not self._listens_only:
            self._entity.poll(now_ns)
            self._send(now_ns)
        self._follow_indications(now_ns)

    def _send(self, now_ns: int) -> None:
        """Fill as many frames as may be sent; a packet that fits into none of them waits for the next time."""
        free = self._link.free_frames
        for _ in range(FRAMES_WITHOUT_WINDOW if free is None else free - FRAMES_FOR_COMMANDS):
            together: list[bytes] = []
            room = self._link.frame_data_octets
            while (packet := self._next_packet(now_ns)) is not None:
                if len(packet) > room:
                    self._waiting = packet
                    break
                together.append(packet)
                room -= len(packet)
            if not together:
                return
            self._send_frame(together, now_ns)

    def _next_packet(self, now_ns: int) -> bytes | None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            return waiting
        pdu = self._entity.next_pdu(now_ns, self._spacecraft)
        if pdu is None:
            return None
        self.counters.up.count(pdu)
        return self._packet(pdu)

    def _send_frame(self, packets: list[bytes], now_ns: int) -> None:
        try:
            self._link.send_together(packets, now_ns)
        except (LinkDownError, ProtocolError):
            self.counters.frames_refused += 1

    def _packet(self, pdu: bytes) -> bytes:
        payload = self._command.codec.encode(self._command.record(pdu=pdu))
        sequence, self._sequence = self._sequence, (self._sequence + 1) % SEQUENCE_MODULO
        return self._packets.build_command(self._command.apid, sequence, self._command.code, payload)

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
        self._follow_indications(now_ns)
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
        """Give a transfer up.

        Raises:
            UnknownTransferError: there is no such transfer.
            TransferRefusedError: it is over.
        """
        transfer = self._going_on(number)
        transaction = transfer.transaction or transfer.asked_by
        if transaction is not None:
            self._try(lambda: self._entity.cancel(transaction))
        self._follow_indications(now_ns)
        self._end(transfer, TransferOutcome.CANCELLED, ConditionCode.CANCEL_REQUEST, now_ns)
        return transfer

    def suspend(self, number: int, now_ns: int) -> Transfer:
        """Let a transfer rest.

        Raises:
            UnknownTransferError: there is no such transfer.
            TransferRefusedError: it is over, or no file is on its way yet.
        """
        transfer, transaction = self._carried(number)
        self._try(lambda: self._entity.suspend(transaction))
        self._follow_indications(now_ns)
        return transfer

    def resume(self, number: int, now_ns: int) -> Transfer:
        """Let a transfer go on.

        Raises:
            UnknownTransferError: there is no such transfer.
            TransferRefusedError: it is over, or no file is on its way yet.
        """
        transfer, transaction = self._carried(number)
        self._try(lambda: self._entity.resume(transaction, now_ns))
        self._follow_indications(now_ns)
        return transfer

    def refresh(self) -> TransferBook:
        """All transfers, each with how it stands now."""
        for transfer in self.transfers.open:
            transaction = transfer.transaction
            if transaction is None:
                continue
            try:
                report = self._entity.report(transaction)
            except UnknownTransactionError:
                continue
            transfer.progress, transfer.missing = report.progress, report.missing_octets
            transfer.suspended = report.suspended
            transfer.phase = "suspended" if report.suspended else report.phase
            if report.frozen and not report.suspended:
                transfer.phase = f"{report.phase}, out of contact"
        return self.transfers

    def _begin(self, kind: TransferKind, remote: str, now_ns: int) -> Transfer:
        if self._listens_only:
            raise TransferRefusedError("somebody else commands the spacecraft; this ground only listens")
        transfer = self.transfers.begin(kind, remote, "", now_ns)
        transfer.local = {
            TransferKind.PUT: f"{OUTGOING}/{transfer.number}",
            TransferKind.GET: f"{RECEIVED}/{transfer.number}",
            TransferKind.LISTING: f"{LISTINGS}/{transfer.number}",
        }[kind]
        return transfer

    def _ask(self, transfer: Transfer, message: Callable[[], bytes], now_ns: int) -> Transfer:
        try:
            transfer.asked_by = self._entity.put(PutRequest(self._spacecraft, messages=(message(),)))
        except ProtocolError as error:
            raise self._refused(transfer, error, now_ns) from error
        self._follow_indications(now_ns)
        return transfer

    def _refused(self, transfer: Transfer, error: ProtocolError, now_ns: int) -> TransferRefusedError:
        self._end(transfer, TransferOutcome.FAILED, ConditionCode.NO_ERROR, now_ns, str(error))
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

    # ---------------------------------------------------------------- what becomes of them

    def _follow_indications(self, now_ns: int) -> None:
        if not self._entity.state.indications:
            return
        while indications := self._entity.take_indications():
            for indication in indications:
                self._follow_indication(indication, now_ns)
        self._keep()

    def _follow_indication(self, indication: Indication, now_ns: int) -> None:
        match indication:
            case MetadataReceived():
                self._begin_down(indication, now_ns)
            case TransactionFinished() | Abandoned():
                self._over(indication, now_ns)
            case ProxyPutFinished():
                self._answered(indication, now_ns)
            case DirectoryListed():
                self._listed(indication, now_ns)
            case (
                TransactionStarted()
                | EofSent()
                | EofReceived()
                | SegmentReceived()
                | Suspended()
                | Resumed()
                | Fault()
                | Report()
            ):
                pass
            case _:
                assert_never(indication)

    def _begin_down(self, received: MetadataReceived, now_ns: int) -> None:
        """A file is coming: one that was asked for, or one that the spacecraft sends by itself."""
        metadata = received.metadata
        if not metadata.has_file:
            return
        asked_by = _originating(metadata.messages)
        transfer = None if asked_by is None else self.transfers.asked_by(asked_by)
        if transfer is None:
            transfer = self.transfers.begin(TransferKind.DOWN, metadata.source_file, metadata.destination_file, now_ns)
        transfer.transaction, transfer.octets = received.transaction, metadata.file_size

    def _over(self, ended: TransactionFinished | Abandoned, now_ns: int) -> None:
        arrived = (
            isinstance(ended, TransactionFinished)
            and ended.condition in (ConditionCode.NO_ERROR, ConditionCode.UNSUPPORTED_CHECKSUM)
            and ended.delivery is DeliveryCode.COMPLETE
        )
        transfer = self.transfers.carried_by(ended.transaction)
        if transfer is not None:
            self._close(transfer, ended.condition, now_ns, arrived=arrived)
        elif not arrived and (asking := self.transfers.asked_by(ended.transaction)) is not None:
            self._close(asking, ended.condition, now_ns, arrived=False)

    def _close(self, transfer: Transfer, condition: ConditionCode, now_ns: int, *, arrived: bool) -> None:
        if arrived:
            self._end(transfer, TransferOutcome.FINISHED, condition, now_ns)
        elif condition is ConditionCode.CANCEL_REQUEST:
            self._end(transfer, TransferOutcome.CANCELLED, condition, now_ns)
        else:
            self._end(transfer, TransferOutcome.FAILED, condition, now_ns)

    def _answered(self, finished: ProxyPutFinished, now_ns: int) -> None:
        """The spacecraft says what became of a file that it was asked for; one that has come says so itself."""
        transfer = self.transfers.asked_by(finished.originating)
        if transfer is not None and (transfer.transaction is None or finished.condition is not ConditionCode.NO_ERROR):
            reason = "" if finished.condition is ConditionCode.NO_ERROR else "the spacecraft could not send it"
            self._end(transfer, TransferOutcome.FAILED, finished.condition, now_ns, reason)

    def _listed(self, listed: DirectoryListed, now_ns: int) -> None:
        transfer = None if listed.originating is None else self.transfers.asked_by(listed.originating)
        if transfer is not None and not listed.successful:
            reason = "the spacecraft has no such directory, or its listing is too long"
            self._end(transfer, TransferOutcome.FAILED, ConditionCode.NO_ERROR, now_ns, reason)

    def _end(
        self,
        transfer: Transfer,
        outcome: TransferOutcome,
        condition: ConditionCode,
        now_ns: int,
        reason: str = "",
    ) -> None:
        """Put down what became of a transfer, once, and tell it."""
        if not transfer.open:
            return
        transfer.end(outcome, condition, now_ns, reason)
        file = None
        if transfer.kind is TransferKind.PUT:
            self._remove(transfer.local)
        elif outcome is TransferOutcome.FINISHED:
            file = self._files.add(transfer.local, now_ns)
            transfer.progress = transfer.octets or 0
        elif condition is ConditionCode.CHECKSUM_FAILURE:
            self._files.counters.corrupt += 1
        else:
            self._files.counters.failed += 1
        self._tell(transfer, file)

    def _remove(self, name: str) -> None:
        try:
            self._files.filestore.delete(name)
        except ProtocolError:
            return

    def _keep(self) -> None:
        if self._memory is not None:
            self._memory.save(self._entity.state)


def _originating(messages: tuple[bytes, ...]) -> TransactionId | None:
    """The transaction because of which a file is sent, if its metadata say so."""
    for message in messages:
        try:
            if is_reserved(message) and isinstance(found := unpack_reserved(message), OriginatingTransaction):
                return found.transaction
        except ProtocolError:
            continue
    return None
