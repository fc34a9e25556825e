"""The commands of a flight for the mission report."""

from __future__ import annotations

from collections.abc import Iterator

from ops_tools.ground.command_record import CommandRecord as GroundCommand
from ops_tools.ground.command_record import CommandStage
from ops_tools.ground.command_record import Verdict as GroundVerdict
from ops_tools.sil.report.records import CommandRecord, CommandVerdict, Stage, StageReport
from ops_tools.sil.runner import NANOSECONDS, Flight

_STAGES = {
    CommandStage.ACCEPTED: Stage.ACCEPTED,
    CommandStage.STARTED: Stage.STARTED,
    CommandStage.PROGRESS: Stage.PROGRESS,
}


def reported_commands(flight: Flight) -> Iterator[CommandRecord]:
    """All commands, those that the ground has added to arm others included."""
    wanted = {issued.record.number: issued.wanted for issued in flight.procedure.issued}
    records = flight.vehicle.ground.commands.newest()
    arms = {record.armed_by: record.number for record in records if record.armed_by is not None}
    for record in records:
        armed = arms.get(record.number)
        by_ground = "ground" if armed is None else f"ground, arms {armed}"
        scenario = wanted.get(record.number)
        invalid = scenario is not None and scenario.expect is not GroundVerdict.COMPLETED
        yield _command(record, "scenario" if scenario is not None else by_ground, invalid=invalid)


def _command(record: GroundCommand, source: str, *, invalid: bool) -> CommandRecord:
    return CommandRecord(
        sequence=record.number,
        name=record.name or "forced octets",
        sent_s=record.issued_ns / NANOSECONDS,
        verdict=_verdict(record),
        arguments=", ".join(f"{name}={value}" for name, value in record.arguments.items()),
        source=source,
        hazardous=record.hazardous,
        invalid=invalid,
        code=int(record.code) or None,
        reason=record.reason,
        stages=list(_stages(record)),
    )


def _verdict(record: GroundCommand) -> CommandVerdict:
    match record.verdict:
        case GroundVerdict.COMPLETED:
            return CommandVerdict.COMPLETED
        case GroundVerdict.FAILED:
            return CommandVerdict.FAILED
        case GroundVerdict.REJECTED:
            return CommandVerdict.REJECTED
        case GroundVerdict.REFUSED_ON_GROUND:
            return CommandVerdict.REFUSED_ON_GROUND
        case GroundVerdict.TIMED_OUT:
            return CommandVerdict.TIMED_OUT
        case None:
            return CommandVerdict.NONE


def _stages(record: GroundCommand) -> Iterator[StageReport]:
    for stage, at_ns in record.times.items():
        if stage in _STAGES:
            yield StageReport(stage=_STAGES[stage], at_s=at_ns / NANOSECONDS)
    if CommandStage.FINISHED in record.times and record.verdict in (GroundVerdict.COMPLETED, GroundVerdict.FAILED):
        at_s = record.times[CommandStage.FINISHED] / NANOSECONDS
        yield StageReport(stage=Stage.COMPLETED, at_s=at_s, ok=record.verdict is GroundVerdict.COMPLETED)
