"""Verification reports matched to the commands they are about."""

from __future__ import annotations

from enum import StrEnum, unique

import msgspec

from ops_tools.ground.command_record import CommandRecord, CommandStage, Verdict
from ops_tools.ground.decoder import Sample
from tlm_cmd.packets.profile import PacketProfile, RequestKey
from tlm_cmd.packets.verification import GROUND, RequestId, Stage, VerificationReport

_VERDICTS = {Stage.COMPLETED: Verdict.COMPLETED, Stage.FAILED: Verdict.FAILED, Stage.REJECTED: Verdict.REJECTED}
_STAGES = {
    Stage.ACCEPTED: CommandStage.ACCEPTED,
    Stage.STARTED: CommandStage.STARTED,
    Stage.PROGRESS: CommandStage.PROGRESS,
}
_FROM_ANY_APP = (Stage.REJECTED, Stage.FAILED)


@unique
class ReportFate(StrEnum):
    """What a verification report was good for."""

    COUNTED = "counted"
    ON_BOARD = "on_board"
    """About a command that an app on board gave to another."""
    UNKNOWN = "unknown"
    """About no command of this ground segment."""
    EARLY = "early"
    """Played back, and dated before the command was sent: an older command had the same request id."""
    IMPLAUSIBLE = "implausible"
    """Success reported by another app than the one addressed."""
    REPEATED = "repeated"
    LATE = "late"
    """After the verdict."""


class _Expectation(msgspec.Struct, frozen=True):
    record: CommandRecord
    app: str | None
    released_ns: int | None


class ReportBook:
    """Knows the request ids of the commands that were sent, and puts down what is reported of them.

    Args:
        packets: the mission's packets.

    Attributes:
        counts: reports by what they were good for.
        newest_ns: spacecraft time of the last report that counted, None before the first.
    """

    def __init__(self, packets: PacketProfile) -> None:
        self.counts: dict[ReportFate, int] = dict.fromkeys(ReportFate, 0)
        self.newest_ns: int | None = None
        self._packets = packets
        self._expected: dict[RequestKey, _Expectation] = {}

    def expect(self, record: CommandRecord, released_ns: int | None) -> None:
        """Take reports with a record's request id for it; played back ones only if not older than ``released_ns``.

        What is sent at once counts whatever its date, since spacecraft time may be corrected at any moment.
        """
        app = self._packets.dictionary.app_of(record.apid)
        self._expected[self._key(record)] = _Expectation(record, app, released_ns)

    def is_open(self, record: CommandRecord) -> bool:
        """Whether another command, or this one, with the record's request id waits for its verdict."""
        expected = self._expected.get(self._key(record))
        return expected is not None and expected.record.open

    def forget(self, record: CommandRecord) -> None:
        """Let go of a closed record; further reports about it are unknown."""
        key = self._key(record)
        expected = self._expected.get(key)
        if expected is not None and expected.record is record:
            del self._expected[key]

    def take(self, sample: Sample) -> CommandRecord | None:
        """Put a report down in the record it is about; None if it changes nothing, which is counted by reason."""
        report = sample.message
        if not isinstance(report, VerificationReport):
            return None
        request = report.request
        expected = self._expected.get(self._packets.request_key(request))
        fate = self._judge(report, sample, expected)
        self.counts[fate] += 1
        if expected is None or fate in (ReportFate.ON_BOARD, ReportFate.UNKNOWN):
            return None
        record = expected.record
        if fate is not ReportFate.COUNTED:
            record.ignored_reports += 1
            return None
        self.newest_ns = sample.time_ns
        _put_down(record, report, sample.received_ns)
        return record

    def _key(self, record: CommandRecord) -> RequestKey:
        return self._packets.request_key(RequestId(GROUND, record.apid, record.sequence, record.function))

    @staticmethod
    def _judge(report: VerificationReport, sample: Sample, expected: _Expectation | None) -> ReportFate:
        if report.request.source != GROUND:
            return ReportFate.ON_BOARD
        if expected is None:
            return ReportFate.UNKNOWN
        if sample.recorded and expected.released_ns is not None and sample.time_ns < expected.released_ns:
            return ReportFate.EARLY
        if report.stage not in _FROM_ANY_APP and sample.app != expected.app:
            return ReportFate.IMPLAUSIBLE
        if not expected.record.open:
            return ReportFate.LATE
        return ReportFate.REPEATED if _is_repeated(expected.record, report) else ReportFate.COUNTED


def _is_repeated(record: CommandRecord, report: VerificationReport) -> bool:
    stage = _STAGES.get(report.stage)
    if stage is None or stage not in record.times:
        return False
    return stage is not CommandStage.PROGRESS or report.percent <= record.percent


def _put_down(record: CommandRecord, report: VerificationReport, now_ns: int) -> None:
    record.reports += 1
    stage = _STAGES.get(report.stage)
    if stage is not None:
        record.times.setdefault(stage, now_ns)
        record.percent = max(record.percent, report.percent)
        return
    record.verdict = _VERDICTS[report.stage]
    record.code, record.reason = report.code, report.reason
    if record.verdict is Verdict.COMPLETED:
        record.percent = 100
