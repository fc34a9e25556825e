"""What the two ends of a transaction have in common: faults, rest and time (CCSDS 727.0-B-5, 4.8, 4.11 and 4.12)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import assert_never

import msgspec

from tlm_cmd.cfdp.codes import ConditionCode, FaultHandler
from tlm_cmd.cfdp.faults import handler_for
from tlm_cmd.cfdp.filestore import Filestore
from tlm_cmd.cfdp.indications import Abandoned, Fault, Indication, Report, Resumed, Suspended
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Content, Pdu
from tlm_cmd.cfdp.pdu.directives import Ack
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride
from tlm_cmd.cfdp.requests import TransactionId


class TransactionState(msgspec.Struct, kw_only=True):
    """The memory that both ends of a transaction have."""

    transaction: TransactionId
    header: PduHeader
    """Of the directives that this end sends."""
    fault_handlers: tuple[FaultHandlerOverride, ...] = ()
    """Those of this transaction."""
    condition: ConditionCode = ConditionCode.NO_ERROR
    suspended: bool = False
    frozen: bool = False
    """Whether the link is known to be away."""
    closed: bool = False
    """Whether nothing more is to come, save for an acknowledgement that is owed."""
    ack_due: Ack | None = None
    deadline_ns: int | None = None
    """When this end has waited long enough for what it waits for; None if it does not wait."""
    expiries: int = 0
    """How often it has waited in vain, in a row."""


class Environment(msgspec.Struct, frozen=True):
    """What a transaction has around it.

    Attributes:
        local: this entity.
        remote: the other one.
        filestore: where the files are.
        indicate: takes what the user is to hear.
    """

    local: LocalEntity
    remote: RemoteEntity
    filestore: Filestore
    indicate: Callable[[Indication], None]


class Transaction(ABC):
    """One end of a transaction.

    It gives out PDUs one at a time, when it is asked for one, so the one who asks sets the pace; timers start when
    the PDU that they watch over is given out.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    @property
    @abstractmethod
    def _memory(self) -> TransactionState:
        """The state, as far as both ends have it."""

    @property
    def transaction(self) -> TransactionId:
        """The name of the transaction."""
        return self._memory.transaction

    @property
    def done(self) -> bool:
        """Whether this end has nothing more to do or to say."""
        return self._memory.closed and self._memory.ack_due is None

    @property
    def next_deadline_ns(self) -> int | None:
        """When `advance` has something to do if nothing happens before; None if never."""
        memory = self._memory
        return None if memory.suspended or memory.frozen or memory.closed else memory.deadline_ns

    def advance(self, now_ns: int) -> None:
        """Take the time, and do what is due by it."""
        deadline = self.next_deadline_ns
        if deadline is not None and now_ns >= deadline:
            self._expire(now_ns)

    @abstractmethod
    def next_pdu(self, now_ns: int) -> bytes | None:
        """Return the PDU to be sent next, None if there is nothing to be sent now."""

    @abstractmethod
    def receive(self, content: Content, now_ns: int) -> None:
        """Take what the other end sent."""

    @abstractmethod
    def report(self) -> Report:
        """Return how the transaction stands."""

    @abstractmethod
    def progress(self) -> int:
        """Return how far the file has got [octets]."""

    def cancel(self, condition: ConditionCode = ConditionCode.CANCEL_REQUEST) -> None:
        """End the transaction, and tell the other end why (4.11.2.2, 4.11.2.3); no effect once it has ended."""
        self._cancel(condition)

    def suspend(self) -> None:
        """Let the transaction rest: it sends no more than acknowledgements, and no time runs out (4.11.2.5).

        At the receiver of an unacknowledged transaction this has no effect.
        """
        if self._can_rest:
            self._suspend(ConditionCode.SUSPEND_REQUEST)

    def resume(self, now_ns: int) -> None:
        """End the rest; what was counted towards limits is forgotten (4.6.7)."""
        memory = self._memory
        if not memory.suspended or memory.closed:
            return
        memory.suspended = False
        if not memory.frozen:
            self._restart(now_ns)
        self.environment.indicate(Resumed(memory.transaction, self.progress()))

    def freeze(self) -> None:
        """Say that the link to the other end is away: nothing is sent, and no time runs out (4.12)."""
        self._memory.frozen = True
        self._memory.deadline_ns = None

    def thaw(self, now_ns: int) -> None:
        """Say that the link is there again; what was counted towards limits is forgotten (4.12)."""
        memory = self._memory
        if memory.frozen:
            memory.frozen = False
            if not memory.suspended:
                self._restart(now_ns)

    def restart(self, now_ns: int) -> None:
        """Begin all waiting anew, after the entity was away and its clock may have begun anew."""
        if not self._memory.suspended and not self._memory.frozen:
            self._restart(now_ns)

    @property
    def _can_rest(self) -> bool:
        """Whether the transaction can be suspended here."""
        return True

    @abstractmethod
    def _expire(self, now_ns: int) -> None:
        """Do what is to be done when the deadline has passed."""

    @abstractmethod
    def _rearm(self, now_ns: int) -> None:
        """Begin to wait anew for what this end waits for, and send again what it has no answer to."""

    @abstractmethod
    def _cancel(self, condition: ConditionCode) -> None:
        """End the transaction because of this condition."""

    def _restart(self, now_ns: int) -> None:
        self._memory.expiries = 0
        if not self._memory.closed:
            self._rearm(now_ns)

    def _suspend(self, condition: ConditionCode) -> None:
        memory = self._memory
        if memory.suspended or memory.closed:
            return
        memory.suspended = True
        memory.deadline_ns = None
        self.environment.indicate(Suspended(memory.transaction, condition))

    def _abandon(self, condition: ConditionCode) -> None:
        """End the transaction without a word to the other end."""
        memory = self._memory
        memory.closed = True
        memory.condition = condition
        self.environment.indicate(Abandoned(memory.transaction, condition, self.progress()))

    def _fault(self, condition: ConditionCode) -> bool:
        """Do about a fault what its handler says, and return whether to go on as if there was none.

        A transaction that ought to rest and cannot is cancelled.
        """
        memory, environment = self._memory, self.environment
        handler = handler_for(condition, memory.fault_handlers, environment.local.fault_handlers)
        if handler is FaultHandler.SUSPEND and not self._can_rest:
            handler = FaultHandler.CANCEL
        match handler:
            case FaultHandler.IGNORE:
                environment.indicate(Fault(memory.transaction, condition, self.progress()))
                return True
            case FaultHandler.CANCEL:
                self._cancel(condition)
            case FaultHandler.SUSPEND:
                self._suspend(condition)
            case FaultHandler.ABANDON:
                self._abandon(condition)
            case _:
                assert_never(handler)
        return False

    def _pack(self, content: Content) -> bytes:
        """Return the PDU that carries this to the other end."""
        return Pdu(self._memory.header, content).pack()
