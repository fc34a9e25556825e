"""The command ingest: takes telecommand frames from the S-band receiver and puts checked commands on the bus."""

from __future__ import annotations

from typing import Annotated

import msgspec

from apps.command_ingest.arming import MAX_ARMED, Armed, arm, expire, fire
from apps.command_ingest.judging import Judge, Judged
from apps.command_ingest.messages import (
    Arm,
    ArmExpired,
    CommandArmed,
    FilePduReceived,
    FrameRejected,
    KeysChanged,
    SecurityProcedure,
    SecurityReply,
    TakePacket,
    UplinkStatus,
)
from apps.command_ingest.security import Procedures, WaitingProcedure
from apps.command_ingest.security_memory import SecurityMemory, SecurityMemoryState
from apps.command_ingest.services import Rejection
from flightsw.app import App, Refused, Table, every, handles
from flightsw.bus.requests import Request
from flightsw.devices.errors import DeviceError
from flightsw.devices.radio import SBandTransceiver
from flightsw.services.link_security import LinkSecurity
from tlm_cmd.definition.fields import U8, U16, Range, Unit
from tlm_cmd.definition.message import Record
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.telecommand_coding import TelecommandDecoder, TelecommandDecoderState
from tlm_cmd.link.uplink_receiver import UplinkReceiver, UplinkReceiverState
from tlm_cmd.packets.verification import FailureCode

NANOSECONDS = 1_000_000_000
MAX_U32 = 2**32 - 1
MAX_FETCHES_PER_POLL = 16
MAX_WAITING_PACKETS = 4096
"""Received packets that wait for their turn; while there are as many, frames wait in the radio."""
COMMANDS_PER_POLL = 20
"""Commands put on the bus at once: each may cause three reports of one app, of which 64 may wait for the downlink."""

FILE_PDUS_PER_POLL = 128
"""File PDUs put on the bus at once, beside the commands: a quarter of the file transfer's inbox."""


class IngestLimits(Record):
    """Limits of the command path."""

    arming_s: Annotated[int, U16, Range(1, 600), Unit("s"), "how long a hazardous command stays armed"]
    error_report_s: Annotated[int, U8, Range(1, 250), Unit("s"), "least time between reports of rejected frames"]


