"""Runs operations on the link security, one after the other: sends their requests as commands, brings the answers."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import assert_never

import msgspec

from ops_tools.ground.command_record import CommandRecord, Verdict
from ops_tools.ground.decoder import Sample
from ops_tools.ground.security import inquiries
from ops_tools.ground.security.operation import (
    MAX_STEPS,
    Answer,
    Ask,
    Await,
    Operation,
    OperationFailedError,
    OperationRecord,
    OperationStep,
    Outcome,
    UnknownOperationError,
)
from ops_tools.ground.security.own_end import AssociationView, Direction, KeyView, OwnEnd
from ops_tools.ground.security.rotation import rotate
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.errors import ProtocolError
from tlm_cmd.sdls.association_procedures import split_spi
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit
from tlm_cmd.sdls.replies import Reply, unpack_reply

INGEST, OUTPUT = "COMMAND_INGEST", "TELEMETRY_OUTPUT"
"""The apps that hold the keys and the telecommand associations, and the telemetry associations."""
COMMAND, REPLY = "SECURITY_PROCEDURE", "SECURITY_REPLY"
ROTATE = "rotate"
"""What changes a key is called, in front of the direction."""
HAZARDOUS = (ROTATE, "erase-log")
"""What must be confirmed with a reason begins with one of these."""
MAX_RECORDS = 256
"""Operations that are remembered."""
MAX_WAITING = 16
"""Operations that wait for their turn; one more is refused."""
PATIENCE_S = 120.0
"""Vehicle time in which something that must come by itself has come."""

_NS_PER_S = 1_000_000_000
_ABOUT_ASSOCIATIONS = frozenset(
    {
        Procedure.READ_ARSN,
        Procedure.SET_WINDOW,
        Procedure.REKEY_ASSOCIATION,
        Procedure.EXPIRE_ASSOCIATION,
        Procedure.SET_ARSN,
        Procedure.START_ASSOCIATION,
        Procedure.STOP_ASSOCIATION,
        Procedure.ASSOCIATION_STATUS,
    }
)
_REPLYING = frozenset(
    {
        Procedure.VERIFY_KEYS,
        Procedure.KEY_INVENTORY,
        Procedure.READ_ARSN,
        Procedure.ASSOCIATION_STATUS,
        Procedure.PING,
        Procedure.LOG_STATUS,
        Procedure.DUMP_LOG,
        Procedure.ERASE_LOG,
        Procedure.SELF_TEST,
    }
)

Issue = Callable[[str, Mapping[str, object], int], CommandRecord]
"""Sends a command by its name and arguments, at a ground time."""


class SecurityStatus(msgspec.Struct, frozen=True):
    """The link security at the ground, as plain data.

    Attributes:
        keys: of the ground, without the keys themselves.
        associations: at the ground's end.
        names: what can be asked for; nothing if no link is protected.
        operations: the newest ones, oldest first.
    """

    keys: list[KeyView] = []
    associations: list[AssociationView] = []
    names: list[str] = []
    operations: list[OperationRecord] = []


class _Running(msgspec.Struct):
    """The operation that is in its turn.

    Attributes:
        record: what people see of it.
        operation: what it does.
        wanted: what it waits for, None before its first step.
        until_ns: when that has come too late.
        command: the command that was sent for it.
        reply: what the spacecraft has replied to that.
    """

    record: OperationRecord
    operation: Operation
    wanted: Ask | Await | None = None
    until_ns: int = 0
    command: CommandRecord | None = None
    reply: Reply | None = None


class SecurityControl:
    """Operates the security of all links; never raises because of what comes down.

    Args:
        own: the ground's end.
        issue: sends commands.
        patience_s: vehicle time in which something that must come by itself has come.
    """

    def __init__(self, own: OwnEnd, issue: Issue, patience_s: float = PATIENCE_S) -> None:
        self._own = own
        self._issue = issue
        self._patience_ns = round(patience_s * _NS_PER_S)
        self._records: OrderedDict[int, OperationRecord] = OrderedDict()
        self._waiting: deque[_Running] = deque()
        self._running: _Running | None = None
        self._number = 0
        self._operations: dict[str, Callable[[], Operation]] = {
            "ping": inquiries.ping,
            "self-test": inquiries.self_test,
            "log": inquiries.log,
            "erase-log": inquiries.erase_log,
            "reset-alarm": inquiries.reset_alarm,
            "inventory": lambda: inquiries.inventory(own),
            "associations": lambda: inquiries.associations(own),
        }
        for direction in own.directions:
            self._operations[f"{ROTATE} {direction}"] = partial(rotate, own, direction)

    @staticmethod
    def suits(dictionary: Dictionary) -> bool:
        """Whether a spacecraft takes procedures as commands, and sends the replies as packets."""
        return all(f"{app}.{COMMAND}" in dictionary.commands for app in (INGEST, OUTPUT)) and all(
            f"{app}.{REPLY}" in dictionary.telemetry for app in (INGEST, OUTPUT)
        )

    # ---------------------------------------------------------------- asking

    @property
    def names(self) -> list[str]:
        """The operations that there are."""
        return list(self._operations)

    def request(self, name: str, confirm: str = "", *, now_ns: int) -> OperationRecord:
        """Have something done, when its turn comes.

        Args:
            name: one of ``names``.
            confirm: why a key is to be changed, or the log erased; both need a reason.
            now_ns: ground time.

        Raises:
            UnknownOperationError: there is no such operation.
            OperationFailedError: it is not confirmed, or too many wait already.
        """
        if name not in self._operations:
            raise UnknownOperationError(f"no operation is called {name!r}, there are {', '.join(self.names)}")
        if name.startswith(HAZARDOUS) and not confirm.strip():
            raise OperationFailedError(
                f'{name} is hazardous, needs a confirmation: give the reason with --confirm "..."'
            )
        if len(self._waiting) >= MAX_WAITING:
            raise OperationFailedError(f"{MAX_WAITING} operations wait already")
        self._number += 1
        record = OperationRecord(self._number, name, confirm.strip(), now_ns)
        self._records[record.number] = record
        while len(self._records) > MAX_RECORDS:
            self._records.popitem(last=False)
        self._waiting.append(_Running(record, self._operations[name]()))
        return record

    def record(self, number: int) -> OperationRecord:
        """The record of an operation.

        Raises:
            UnknownOperationError: there was none of this number, or it is forgotten.
        """
        record = self._records.get(number)
        if record is None:
            raise UnknownOperationError(f"no record of security operation {number}")
        return record

    def status(self, count: int = MAX_RECORDS) -> SecurityStatus:
        """The link security at the ground."""
        newest = list(self._records.values())[-count:] if count else []
        return SecurityStatus(self._own.key_views(), self._own.association_views(), self.names, newest)

    # ---------------------------------------------------------------- time and answers

    def take(self, sample: Sample) -> None:
        """Take a packet; a reply to what was asked is kept."""
        running = self._running
        if running is None or running.command is None or not isinstance(running.wanted, Ask):
            return
        if sample.name != f"{_addressee(self._own, running.wanted.unit)}.{REPLY}":
            return
        if getattr(sample.message, "sequence", None) != running.command.sequence:
            return
        try:
            procedure, reply = unpack_reply(getattr(sample.message, "unit", b""))
        except ProtocolError:
            return
        if procedure is running.wanted.procedure:
            running.reply = reply

    def step(self, now_ns: int) -> None:
        """Take the time, and go on with what can go on."""
        self._own.hear(now_ns)
        for _ in range(MAX_STEPS):
            if self._running is None:
                if not self._waiting:
                    return
                self._running = self._waiting.popleft()
            running = self._running
            answer = None if running.wanted is None else self._answer(running, now_ns)
            if running.wanted is not None and answer is None:
                return
            self._advance(running, answer, now_ns)

    def _answer(self, running: _Running, now_ns: int) -> Answer | None:
        """What has become of what is wanted, None if that is not known yet."""
        wanted, command = running.wanted, running.command
        if isinstance(wanted, Await):
            if wanted.condition():
                return Answer(Outcome.DONE)
            return Answer(Outcome.SILENT, "too late") if now_ns >= running.until_ns else None
        if wanted is None or command is None or command.verdict is None:
            return None
        outcome = _outcome(command.verdict)
        if outcome is not Outcome.DONE:
            return Answer(outcome, command.reason)
        if running.reply is None and wanted.procedure in _REPLYING:
            late = now_ns >= (command.finished_ns() or 0) + self._patience_ns
            return Answer(Outcome.SILENT, "executed, but its reply has not come") if late else None
        return Answer(Outcome.DONE, reply=running.reply)

    def _advance(self, running: _Running, answer: Answer | None, now_ns: int) -> None:
        """Give an operation the answer that it waits for, and do what it wants next."""
        record = running.record
        if answer is not None:
            record.steps[-1].outcome, record.steps[-1].reason = answer.outcome, answer.reason
        running.command = running.reply = None
        try:
            running.wanted = next(running.operation) if answer is None else running.operation.send(answer)
        except StopIteration as end:
            record.succeeded, record.result, self._running = True, end.value, None
            return
        except OperationFailedError as error:
            record.succeeded, record.problem, self._running = False, str(error), None
            return
        if len(record.steps) < MAX_STEPS:
            self._begin(running, running.wanted, now_ns)
            return
        running.operation.close()
        record.succeeded, record.problem, self._running = False, f"not at its end after {MAX_STEPS} steps", None

    def _begin(self, running: _Running, wanted: Ask | Await, now_ns: int) -> None:
        running.until_ns = now_ns + self._patience_ns
        if isinstance(wanted, Await):
            running.record.steps.append(OperationStep(now_ns, wanted.about))
            return
        name = f"{_addressee(self._own, wanted.unit)}.{COMMAND}"
        command = running.command = self._issue(name, {"unit": wanted.unit.hex()}, now_ns)
        command.arguments = {"procedure": wanted.procedure.name}  # keys, even encrypted ones, are no history
        command.octets = b""
        what = f"{wanted.procedure.name} {wanted.about}".strip()
        running.record.steps.append(OperationStep(now_ns, what, command=command.number))


def _outcome(verdict: Verdict) -> Outcome:
    """What the verdict on a command says of the procedure in it."""
    match verdict:
        case Verdict.COMPLETED:
            return Outcome.DONE
        case Verdict.FAILED | Verdict.REJECTED:
            return Outcome.REFUSED
        case Verdict.TIMED_OUT:
            return Outcome.SILENT
        case Verdict.REFUSED_ON_GROUND:
            return Outcome.NOT_SENT
        case _:
            assert_never(verdict)


def _addressee(own: OwnEnd, unit: bytes) -> str:
    """The app that executes a request: keys and telecommands in one place, telemetry in another."""
    request = ProcedureUnit.unpack(unit, is_reply=False)
    if request.procedure not in _ABOUT_ASSOCIATIONS:
        return INGEST
    direction = own.direction_of(split_spi(request.data)[0])
    return OUTPUT if direction in {Direction.S_BAND, Direction.X_BAND} else INGEST
