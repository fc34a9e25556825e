"""Transfers of files between ground and spacecraft, as the ground knows them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from enum import StrEnum, unique

import msgspec

from ops_tools.ground.errors import GroundError
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.cfdp.requests import TransactionId

MAX_TRANSFERS = 1024
"""Transfers that are remembered; the oldest of those that are over is forgotten first."""


class UnknownTransferError(GroundError):
    """No transfer has this number, or it is over and was forgotten."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no transfer {number}; 'flightsw files' lists those that there are")
        self.number = number


class TransferRefusedError(GroundError):
    """The ground does not begin a transfer, or cannot do with it what was asked for; the message says why."""


@unique
class TransferKind(StrEnum):
    """What a transfer is for."""

    DOWN = "down"
    """A file that the spacecraft sends by itself."""
    PUT = "put"
    GET = "get"
    LISTING = "listing"


@unique
class TransferOutcome(StrEnum):
    """What became of it."""

    OPEN = "open"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Transfer(msgspec.Struct, kw_only=True):
    """One transfer.

    Attributes:
        number: by which people name it; counts up from 1; a ground that keeps its files skips some when it restarts.
        kind: what it is for.
        remote: name of the file, or of the directory, on board.
        local: name of the file in the ground's filestore.
        begun_ns: ground time of its beginning.
        transaction: that carries the file, None while there is none.
        asked_by: the transaction by which the ground has asked for the file.
        octets: of the file, None while that is not known.
        progress: octets sent once, or up to the end of the last part received.
        missing: octets to be sent again, or not received before that end.
        unanswered_ns: time in contact since the request for the file was delivered, while none came.
        phase: what is being done, in words.
        suspended: whether it rests.
        outcome: what became of it.
        condition: why it ended.
        reason: in words.
        ended_ns: ground time of its end, None before.
    """

    number: int
    kind: TransferKind
    remote: str
    local: str
    begun_ns: int
    transaction: TransactionId | None = None
    asked_by: TransactionId | None = None
    octets: int | None = None
    progress: int = 0
    missing: int = 0
    unanswered_ns: int = 0
    phase: str = "asked for"
    suspended: bool = False
    outcome: TransferOutcome = TransferOutcome.OPEN
    condition: ConditionCode = ConditionCode.NO_ERROR
    reason: str = ""
    ended_ns: int | None = None

    @property
    def open(self) -> bool:
        """Whether it still goes on."""
        return self.outcome is TransferOutcome.OPEN

    def end(self, outcome: TransferOutcome, condition: ConditionCode, now_ns: int, reason: str = "") -> None:
        """Say what became of it; only the first word counts."""
        if self.open:
            self.outcome, self.condition, self.ended_ns = outcome, condition, now_ns
            self.phase = outcome.value
            self.reason = reason or self.reason
            self.suspended = False


class TransferBook:
    """All transfers by their numbers.

    Attributes:
        last_number: of the newest.
        forgotten: transfers that made room for newer ones.
    """

    def __init__(self) -> None:
        self._transfers: OrderedDict[int, Transfer] = OrderedDict()
        self.last_number = 0
        self.forgotten = 0

    def begin(self, kind: TransferKind, remote: str, local: str, now_ns: int) -> Transfer:
        """A new transfer."""
        self.last_number += 1
        transfer = Transfer(number=self.last_number, kind=kind, remote=remote, local=local, begun_ns=now_ns)
        self._transfers[transfer.number] = transfer
        if len(self._transfers) > MAX_TRANSFERS:
            self._forget_one()
        return transfer

    def _forget_one(self) -> None:
        """Make room; where all go on, those that the spacecraft begins may be more, as many as the entity takes."""
        oldest = next((each for each in self._transfers.values() if not each.open), None)
        if oldest is not None:
            del self._transfers[oldest.number]
            self.forgotten += 1

    def go_on_behind(self, number: int) -> None:
        """Skip the numbers up to this one: they are taken."""
        self.last_number = max(self.last_number, number)

    def __iter__(self) -> Iterator[Transfer]:
        """All, the oldest first."""
        return iter([*self._transfers.values()])

    def number(self, number: int) -> Transfer:
        """One by its number.

        Raises:
            UnknownTransferError: there is none.
        """
        transfer = self._transfers.get(number)
        if transfer is None:
            raise UnknownTransferError(number)
        return transfer

    def carried_by(self, transaction: TransactionId) -> Transfer | None:
        """The transfer whose file a transaction carries."""
        return next((each for each in reversed(self._transfers.values()) if each.transaction == transaction), None)

    def asked_by(self, transaction: TransactionId) -> Transfer | None:
        """The transfer that was asked for by a transaction."""
        return next((each for each in reversed(self._transfers.values()) if each.asked_by == transaction), None)

    @property
    def full(self) -> bool:
        """Whether none can be forgotten for a new one."""
        return len(self._transfers) >= MAX_TRANSFERS and all(each.open for each in self._transfers.values())

    @property
    def open(self) -> list[Transfer]:
        """Those that go on, the oldest first."""
        return [transfer for transfer in self._transfers.values() if transfer.open]
