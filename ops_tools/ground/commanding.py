"""Commands on their way: checked before they leave, followed by their request id, each with exactly one verdict."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from ops_tools.ground.command_record import (
    CommandCounters,
    CommandRecord,
    CommandStage,
    CommandTimeouts,
    Verdict,
    WithoutContact,
)
from ops_tools.ground.contact_plan import ContactOutlook
from ops_tools.ground.deadlines import Deadlines
from ops_tools.ground.decoder import Sample
from ops_tools.ground.errors import (
    CommandHasLeftError,
    GroundError,
    RefusedOnGroundError,
    UnknownCommandRecordError,
)
from ops_tools.ground.link import GroundLink
from ops_tools.ground.preparation import Prepared, prepare
from ops_tools.ground.verification import ReportBook
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_profile import CfsProfile
from tlm_cmd.packets.profile import PacketProfile
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

    Args:
        dictionary: the mission's.
        link: by which commands leave.
        timeouts: how long commands wait for reports.
        outlook: tells of contact.
        packets: the profile of the mission's packets; cFS when none is given.

    Attributes:
        counters: commands by outcome.
        reports: verification reports by what they were good for.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        link: GroundLink,
        timeouts: CommandTimeouts | None = None,
        outlook: Callable[[], ContactOutlook] = lambda: ContactOutlook(0),
        packets: PacketProfile | None = None,
    ) -> None:
        self.dictionary = dictionary
        self._packets = packets or CfsProfile(dictionary)
        self.timeouts = timeouts or CommandTimeouts()
        self.counters = CommandCounters()
        self.reports = ReportBook(self._packets)
        self._outlook = outlook
        self._link = link
        self._records: OrderedDict[int, CommandRecord] = OrderedDict()
        self._open: dict[int, CommandRecord] = {}
        self._deadlines = Deadlines()
        self._sequences: dict[int, int] = {}
        self._held: dict[int, Prepared] = {}
        self._arming: dict[int, Prepared] = {}
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
        without_contact: WithoutContact = WithoutContact.RADIATE,
    ) -> CommandRecord:
        """Check a command and send it, at once or when there is contact.

        Nothing raises: what cannot be sent has the verdict REFUSED_ON_GROUND and a reason in its record, and nothing
        has left. A hazardous command needs ``confirm``, a reason in words; it is armed first, and leaves when the
        spacecraft has confirmed the arming.

        Args:
            name: as in the dictionary, ``THERMAL.SET_HEATER``.
            arguments: by name; numbers, booleans and enumerations may be given as text.
            confirm: why a hazardous command is to be sent.
            now_ns: ground time.
            spacecraft_ns: newest spacecraft time known; recorded reports from before it are not about this command.
            without_contact: what to do while there is no contact.
        """
        record = self._new_record(name, dict(arguments or {}), now_ns)
        try:
            prepared = prepare(self.dictionary, record, (confirm or "").strip())
            self._link.check_commander()
            if without_contact is WithoutContact.RADIATE or self._outlook().in_contact:
                self._release(prepared, now_ns, spacecraft_ns)
            elif without_contact is WithoutContact.WAIT:
                self._hold(prepared, now_ns)
            else:
                raise RefusedOnGroundError(f"no contact with the spacecraft{self._next_contact(now_ns)}")
        except (ProtocolError, GroundError) as error:
            self._refuse(record, str(error), now_ns)
        return record

    def withdraw(self, number: int, *, now_ns: int) -> CommandRecord:
        """Give up a command that waits for contact; its verdict is REFUSED_ON_GROUND.

        Raises:
            UnknownCommandRecordError: it was never issued, or its record was given up.
            CommandHasLeftError: it does not wait any more.
        """
        record = self.record(number)
        if self._held.pop(number, None) is None:
            raise CommandHasLeftError(number, record.stage.value)
        self._refuse(record, "withdrawn before it was sent", now_ns)
        return record

    def force(self, octets: bytes, *, now_ns: int, spacecraft_ns: int | None = None) -> CommandRecord:
        """Send octets up unchecked, to see how the spacecraft refuses them; its verdict is followed as far as possible.

        Reports are recognised by the request id that stands in the octets, whatever else is wrong with them.
        """
        record = self._new_record(f"FORCED {octets[:8].hex()}", {}, now_ns)
        record.forced, record.octets = True, octets
        request = self._packets.request_of(octets)
        if request is not None:
            record.apid, record.sequence, record.function = request.apid, request.sequence, request.function
        try:
            self._check_free(record)
            try:
                self._link.send(octets, now_ns)
            except ProtocolError:
                self._link.send_unchecked(octets, now_ns)
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

    def step(self, now_ns: int, spacecraft_ns: int | None = None, *, in_contact: bool = False) -> None:
        """Take the time.

        Commands that waited for contact leave when it is there, in the order in which they were issued; those that
        waited too long for a report are timed out.
        """
        if self._held and in_contact:
            held, self._held = self._held, {}
            for prepared in held.values():
                self._release_held(prepared, now_ns, spacecraft_ns)
        for number in self._deadlines.due(now_ns):
            record = self._open[number]
            record.verdict = Verdict.TIMED_OUT
            record.reason = self._silence(record)
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

    def _hold(self, prepared: Prepared, now_ns: int) -> None:
        record = prepared.record
        self._check_room()
        record.times[CommandStage.WAITING] = now_ns
        self._open[record.number] = record
        self._held[record.number] = prepared

    def _release(self, prepared: Prepared, now_ns: int, spacecraft_ns: int | None) -> None:
        if prepared.record.hazardous:
            self._arm(prepared, now_ns, spacecraft_ns)
        else:
            self._send(prepared, now_ns, spacecraft_ns)

    def _release_held(self, prepared: Prepared, now_ns: int, spacecraft_ns: int | None) -> None:
        self._open.pop(prepared.record.number, None)
        try:
            self._release(prepared, now_ns, spacecraft_ns)
        except (ProtocolError, GroundError) as error:
            self._refuse(prepared.record, str(error), now_ns)

    def _arm(self, prepared: Prepared, now_ns: int, spacecraft_ns: int | None) -> None:
        record = prepared.record
        arguments = {"apid": record.apid, "function": record.function}
        arming = self.issue(ARM_COMMAND, arguments, now_ns=now_ns, spacecraft_ns=spacecraft_ns)
        record.armed_by = arming.number
        if arming.verdict is not None:
            raise RefusedOnGroundError(f"could not be armed: {arming.reason}")
        record.times[CommandStage.ARMING] = now_ns
        self._open[record.number] = record
        self._arming[arming.number] = prepared

    def _send(self, prepared: Prepared, now_ns: int, spacecraft_ns: int | None) -> None:
        record = prepared.record
        self._choose_sequence(record)
        octets = self._packets.build_command(record.apid, record.sequence, record.function, prepared.payload)
        record.octets = b"" if prepared.secret else octets
        self._link.send(octets, now_ns)
        self._sequences[record.apid] = (record.sequence + 1) % SEQUENCE_MODULO
        self._sent(record, now_ns, spacecraft_ns)

    def _choose_sequence(self, record: CommandRecord) -> None:
        """The next sequence count of the APID that no open command uses whose reports would look the same."""
        record.sequence = self._sequences.get(record.apid, 0)
        while self.reports.is_open(record):
            record.sequence = (record.sequence + 1) % SEQUENCE_MODULO
        self._check_free(record)

    def _check_room(self) -> None:
        if len(self._open) >= MAX_OPEN:
            raise RefusedOnGroundError(f"{MAX_OPEN} commands wait for their verdict already; wait for some of them")

    def _check_free(self, record: CommandRecord) -> None:
        self._check_room()
        if self.reports.is_open(record):
            raise RefusedOnGroundError("an open command has the same request id")

    def _sent(self, record: CommandRecord, now_ns: int, spacecraft_ns: int | None) -> None:
        record.times[CommandStage.SENT] = now_ns
        self.counters.sent += 1
        self._open[record.number] = record
        self.reports.expect(record, spacecraft_ns)
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
        prepared = self._arming.pop(record.number, None)
        if prepared is not None:
            self._armed(record, prepared, now_ns)

    def _armed(self, arming: CommandRecord, prepared: Prepared, now_ns: int) -> None:
        """Release a hazardous command, or give it up when the arming had no success."""
        record = prepared.record
        self._open.pop(record.number, None)
        if arming.verdict is not Verdict.COMPLETED:
            reason = f"arming by command {arming.number} {arming.verdict}: {arming.reason}"
            self._refuse(record, f"{reason}; the command itself was not sent", now_ns)
            return
        try:
            self._send(prepared, now_ns, self.reports.newest_ns)
        except (ProtocolError, GroundError) as error:
            self._refuse(record, str(error), now_ns)

    # ---------------------------------------------------------------- waiting

    def _set_deadline(self, record: CommandRecord, from_ns: int, limit_s: float) -> None:
        self._deadlines.set(record.number, from_ns + round(limit_s * _NS_PER_S))

    def _silence(self, record: CommandRecord) -> str:
        """Why a command is timed out."""
        if record.reports:
            return f"no report after {record.stage} within {self.timeouts.next_report_s:g} s"
        reason = f"no report at all within {self.timeouts.first_report_s:g} s"
        last_ns = self._outlook().last_ns
        if last_ns is not None and last_ns >= record.times[CommandStage.SENT]:
            return reason
        return f"{reason}, and nothing was heard from the spacecraft since it was sent"

    def _next_contact(self, now_ns: int) -> str:
        following = self._outlook().following
        if following is None:
            return ""
        return f"; the next is with {following.station}, in {(following.begin_ns - now_ns) / _NS_PER_S:.0f} s"
