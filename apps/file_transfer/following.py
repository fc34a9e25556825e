"""The part of the file transfer that follows the transactions of its entity, and tells others of them."""

from __future__ import annotations

from typing import assert_never

import msgspec

from apps.file_transfer.device_files import DeviceFiles
from apps.file_transfer.limits import TransferLimits
from apps.file_transfer.messages import (
    FileEnded,
    FileSent,
    NumbersForgotten,
    TransferCancelled,
    TransferFailed,
    TransferFinished,
)
from apps.file_transfer.named_files import NamedFiles
from apps.file_transfer.state import FileTransferState
from apps.file_transfer.transfers import Transfer, begun_elsewhere, begun_here, cut, has_arrived
from flightsw.app import App, Table
from flightsw.devices.mass_memory import MassMemory
from flightsw.errors import FlightSoftwareError
from flightsw.hal.errors import PortError
from flightsw.mission_file_delivery import FileDeliveryParameters
from flightsw.services.number_reservation import NumberReservation
from flightsw.services.store import StoreError
from tlm_cmd.cfdp.codes import ConditionCode, FaultHandler
from tlm_cmd.cfdp.entity import Entity
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
from tlm_cmd.cfdp.parameters import LocalEntity
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride
from tlm_cmd.cfdp.requests import TransactionId

NANOSECONDS = 1_000_000_000
MAX_ANSWERS = 64
"""Acknowledgements for closed transactions that may wait."""
INDICATIONS_PER_TRANSACTION = 8
MAX_REASON_OCTETS = 80


class TransactionFollower(App):
    """Has the entity and its files, and says what becomes of each transaction.

    Attributes:
        entity: runs the transactions.
        files: where the files are.
        ground: id of the other entity.
    """

    limits = Table(TransferLimits, file="limits.toml")

    state: FileTransferState

    def start(self) -> None:
        """Open the mass memory, and go on with the transactions that there are."""
        parameters = self.container.surroundings.links.file_delivery
        if parameters is None:
            raise FlightSoftwareError("the mission file has no [links.file_delivery]")
        state = self.state
        self.ground = parameters.ground_entity
        self.files = NamedFiles(DeviceFiles(self.device(MassMemory)), state.names, self.limits)
        self.files.make_initial_directories()
        self.entity = Entity(self._local(parameters), [parameters.remote(self.ground)], self.files)
        self._begin_numbers(parameters)
        self.entity.state = state.entity
        if not state.link_open:
            self.entity.freeze(self.ground)
        self.entity.restart(self.now_ns)
        state.pacing.reported_ns = self.now_ns

    def _begin_numbers(self, parameters: FileDeliveryParameters) -> None:
        """Go on with numbers that no transaction had, even behind a reset that has erased all other memory."""
        modulo = 1 << 8 * parameters.sequence_octets
        self._numbers = NumberReservation(self.container.surroundings.lasting, self.name, modulo)
        self.state.entity.next_sequence = self._numbers.begin(self.state.entity.next_sequence)
        if self._numbers.forgotten:
            self.event(NumbersForgotten(self.state.entity.next_sequence))
        self._reserve_numbers()

    def _reserve_numbers(self) -> None:
        try:
            self._numbers.prepare(self.state.entity.next_sequence)
        except (StoreError, PortError):  # a file that comes down is worth more than a number that may come again
            self.state.unreserved += 1

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

    # ---------------------------------------------------------------- what becomes of transactions

    def follow_indications(self) -> None:
        """Tell others what the entity tells; what that leads to as well."""
        told = False
        while indications := self.entity.take_indications():
            told = True
            for indication in indications:
                self._follow_indication(indication)
        if told:
            self._reserve_numbers()
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
        transfer = Transfer(transaction, sent=transaction.source_id == self.entity.local.entity_id, told=False)
        self.state.transfers.append(transfer)
        return transfer

    def _hold(self, transfer: Transfer) -> None:
        """The mass memory failed a transaction: try again later, unless that would be in vain."""
        state, limits, pause_ns = self.state, self.limits, self.limits.memory_retry_s * NANOSECONDS
        state.errors += 1
        if not 0 <= self.now_ns - transfer.retry_ns <= pause_ns:  # it has worked since
            transfer.attempts = 0
        transfer.attempts += 1
        transfer.reason = cut(self.files.refusals.reason, MAX_REASON_OCTETS)
        if self.files.refusals.passing and transfer.attempts <= limits.memory_attempts:
            transfer.waiting, transfer.retry_ns = True, self.now_ns + pause_ns
            return
        try:
            self.entity.cancel(transfer.transaction, ConditionCode.FILESTORE_REJECTION)
        except UnknownTransactionError:
            return

    def _end(self, ended: TransactionFinished | Abandoned) -> None:
        state, transfer = self.state, self._transfer(ended.transaction)
        state.transfers.remove(transfer)
        if transfer.name:
            self._tell_end(transfer, ended)
        elif not (transfer.told or transfer.sent) and isinstance(ended, TransactionFinished):  # given up only behind it
            transfer.reason = transfer.reason or "its metadata never came"
            self._count_failure(transfer, ended.condition)

    def _tell_end(self, transfer: Transfer, ended: TransactionFinished | Abandoned) -> None:
        state, arrived = self.state, has_arrived(ended)
        entity, number = ended.transaction.source_id, ended.transaction.sequence_number
        if arrived:
            state.finished += 1
            self.event(TransferFinished(entity, number, transfer.name, transfer.octets))
        else:
            self._count_failure(transfer, ended.condition)
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

    def _count_failure(self, transfer: Transfer, condition: ConditionCode) -> None:
        entity, number = transfer.transaction.source_id, transfer.transaction.sequence_number
        self.state.failed += 1
        if condition is ConditionCode.CANCEL_REQUEST:
            self.event(TransferCancelled(entity, number, transfer.name))
        else:
            self.event(TransferFailed(entity, number, transfer.name, condition, transfer.reason))
