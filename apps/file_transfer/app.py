"""The file transfer: an entity of the file delivery protocol over the mass memory and the radio links."""

from __future__ import annotations

from typing import assert_never

import msgspec

from apps.command_ingest.messages import FilePduReceived
from apps.file_transfer.device_files import DeviceFiles
from apps.file_transfer.limits import TransferLimits
from apps.file_transfer.messages import (
    CancelTransfer,
    DeleteFile,
    FileEnded,
    FilePdu,
    FileSent,
    FileTransferStatus,
    ReportTransfer,
    ResumeTransfer,
    SendFile,
    SuspendTransfer,
    TakePdu,
    TransferCancelled,
    TransferFailed,
    TransferFinished,
    TransferReport,
)
from apps.file_transfer.name_table import NameTableState
from apps.file_transfer.named_files import NamedFiles
from apps.file_transfer.pacing import PacingState, give, grant
from apps.file_transfer.transfers import Transfer, begun_elsewhere, begun_here, cut, has_arrived
from apps.mode_manager.messages import ModeStatus, SpacecraftMode
from apps.telemetry_output.messages import FileRoom
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.mass_memory import MassMemory
from flightsw.errors import FlightSoftwareError
from flightsw.mission_file_delivery import FileDeliveryParameters
from tlm_cmd.cfdp.codes import ConditionCode, FaultHandler, Mode
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.errors import FilestoreError, TooManyTransactionsError, UnknownTransactionError
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
from tlm_cmd.cfdp.parameters import LocalEntity
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.traffic import PduTraffic
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.verification import FailureCode

NANOSECONDS = 1_000_000_000
ROOM_PATIENCE_NS = 5 * NANOSECONDS
"""Without a word of the telemetry output for so long, the link counts as away."""
MAX_ANSWERS = 64
INDICATIONS_PER_TRANSACTION = 8
MAX_U16, MAX_U32 = 2**16 - 1, 2**32 - 1
MAX_REASON_OCTETS = 80