class IngestState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        decoder: memory of what finds frames among the bits.
        receiver: memory of the frame receiver.
        acknowledged: number behind the last frame taken from the radio, -1 before the first.
        waiting: packets received and not yet looked at, oldest first.
        armed: hazardous commands that may now be sent.
        packets_accepted: commands put on the bus.
        packets_rejected: packets that were no acceptable command.
        file_pdus: packets handed to the file transfer.
        last_command_ns: when a command was last accepted.
        reported: rejected frames that were reported, by reason.
        next_report_ns: when rejected frames may be reported again.
        errors: failed transactions with the radio, or with the memory of the security.
        procedures_executed: extended procedures of the security that were executed.
        procedures_refused: those that were not.
        key_changes: times that the keys on board have changed.
        memory: what was said of the memory of the security.
    """

    decoder: TelecommandDecoderState | None = None
    receiver: UplinkReceiverState | None = None
    acknowledged: int = -1
    waiting: list[bytes] = []
    armed: list[Armed] = []
    packets_accepted: int = 0
    packets_rejected: int = 0
    file_pdus: int = 0
    last_command_ns: int = 0
    reported: dict[str, int] = {}
    next_report_ns: int = 0
    errors: int = 0
    procedures_executed: int = 0
    procedures_refused: int = 0
    key_changes: int = 0
    memory: SecurityMemoryState = msgspec.field(default_factory=SecurityMemoryState)


class CommandIngest(App):
    """Polls the receiver, and gives every command that arrives one answer.

    What was taken from the radio is remembered before it is handed on: after a crash a command may be missing, which
    the ground sees by its missing answer, but none comes twice.
    """

    limits = Table(IngestLimits, file="limits.toml")

    state: IngestState

    def start(self) -> None:
        """Open the radio and take the receiver's memory up again."""
        self._packets = self.container.surroundings.packets
        self._judging = Judge(self._packets, self._fire, self.container.new_request)
        self._radio = self.device(SBandTransceiver)
        if self._radio.state.acknowledged < 0:  # a new driver would be handed the last frames once more
            self._radio.state.acknowledged = self.state.acknowledged
        parameters = self.container.surroundings.links.s_band
        self._decoder = _decoder(parameters, self.state)
        self._security: LinkSecurity | None = None
        self._procedures: Procedures | None = None
        self._memory: SecurityMemory | None = None
        associations = parameters.telecommand_associations(flight=True)
        if associations:
            self._security = self.container.surroundings.link_security(self.name, associations)
            self._procedures = Procedures(self._security, self._packets, self._judging)
            self._memory = SecurityMemory(self._security, self.state.memory, self.event)
        self._receiver = UplinkReceiver(parameters, None if self._security is None else self._security.frames)
        if self.state.receiver is not None:
            self._receiver.state = self.state.receiver
        self.state.receiver = self._receiver.state

    @handles(Arm)
    def arm_command(self, command: Arm) -> None:
        """Arm a hazardous command."""
        entry = self.container.surroundings.dictionary.command_by_id(command.apid, command.function)
        if entry is None or not entry.record.hazardous:
            raise Refused(
                f"function {command.function} of APID 0x{command.apid:03x} is no hazardous command",
                FailureCode.BAD_ARGUMENT,
            )
        armed = arm(self.state.armed, command.apid, command.function, self.now_ns + self._arming_ns())
        if armed is None:
            raise Refused(f"{MAX_ARMED} commands are armed already")
        self.state.armed = armed
        self.event(CommandArmed(command.apid, command.function))

    @handles(TakePacket)
    def take_packet(self, command: TakePacket) -> None:
        """Let a packet wait for its turn."""
        request = self._packets.request_of(command.packet)
        if request is None:
            raise Refused(f"{len(command.packet)} octets are no packet", FailureCode.BAD_ARGUMENT)
        entry = self.container.surroundings.dictionary.command_by_id(request.apid, request.function)
        if entry is not None and entry.record.secret:
            self.state.packets_rejected += 1
            reason = f"{entry.name} is taken from a telecommand frame only"
            self.container.reject(request, FailureCode.NOT_POSSIBLE_NOW, reason)
            return
        if len(self.state.waiting) >= MAX_WAITING_PACKETS:
            self.state.packets_rejected += 1
            self.container.reject(request, FailureCode.INBOX_FULL, f"{MAX_WAITING_PACKETS} packets wait already")
            return
        self.state.waiting.append(command.packet)

    @handles(SecurityProcedure)
    def refuse_procedure(self, command: SecurityProcedure) -> None:
        """Refuse what came over the bus, or by an open link: nobody vouches for it."""
        del command
        raise Refused(
            "procedures of the link security are taken from a protected frame only", FailureCode.NOT_POSSIBLE_NOW
        )

    @every(seconds=0.5)
    def poll(self) -> None:
        """Take what has been received, execute what is for the security, and put the next commands on the bus."""
        accepted = self._fetch()
        if self._remembered():
            self._execute_procedures()
            self._hand_on()
        if accepted:
            self.report()  # the sooner the ground knows, the sooner the next frames come
        expired, self.state.armed = expire(self.state.armed, self.now_ns, self._arming_ns())
        for each in expired:
            self.event(ArmExpired(each.apid, each.function))

    def _fetch(self) -> int:
        """Take what the radio has received; returns how many frames were accepted."""
        state, counters = self.state, self._receiver.state.counters
        before = counters.frames - counters.refused.total
        try:
            for _ in range(MAX_FETCHES_PER_POLL):
                if len(state.waiting) >= MAX_WAITING_PACKETS:
                    break
                received = self._radio.receive()
                if not received:
                    break
                for octets in received:
                    self._take(octets)
        except DeviceError:
            state.errors += 1
        return counters.frames - counters.refused.total - before

    def _take(self, octets: bytes) -> None:
        """Read what one transmission brings."""
        for frame in [octets] if self._decoder is None else self._decoder.feed(octets):
            result = self._receiver.receive(frame, self.now_ns)
            procedures = self._procedures
            self.state.waiting += (
                result.packets if procedures is None else procedures.take_out(result.packets, result.carrier_spi)
            )

    def _remembered(self) -> bool:
        """See that no frame accepted so far can be accepted again; before that nothing of it is executed."""
        is_kept = self._memory is None or self._memory.keep()
        self.state.errors += not is_kept
        return is_kept

    def _execute_procedures(self) -> None:
        """Execute what came for the security, and answer."""
        if self._procedures is None:
            return
        waiting, too_many = self._procedures.take_all()
        for each in too_many:
            self.state.procedures_refused += 1
            self.container.reject(each.request, FailureCode.INBOX_FULL, f"{len(waiting)} procedures came with it")
        if waiting:
            self.state.acknowledged = self._radio.state.acknowledged
            self.checkpoint()
        for each in waiting:
            self._execute(self._procedures, each)

    def _execute(self, procedures: Procedures, waiting: WaitingProcedure) -> None:
        state, executed = self.state, procedures.execute(waiting, self.now_ns)
        if executed.refused is None:
            state.procedures_executed += 1
            state.last_command_ns = self.now_ns
        else:
            state.procedures_refused += 1
        if executed.changed_keys:
            state.key_changes += 1
            self.checkpoint()
            self.event(KeysChanged(executed.changed_keys))
            self.report()  # those who hold a copy of the keys follow its count
        if waiting.origin is not None:
            self.send(waiting.origin)
        if executed.reply:
            self.send(SecurityReply(waiting.request.sequence, executed.reply))
        self.container.settle(waiting.request, executed.refused)

    def _hand_on(self) -> None:
        state = self.state
        answers: list[Judged] = []
        commands, before = 0, state.file_pdus
        while state.waiting and commands < COMMANDS_PER_POLL and state.file_pdus - before < FILE_PDUS_PER_POLL:
            answers.append(self._judge(state.waiting.pop(0)))
            commands += answers[-1].file_pdu is None
            verdict = answers[-1].verdict
            if isinstance(verdict, Request) and isinstance(verdict.command, Arm):
                break  # what follows may be what it arms, once it has been executed
        if not answers:
            return
        state.acknowledged = self._radio.state.acknowledged
        self.checkpoint()
        for judged in answers:
            if judged.file_pdu is not None:  # reports about each would leave the downlink no room
                self.send(FilePduReceived(judged.file_pdu))
                continue
            if judged.origin is not None:
                self.send(judged.origin)
            if isinstance(judged.verdict, Rejection):
                self.container.reject(judged.request, judged.verdict.code, judged.verdict.reason)
            else:
                self.container.forward(judged.verdict)

    @every(seconds=1, offset=0.5)
    def report_regularly(self) -> None:
        """Publish the state of the uplink, and what was rejected."""
        self.report()
        self._report_rejected_frames()

    def report(self) -> None:
        """Publish the state of the uplink; its control words go into the telemetry frames."""
        counters, farm = self._receiver.state.counters, self._receiver.cop1_status
        security, decoder = self._security, self._decoder
        self.send(
            UplinkStatus(
                clcw=int.from_bytes(self._receiver.clcw().pack(), "big"),
                frames_accepted=counters.frames - counters.refused.total,
                frames_rejected=counters.refused.total,
                packets_accepted=self.state.packets_accepted,
                packets_rejected=self.state.packets_rejected,
                seconds_since_command=self._seconds_since_command(),
                packets_waiting=len(self.state.waiting),
                errors=self.state.errors,
                farm_discarded=farm.discarded,
                frames_not_genuine=counters.refused.not_genuine,
                security_report=0 if security is None else int.from_bytes(security.frames.report().pack(), "big"),
                corrected_bits=0 if decoder is None else decoder.state.receiver.counters.corrected_bits,
                procedures_executed=self.state.procedures_executed & MAX_U32,
                procedures_refused=self.state.procedures_refused & MAX_U32,
                key_changes=self.state.key_changes & MAX_U32,
                file_pdus=self.state.file_pdus & MAX_U32,
            )
        )

    def _seconds_since_command(self) -> int:
        if self.now_ns < self.state.last_command_ns:  # the clock has started again
            self.state.last_command_ns = 0
        return min((self.now_ns - self.state.last_command_ns) // NANOSECONDS, MAX_U32)

    def _report_rejected_frames(self) -> None:
        pause_ns = self.limits.error_report_s * NANOSECONDS
        if 0 < self.state.next_report_ns - self.now_ns <= pause_ns:
            return
        refused = msgspec.structs.asdict(self._receiver.state.counters.refused)
        for reason, count in refused.items():
            before = self.state.reported.get(reason, 0)
            if count > before:
                self.event(FrameRejected(reason.replace("_", " ")[:40], count - before))
                self.state.reported[reason] = count
                self.state.next_report_ns = self.now_ns + pause_ns

    def _arming_ns(self) -> int:
        return self.limits.arming_s * NANOSECONDS

    # ---------------------------------------------------------------- judging packets

    def _judge(self, packet: bytes) -> Judged:
        """Which request a packet is, and its command, or why it is none that can be executed."""
        judged = self._judging.judge(packet)
        if isinstance(judged.verdict, Rejection):
            self.state.packets_rejected += 1
        else:
            is_pdu = judged.file_pdu is not None
            self.state.file_pdus += is_pdu
            self.state.packets_accepted += not is_pdu
            self.state.last_command_ns = self.now_ns
        return judged

    def _fire(self, apid: int, function: int) -> bool:
        armed, self.state.armed = fire(self.state.armed, apid, function, self.now_ns)
        return armed


def _decoder(parameters: LinkParameters, state: IngestState) -> TelecommandDecoder | None:
    """What finds frames among the bits, with its memory; None on a link without coding."""
    if parameters.telecommand_coding is None:
        return None
    decoder = TelecommandDecoder(parameters.telecommand_coding, parameters.tc_frame_octets)
    if state.decoder is not None:
        decoder.state = state.decoder
    state.decoder = decoder.state
    return decoder
