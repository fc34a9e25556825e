"""Commands on their way: checked before they leave, followed by their request id, each with exactly one verdict."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from ops_tools.ground.command_record import (
    CommandCounters,
    CommandRecord,
    CommandStage,
    CommandTimeouts,
    Verdict,
)
from ops_tools.ground.deadlines import Deadlines
from ops_tools.ground.decoder import Sample
from ops_tools.ground.errors import GroundError, RefusedOnGroundError, UnknownCommandRecordError
from ops_tools.ground.link import GroundLink
from ops_tools.ground.verification import ReportBook, RequestKey, request_of
from tlm_cmd.definition.arguments import build
from tlm_cmd.definition.dictionary import CommandEntry, Dictionary
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO

ARM_COMMAND = "COMMAND_INGEST.ARM"
"""The command that arms a hazardous one; its arguments are the APID and the function code."""
MAX_RECORDS = 32_768
"""Commands whose records are kept; the oldest closed one is given up first."""
MAX_OPEN = 16_384
"""Commands without verdict at one time; one more is refused on ground."""

_NS_PER_S = 1_000_000_000


class CommandCentre:
    """Issues commands and follows them.

    Attributes:
        counters: commands by outcome.
        reports: verification reports by what they were good for.
    """

    def __init__(self, dictionary: Dictionary, link: GroundLink, timeouts: CommandTimeouts | None = None) -> None:
        self.dictionary = dictionary
        self.timeouts = timeouts or CommandTimeouts()
        self.counters = CommandCounters()
        self.reports = ReportBook(dictionary)
        self._link = link
        self._records: OrderedDict[int, CommandRecord] = OrderedDict()
        self._open: dict[int, CommandRecord] = {}
        self._deadlines = Deadlines()
        self._sequences: dict[int, int] = {}
        self._waiting: dict[int, tuple[CommandRecord, bytes]] = {}
        self._number = 0

    # ---------------------------------------------------------------- asking

    def issue(
        self,
        name: str,
        arguments: Mapping[str, object] | None = None,
        confirm: str | None = None,
        *,
        now_ns: int,
        spacecraft_ns: int | None = None,
    ) -> CommandRecord:
        """Check a command and send it.

        Nothing raises: what cannot be sent has the verdict REFUSED_ON_GROUND and a reason in its record, and nothing
        has left. A hazardous command needs ``confirm``, a reason in words; it is armed first, and leaves when the
        spacecraft has confirmed the arming.

        Args:
            name: as in the dictionary, ``THERMAL.SET_HEATER``.
            arguments: by name; numbers, booleans and enumerations may be given as text.
            confirm: why a hazardous command is to be sent.
            now_ns: ground time.
            spacecraft_ns: newest spacecraft time known; recorded reports from before it are not about this command.
        """
        record = self._new_record(name, dict(arguments or {}), now_ns)
        try:
            entry = self.dictionary.command(name)
            record.name, record.hazardous = entry.name, entry.record.hazardous
            record.apid, record.function = entry.apid, entry.code
            payload = self.dictionary.encode_payload(build(entry.record, record.arguments))
            if entry.record.hazardous:
                self._arm(record, entry, payload, (confirm or "").strip(), now_ns, spacecraft_ns)
            else:
                self._send(record, payload, now_ns, spacecraft_ns)
        except (ProtocolError, GroundError) as error:
            self._refuse(record, str(error), now_ns)
        return record

    def force(self, octets: bytes, *, now_ns: int, spacecraft_ns: int | None = None) -> CommandRecord:
        """Send octets up unchecked, to see how the spacecraft refuses them; its verdict is followed as far as possible.

        Reports are recognised by the request id that stands in the octets, whatever else is wrong with them.
        """
        record = self._new_record(f"FORCED {octets[:8].hex()}", {}, now_ns)
        record.forced, record.octets = True, octets
        key = request_of(octets)
        if key is not None:
            record.apid, record.sequence, record.function = key
        try:
            self._check_free(record)
            try:
                self._link.send(octets)
            except ProtocolError:
                self._link.send_unchecked(octets)
            self._sent(record, now_ns, spacecraft_ns)
        except (ProtocolError, GroundError) as error:
            self._refuse(record, str(error), now_ns)
        return record

    # ---------------------------------------------------------------- following

    def report(self, sample: Sample) -> None:
        """Take a verification report; what it says of a command of ours is put down, anything else is counted."""
        record = self.reports.take(sample)
        if record is None:
            return
        if record.verdict is None:
            self._set_deadline(record, sample.received_ns, self.timeouts.next_report_s)
        else:
            self._close(record, sample.received_ns)

    def step(self, now_ns: int) -> None:
        """Take the time: commands that waited too long for a report are timed out."""
        for number in self._deadlines.due(now_ns):
            record = self._open[number]
            heard = f"after {record.stage}" if record.reports else "at all"
            record.verdict = Verdict.TIMED_OUT
            record.reason = f"no report {heard} within {self._waited_s(record):g} s"
            self._close(record, now_ns)

    # ---------------------------------------------------------------- looking

    @property
    def open(self) -> list[CommandRecord]:
        """The commands without verdict, the oldest first."""
        return list(self._open.values())

    def record(self, number: int) -> CommandRecord:
        """The record of a command.

        Raises:
            UnknownCommandRecordError: it was never issued, or its record was given up.
        """
        record = self._records.get(number)
        if record is None:
            raise UnknownCommandRecordError(number)
        return record

    def newest(self, count: int = MAX_RECORDS, *, since: int = 0) -> list[CommandRecord]:
        """The newest records with a number above ``since``, the oldest first."""
        found: list[CommandRecord] = []
        for record in reversed(self._records.values()):
            if record.number <= since or len(found) == count:
                break
            found.append(record)
        return found[::-1]

    # ---------------------------------------------------------------- sending

    def _new_record(self, name: str, arguments: dict[str, object], now_ns: int) -> CommandRecord:
        self._number += 1
        self.counters.issued += 1
        record = CommandRecord(self._number, name, arguments, now_ns)
        record.times[CommandStage.ISSUED] = now_ns
        self._records[record.number] = record
        if len(self._records) > MAX_RECORDS:
            self._give_up_oldest()
        return record

    def _give_up_oldest(self) -> None:
        for number, record in self._records.items():
            if record.verdict is not None:
                del self._records[number]
                self.reports.forget(record)
                self.counters.records_given_up += 1
                return

    def _arm(
        self,
        record: CommandRecord,
        entry: CommandEntry,
        payload: bytes,
        confirm: str,
        now_ns: int,
        spacecraft_ns: int | None,
    ) -> None:
        if not confirm:
            raise RefusedOnGroundError(
                'hazardous, needs a confirmation: give the reason for it with confirm="...", or --confirm "..." '
                "on the command line"
            )
        record.confirm = confirm
        arguments = {"apid": entry.apid, "function": entry.code}
        arming = self.issue(ARM_COMMAND, arguments, now_ns=now_ns, spacecraft_ns=spacecraft_ns)
        record.armed_by = arming.number
        if arming.verdict is not None:
            raise RefusedOnGroundError(f"could not be armed: {arming.reason}")
        record.times[CommandStage.ARMING] = now_ns
        self._open[record.number] = record
        self._waiting[arming.number] = (record, payload)

    def _send(self, record: CommandRecord, payload: bytes, now_ns: int, spacecraft_ns: int | None) -> None:
        self._choose_sequence(record)
        record.octets = build_command(record.apid, record.sequence, record.function, payload)
        self._link.send(record.octets)
        self._sequences[record.apid] = (record.sequence + 1) % SEQUENCE_MODULO
        self._sent(record, now_ns, spacecraft_ns)

    def _choose_sequence(self, record: CommandRecord) -> None:
        """The next sequence count of the APID that no open command of the same function uses."""
        record.sequence = self._sequences.get(record.apid, 0)
        while self.reports.is_open(_key(record)):
            record.sequence = (record.sequence + 1) % SEQUENCE_MODULO
        self._check_free(record)

    def _check_free(self, record: CommandRecord) -> None:
        if len(self._open) >= MAX_OPEN:
            raise RefusedOnGroundError(f"{MAX_OPEN} commands wait for their verdict already; wait for some of them")
        if self.reports.is_open(_key(record)):
            raise RefusedOnGroundError("an open command has the same APID, sequence count and function code")

    def _sent(self, record: CommandRecord, now_ns: int, spacecraft_ns: int | None) -> None:
        record.times[CommandStage.SENT] = now_ns
        self.counters.sent += 1
        self._open[record.number] = record
        self.reports.expect(_key(record), record, spacecraft_ns)
        self._set_deadline(record, now_ns, self.timeouts.first_report_s)

    # ---------------------------------------------------------------- closing

    def _refuse(self, record: CommandRecord, reason: str, now_ns: int) -> None:
        record.verdict, record.reason = Verdict.REFUSED_ON_GROUND, reason
        if not record.forced:
            record.sequence, record.octets = -1, b""
        self._close(record, now_ns)

    def _close(self, record: CommandRecord, now_ns: int) -> None:
        assert record.verdict is not None  # noqa: S101 - callers set it
        record.times[CommandStage.FINISHED] = now_ns
        self.counters.verdicts[record.verdict] += 1
        self._open.pop(record.number, None)
        self._deadlines.cancel(record.number)
        waiting = self._waiting.pop(record.number, None)
        if waiting is not None:
            self._armed(record, *waiting, now_ns)

    def _armed(self, arming: CommandRecord, record: CommandRecord, payload: bytes, now_ns: int) -> None:
        """Release a hazardous command, or give it up when the arming had no success."""
        self._open.pop(record.number, None)
        if arming.verdict is not Verdict.COMPLETED:
            reason = f"arming by command {arming.number} {arming.verdict}: {arming.reason}"
            self._refuse(record, f"{reason}; the command itself was not sent", now_ns)
            return
        try:
            self._send(record, payload, now_ns, self.reports.newest_ns)
        except (ProtocolError, GroundError) as error:
            self._refuse(record, str(error), now_ns)

    # ---------------------------------------------------------------- waiting

    def _set_deadline(self, record: CommandRecord, from_ns: int, limit_s: float) -> None:
        self._deadlines.set(record.number, from_ns + round(limit_s * _NS_PER_S))

    def _waited_s(self, record: CommandRecord) -> float:
        return self.timeouts.next_report_s if record.reports else self.timeouts.first_report_s


def _key(record: CommandRecord) -> RequestKey:
    return record.apid, record.sequence, record.function
