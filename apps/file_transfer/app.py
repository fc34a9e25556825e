"""The file transfer: an entity of the file delivery protocol over the mass memory and the radio links."""

from __future__ import annotations

from apps.command_ingest.messages import FilePduReceived
from apps.file_transfer.following import TransactionFollower
from apps.file_transfer.messages import (
    CancelTransfer,
    DeleteFile,
    FileEnded,
    FilePdu,
    ReportTransfer,
    ResumeTransfer,
    SendFile,
    SuspendTransfer,
    TakePdu,
    TransferReport,
)
from apps.file_transfer.pacing import give, grant
from apps.file_transfer.reports import status_of
from apps.mode_manager.messages import ModeStatus, SpacecraftMode
from apps.telemetry_output.messages import FileRoom
from flightsw.app import Refused, every, handles
from tlm_cmd.cfdp.codes import ConditionCode, Mode
from tlm_cmd.cfdp.errors import FilestoreError, TooManyTransactionsError, UnknownTransactionError
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.verification import FailureCode

NANOSECONDS = 1_000_000_000
ROOM_PATIENCE_NS = 5 * NANOSECONDS
"""Without a word of the telemetry output for so long, the link counts as away."""


class FileTransfer(TransactionFollower):
    """Carries files between the mass memory and the ground.

    Out of contact all transactions rest. What is remembered is stored with each beginning and each end of a
    transaction: what came in between is asked for again after a restart.
    """

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
            self.entity.thaw(self.ground, self.now_ns)
        else:
            self.entity.freeze(self.ground)
        self.report()
        self.checkpoint()

    def _send(self) -> None:
        """Send what there is, within what was granted."""
        state, entity = self.state, self.entity
        while state.link_open and state.pacing.granted > 0:
            pdu = entity.next_pdu(self.now_ns, self.ground)
            if state.entity.indications:
                self.follow_indications()
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
        self.entity.receive(pdu, self.now_ns)
        if self.state.entity.indications:
            self.follow_indications()

    # ---------------------------------------------------------------- commands

    @handles(SendFile)
    def send_file(self, command: SendFile) -> None:
        """Begin to send a file."""
        mode = Mode.ACKNOWLEDGED if command.acknowledged else Mode.UNACKNOWLEDGED
        try:
            self.entity.put(PutRequest(self.ground, command.source, command.destination, mode))
        except ProtocolError as error:
            self._refuse_to_send(command, error)
        self.follow_indications()
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
        passing = isinstance(error, FilestoreError) and self.files.refusals.passing
        self.state.errors += passing
        return passing

    @handles(CancelTransfer)
    def cancel(self, command: CancelTransfer) -> None:
        """Give a transaction up."""
        try:
            self.entity.cancel(TransactionId(command.source, command.number))
        except UnknownTransactionError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self.follow_indications()

    @handles(SuspendTransfer)
    def suspend(self, command: SuspendTransfer) -> None:
        """Let a transaction rest."""
        transaction = TransactionId(command.source, command.number)
        try:
            self.entity.suspend(transaction)
            rests = self.entity.report(transaction).suspended
        except UnknownTransactionError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self.follow_indications()
        if not rests:
            raise Refused(
                "it cannot rest: it is ending, or nobody would send again what comes meanwhile",
                FailureCode.NOT_POSSIBLE_NOW,
            )

    @handles(ResumeTransfer)
    def resume(self, command: ResumeTransfer) -> None:
        """Let a transaction go on."""
        try:
            self.entity.resume(TransactionId(command.source, command.number), self.now_ns)
        except UnknownTransactionError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        self.follow_indications()

    @handles(ReportTransfer)
    def report_transfer(self, command: ReportTransfer) -> None:
        """Send a report on a transaction."""
        try:
            report = self.entity.report(TransactionId(command.source, command.number))
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
            self.files.delete(command.name)
        except FilestoreError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    # ---------------------------------------------------------------- time

    @every(seconds=1, offset=0.7)
    def follow(self) -> None:
        """Let time pass for the transactions, and delete what nobody needs."""
        state, files = self.state, self.files
        files.names.limits, files.refusals.holding = self.limits, False
        if state.link_open and not 0 <= self.now_ns - state.pacing.reported_ns <= ROOM_PATIENCE_NS:
            self._set_link(open_now=False)
        if state.transfers:
            self._go_on()
        if state.link_open:
            self.entity.poll(self.now_ns)
        self.follow_indications()
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
                    self.entity.resume(transfer.transaction, self.now_ns)
                except UnknownTransactionError:
                    continue

    # ---------------------------------------------------------------- reports

    @every(seconds=10, offset=9, group="reports")
    def report(self) -> None:
        """Publish what passes, and what became of transactions."""
        self.send(status_of(self.state, self.files.names.octets))
