"""What became of one command: stage by stage, with times, until its verdict."""

from __future__ import annotations

from enum import StrEnum, unique

import msgspec

from tlm_cmd.packets.verification import FailureCode


@unique
class CommandStage(StrEnum):
    """How far a command has come, in this order; stages that the spacecraft does not report are skipped."""

    ISSUED = "issued"
    """Asked for on the ground."""
    WAITING = "waiting"
    """Held on the ground until there is contact."""
    ARMING = "arming"
    """A hazardous command waits until the spacecraft has confirmed its arming."""
    SENT = "sent"
    """Radiated."""
    ACCEPTED = "accepted"
    STARTED = "started"
    PROGRESS = "progress"
    FINISHED = "finished"
    """The verdict stands."""


@unique
class WithoutContact(StrEnum):
    """What becomes of a command that is asked for while there is no contact."""

    WAIT = "wait"
    """It is held until the next contact begins."""
    REFUSE = "refuse"
    """It is refused on ground."""
    RADIATE = "radiate"
    """It is radiated all the same: for a spacecraft that may hear without being heard."""


STAGE_ORDER = {stage: order for order, stage in enumerate(CommandStage)}


@unique
class Verdict(StrEnum):
    """How a command ended. Each gets exactly one."""

    COMPLETED = "completed"
    FAILED = "failed"
    """Accepted on board, then not carried out."""
    REJECTED = "rejected"
    """Not accepted on board."""
    TIMED_OUT = "timed_out"
    """No report came in time: what became of it is not known."""
    REFUSED_ON_GROUND = "refused_on_ground"
    """It never left the ground."""


class CommandRecord(msgspec.Struct):
    """One command from request to verdict.

    Attributes:
        number: counts up from 1 over all commands of the ground.
        name: ``THERMAL.SET_HEATER`` as far as known, else what was asked for.
        arguments: as they were given; 'withheld' for each of a secret command, or of one that does not exist.
        issued_ns: ground time of the request.
        hazardous: whether it had to be armed.
        forced: whether raw octets were sent, unchecked.
        confirm: why a hazardous command was confirmed.
        apid, sequence, function: the request id by which reports are recognised; sequence is -1 before it is sent.
        octets: the packet; empty for a secret command.
        times: ground time at which each stage was reached.
        percent: progress as last reported.
        verdict: how it ended, None while it is open.
        code: why it was rejected or failed, as the spacecraft says.
        reason: why it did not complete, in words.
        armed_by: number of the command that armed it.
        reports: verification reports that counted.
        ignored_reports: reports about it that changed nothing: repeated, late or implausible.
    """

    number: int
    name: str
    arguments: dict[str, object]
    issued_ns: int
    hazardous: bool = False
    forced: bool = False
    confirm: str = ""
    apid: int = -1
    sequence: int = -1
    function: int = -1
    octets: bytes = b""
    times: dict[CommandStage, int] = {}
    percent: int = 0
    verdict: Verdict | None = None
    code: FailureCode = FailureCode.NONE
    reason: str = ""
    armed_by: int | None = None
    reports: int = 0
    ignored_reports: int = 0

    @property
    def stage(self) -> CommandStage:
        """The furthest stage reached."""
        return max(self.times, key=STAGE_ORDER.__getitem__, default=CommandStage.ISSUED)

    @property
    def open(self) -> bool:
        """Whether its verdict is still to come."""
        return self.verdict is None

    def reached(self, stage: CommandStage) -> bool:
        """Whether it has come as far as ``stage``, or has ended."""
        return self.verdict is not None or STAGE_ORDER[self.stage] >= STAGE_ORDER[stage]

    def finished_ns(self) -> int | None:
        """Ground time of the verdict."""
        return self.times.get(CommandStage.FINISHED)


HOST_PATIENCE_S = 10.0
"""Least time of the host in which a report may come: a computer that is busy must not look like a lost spacecraft."""


class CommandTimeouts(msgspec.Struct, frozen=True):
    """How long the ground waits before it calls a command timed out."""

    first_report_s: float = 30.0
    """From radiation to the first report."""
    next_report_s: float = 300.0
    """From one report to the next."""

    @classmethod
    def at_speed(cls, speed: float) -> CommandTimeouts:
        """The usual ones, but at least HOST_PATIENCE_S of a host on which ``speed`` vehicle seconds pass per second."""
        usual, least_s = cls(), HOST_PATIENCE_S * speed
        return cls(max(usual.first_report_s, least_s), max(usual.next_report_s, least_s))


class CommandCounters(msgspec.Struct):
    """What was asked of the ground, by outcome; ``issued = open + all verdicts``."""

    issued: int = 0
    sent: int = 0
    records_given_up: int = 0
    verdicts: dict[Verdict, int] = msgspec.field(default_factory=lambda: dict.fromkeys(Verdict, 0))