class FileTransferState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        entity: memory of the protocol.
        names: of the files.
        transfers: transactions that are going on and have been told of.
        pacing: what is known of the downlink.
        pointed: the spacecraft is in contact and points its antennas down.
        link_open: files go down and up now.
        traffic_in, traffic_out: PDUs by kind.
        finished: transactions whose file arrived.
        failed: transactions that ended without.
        lost_on_board: PDUs that the bus refused.
        errors: times that the mass memory did not do what it was asked.
    """

    entity: EntityState = msgspec.field(default_factory=EntityState)
    names: NameTableState = msgspec.field(default_factory=NameTableState)
    transfers: list[Transfer] = []
    pacing: PacingState = msgspec.field(default_factory=PacingState)
    pointed: bool = False
    link_open: bool = False
    traffic_in: PduTraffic = msgspec.field(default_factory=PduTraffic)
    traffic_out: PduTraffic = msgspec.field(default_factory=PduTraffic)
    finished: int = 0
    failed: int = 0
    lost_on_board: int = 0
    errors: int = 0


class FileTransfer(App):
    """Carries files between the mass memory and the ground.

    Out of contact all transactions rest. What is remembered is stored with each beginning and each end of a
    transaction: what came in between is asked for again after a restart.
    """

    limits = Table(TransferLimits, file="limits.toml")

    state: FileTransferState

    def start(self) -> None:
        """Open the mass memory, and go on with the transactions that there are."""
        parameters = self.container.surroundings.links.file_delivery
        if parameters is None:
            raise FlightSoftwareError("the mission file has no [links.file_delivery]")
        state = self.state
        self._ground = parameters.ground_entity
        self._files = NamedFiles(DeviceFiles(self.device(MassMemory)), state.names, self.limits)
        self._files.make_initial_directories()
        self._entity = Entity(self._local(parameters), [parameters.remote(self._ground)], self._files)
        self._entity.state = state.entity
        if not state.link_open:
            self._entity.freeze(self._ground)
        self._entity.restart(self.now_ns)
        state.pacing.reported_ns = self.now_ns

    def _local(self, parameters: FileDeliveryParameters) -> LocalEntity:
        """This end, within the bounds of the table; a memory that fails holds a transaction up before it ends it."""
        limits = self.limits
        return msgspec.structs.replace(
            parameters.local(parameters.spacecraft_entity),
            fault_handlers=(FaultHandlerOverride(ConditionCode.FILESTORE_REJECTION, FaultHandler.SUSPEND),),
            partial_prefix="partial-",
            max_transactions=limits.transactions,
            max_closed=limits.remembered,
            max_parts=limits.parts,
            max_indications=limits.transactions * INDICATIONS_PER_TRANSACTION,
            max_answers=MAX_ANSWERS,
            max_listing_octets=limits.listing_octets,
        )

    # ---------------------------------------------------------------- the link

    @handles(ModeStatus)
    def take_mode(self, status: ModeStatus) -> None:
        """Follow the contacts: PDUs are sent while the antennas point down."""
        self.state.pointed = status.in_contact and status.mode is SpacecraftMode.DOWNLINK
        if not self.state.pointed:
            self._set_link(open_now=False)

    @handles(FileRoom)
    def take_room(self, report: FileRoom) -> None:
        """Send as much as the downlink has room for."""
        state = self.state
        self._set_link(open_now=report.transmitting and state.pointed)
        grant(state.pacing, report.taken, report.room, self.limits.pdus_per_s, self.now_ns)
        self._send()

    def _set_link(self, *, open_now: bool) -> None:
        if open_now is self.state.link_open:
            return
        self.state.link_open = open_now
        if open_now:
            self._entity.thaw(self._ground, self.now_ns)
        else:
            self._entity.freeze(self._ground)
        self.report()
        self.checkpoint()

    def _send(self) -> None:
        """Send what there is, within what was granted."""
        state, entity = self.state, self._entity
        while state.link_open and state.pacing.granted > 0:
            pdu = entity.next_pdu(self.now_ns, self._ground)
            if state.entity.indications:
                self._follow_indications()
            if pdu is None:
                return
            if self.send(FilePdu(pdu)):
                state.lost_on_board += 1
                return
            give(state.pacing)
            state.traffic_out.count(pdu)

    @handles(FilePduReceived)
    def take_received(self, received: FilePduReceived) -> None:
        """Take a PDU that has come up."""
        self._take(received.pdu)

    @handles(TakePdu)
    def take_pdu(self, command: TakePdu) -> None:
        """Take a PDU that came as a command."""
        self._take(command.pdu)

    def _take(self, pdu: bytes) -> None:
        self.state.traffic_in.count(pdu)
        self._entity.receive(pdu, self.now_ns)
        if self.state.entity.indications:
            self._follow_indications()

    # ---------------------------------------------------------------- commands

    @handles(SendFile)
    def send_file(self, command: SendFile) -> None:
        """Begin to send a file."""
        mode = Mode.ACKNOWLEDGED if command.acknowledged else Mode.UNACKNOWLEDGED
        request = PutRequest(self._ground, command.source, command.destination, mode)
        try:
            self._entity.put(request)
        except ProtocolError as error:
            self._refuse_to_send(command, error)
        self._follow_indications()
        self._send()

    def _refuse_to_send(self, command: SendFile, error: ProtocolError) -> None:
        """Say to whoever asked, and to whoever follows the file, that it cannot be sent."""
        may_pass = isinstance(error, TooManyTransactionsError) or self._held_up(error)
        condition = ConditionCode.FILESTORE_REJECTION if isinstance(error, FilestoreError) else ConditionCode.NO_ERROR
        self.send(
            FileEnded(
                sent=True,
                arrived=False,
                may_pass=may_pass,
                condition=condition,
                source=command.source,
                destination=command.destination,
                octets=0,
                entity=0,
                number=0,
            )
        )
        raise Refused(str(error), FailureCode.NOT_POSSIBLE_NOW if may_pass else FailureCode.BAD_ARGUMENT) from error

    def _held_up(self, error: ProtocolError) -> bool:
        """Whether it is the memory as a whole that does not answer; that is counted."""
        passing = isinstance(error, FilestoreError) and self._files.refusals.passing
        self.state.errors += passing
        return passing

    @handles(CancelTransfer)
    def cancel(self, command: CancelTransfer) -> None:
        """Give a transaction up."""
        try:
            self._entity.cancel(TransactionId(command.source, command.number))
        except UnknownTransactionError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self._follow_indications()

    @handles(SuspendTransfer)
    def suspend(self, command: SuspendTransfer) -> None:
        """Let a transaction rest."""
        try:
            self._entity.suspend(TransactionId(command.source, command.number))
        except UnknownTransactionError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self._follow_indications()

    @handles(ResumeTransfer)
    def resume(self, command: ResumeTransfer) -> None:
        """Let a transaction go on."""
        try:
            self._entity.resume(TransactionId(command.source, command.number), self.now_ns)
        except UnknownTransactionError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self._follow_indications()

    @handles(ReportTransfer)
    def report_transfer(self, command: ReportTransfer) -> None:
        """Send a report on a transaction."""
        try:
            report = self._entity.report(TransactionId(command.source, command.number))
        except UnknownTransactionError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self.send(
            TransferReport(
                entity=command.source,
                number=command.number,
                phase=report.phase,
                progress=report.progress,
                octets=report.file_size or 0,
                missing=report.missing_octets,
                suspended=report.suspended,
                frozen=report.frozen,
                condition=report.condition,
            )
        )

    @handles(DeleteFile)
    def delete_file(self, command: DeleteFile) -> None:
        """Delete a received file."""
        try:
            self._files.delete(command.name)
        except FilestoreError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    # ---------------------------------------------------------------- time

    @every(seconds=1, offset=0.7)
    def follow(self) -> None:
        """Let time pass for the transactions, and delete what nobody needs."""
        state, files = self.state, self._files
        files.names.limits, files.refusals.holding = self.limits, False
        if state.link_open and not 0 <= self.now_ns - state.pacing.reported_ns <= ROOM_PATIENCE_NS:
            self._set_link(open_now=False)
        if state.transfers:
            self._go_on()
        if state.link_open:
            self._entity.poll(self.now_ns)
        self._follow_indications()
        if state.names.doomed:
            self.checkpoint()
            state.errors += files.clean()

    def _go_on(self) -> None:
        """Resume what the memory has held up for long enough; the clock may have begun anew."""
        pause_ns = self.limits.memory_retry_s * NANOSECONDS
        for transfer in self.state.transfers:
            if transfer.waiting and not 0 < transfer.retry_ns - self.now_ns <= pause_ns:
                transfer.waiting = False
                try:
                    self._entity.resume(transfer.transaction, self.now_ns)
                except UnknownTransactionError:
                    continue

    # ---------------------------------------------------------------- what becomes of transactions

    def _follow_indications(self) -> None:
        """Tell others what the entity tells; what that leads to as well."""
        told = False
        while indications := self._entity.take_indications():
            told = True
            for indication in indications:
                self._follow_indication(indication)
        if told:
            self.checkpoint()

    def _follow_indication(self, indication: Indication) -> None:
        state = self.state
        match indication:
            case TransactionStarted():
                state.transfers.append(begun_here(indication.transaction, state.entity))
            case MetadataReceived():
                state.transfers.append(begun_elsewhere(indication))
            case EofSent():
                transfer = self._transfer(indication.transaction)
                if transfer.source:
                    self.send(FileSent(transfer.source, indication.transaction.sequence_number))
            case TransactionFinished() | Abandoned():
                self._end(indication)
            case Suspended():
                if indication.condition is ConditionCode.FILESTORE_REJECTION:
                    self._hold(self._transfer(indication.transaction))
            case (
                EofReceived()
                | SegmentReceived()
                | Resumed()
                | Fault()
                | Report()
                | ProxyPutFinished()
                | DirectoryListed()
            ):
                pass
            case _:
                assert_never(indication)

    def _transfer(self, transaction: TransactionId) -> Transfer:
        """What is known of a transaction; one that has told nothing of itself gets its entry now."""
        for transfer in self.state.transfers:
            if transfer.transaction == transaction:
                return transfer
        transfer = Transfer(transaction, sent=transaction.source_id == self._entity.local.entity_id)
        self.state.transfers.append(transfer)
        return transfer

    def _hold(self, transfer: Transfer) -> None:
        """The mass memory failed a transaction: try again later, unless that would be in vain."""
        state, limits, pause_ns = self.state, self.limits, self.limits.memory_retry_s * NANOSECONDS
        state.errors += 1
        if not 0 <= self.now_ns - transfer.retry_ns <= pause_ns:  # it has worked since
            transfer.attempts = 0
        transfer.attempts += 1
        transfer.reason = cut(self._files.refusals.reason, MAX_REASON_OCTETS)
        if self._files.refusals.passing and transfer.attempts <= limits.memory_attempts:
            transfer.waiting, transfer.retry_ns = True, self.now_ns + pause_ns
            return
        try:
            self._entity.cancel(transfer.transaction, ConditionCode.FILESTORE_REJECTION)
        except UnknownTransactionError:
            return

    def _end(self, ended: TransactionFinished | Abandoned) -> None:
        state, transfer = self.state, self._transfer(ended.transaction)
        state.transfers.remove(transfer)
        if not transfer.name:
            return
        entity, number = ended.transaction.source_id, ended.transaction.sequence_number
        arrived = has_arrived(ended)
        if arrived:
            state.finished += 1
            self.event(TransferFinished(entity, number, transfer.name, transfer.octets))
        else:
            state.failed += 1
            if ended.condition is ConditionCode.CANCEL_REQUEST:
                self.event(TransferCancelled(entity, number, transfer.name))
            else:
                self.event(TransferFailed(entity, number, transfer.name, ended.condition, transfer.reason))
        self.send(
            FileEnded(
                sent=transfer.sent,
                arrived=arrived,
                may_pass=False,
                condition=ended.condition,
                source=transfer.source,
                destination=transfer.destination,
                octets=transfer.octets,
                entity=entity,
                number=number,
            )
        )

    # ---------------------------------------------------------------- reports

    @every(seconds=10, offset=9, group="reports")
    def report(self) -> None:
        """Publish what passes, and what became of transactions."""
        state, counters = self.state, self.state.entity.counters
        malformed = counters.too_short + counters.bad_length + counters.bad_crc + counters.bad_version
        malformed += counters.bad_content
        self.send(
            FileTransferStatus(
                link_open=state.link_open,
                sending=len(state.entity.senders),
                receiving=len(state.entity.receivers),
                finished=state.finished & MAX_U32,
                failed=state.failed & MAX_U32,
                pdus_out=state.traffic_out.pdus & MAX_U32,
                octets_out=state.traffic_out.octets,
                file_data_out=state.traffic_out.file_data & MAX_U32,
                naks_out=state.traffic_out.nak & MAX_U32,
                pdus_in=state.traffic_in.pdus & MAX_U32,
                octets_in=state.traffic_in.octets,
                file_data_in=state.traffic_in.file_data & MAX_U32,
                naks_in=state.traffic_in.nak & MAX_U32,
                accepted=counters.accepted & MAX_U32,
                late=counters.late & MAX_U32,
                malformed=malformed & MAX_U32,
                refused=(counters.refused - malformed) & MAX_U32,
                lost_on_board=state.lost_on_board & MAX_U32,
                files=min(len(state.names.files), MAX_U16),
                file_octets=self._files.names.octets,
                errors=state.errors & MAX_U32,
            )
        )
