"""The command ingest: takes telecommand frames from the S-band receiver and puts checked commands on the bus."""

from __future__ import annotations

from typing import Annotated

import msgspec

from apps.command_ingest.arming import Armed, arm, expire, fire
from apps.command_ingest.messages import Arm, ArmExpired, CommandArmed, FrameRejected, UplinkStatus
from flightsw.app import App, Refused, Table, every, handles
from flightsw.bus.requests import Request
from flightsw.devices.errors import DeviceError
from flightsw.devices.radio import SBandTransceiver
from tlm_cmd.definition.fields import U8, U16, Range, Unit
from tlm_cmd.definition.message import Command, Record
from tlm_cmd.definition.wire_values import LengthError
from tlm_cmd.errors import ChecksumError, FieldRangeError, LengthMismatchError, ProtocolError, TooShortError
from tlm_cmd.link.uplink import UplinkReceiver, UplinkReceiverState
from tlm_cmd.packets.cfs_header import CommandPacket, parse_command
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId

NANOSECONDS = 1_000_000_000
MAX_U32 = 2**32 - 1
MAX_FETCHES_PER_POLL = 16


class IngestLimits(Record):
    """Limits of the command path."""

    arming_s: Annotated[int, U16, Range(1, 600), Unit("s"), "how long a hazardous command stays armed"]
    error_report_s: Annotated[int, U8, Range(1, 250), Unit("s"), "least time between reports of rejected frames"]


class IngestState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        receiver: memory of the frame receiver.
        armed: hazardous commands that may now be sent.
        packets_accepted: commands put on the bus.
        packets_rejected: packets that were no acceptable command.
        last_command_ns: when a command was last accepted.
        reported: rejected frames that were reported, by reason.
        next_report_ns: when rejected frames may be reported again.
        errors: failed transactions with the radio.
    """

    receiver: UplinkReceiverState | None = None
    armed: list[Armed] = []
    packets_accepted: int = 0
    packets_rejected: int = 0
    last_command_ns: int = 0
    reported: dict[str, int] = {}
    next_report_ns: int = 0
    errors: int = 0


class _Rejected(Exception):  # noqa: N818 - the way out of a chain of checks
    def __init__(self, code: FailureCode, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class CommandIngest(App):
    """Polls the receiver, and gives every command that arrives one answer."""

    limits = Table(IngestLimits, file="limits.toml")

    state: IngestState

    def start(self) -> None:
        """Open the radio and take the receiver's memory up again."""
        self._radio = self.device(SBandTransceiver)
        self._receiver = UplinkReceiver(self.container.surroundings.links.s_band)
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
        expires_ns = self.now_ns + self.limits.arming_s * NANOSECONDS
        self.state.armed = arm(self.state.armed, command.apid, command.function, expires_ns)
        self.event(CommandArmed(command.apid, command.function))

    @every(seconds=0.5)
    def poll(self) -> None:
        """Take everything that has been received."""
        try:
            for _ in range(MAX_FETCHES_PER_POLL):
                frames = self._radio.receive()
                if not frames:
                    break
                for frame in frames:
                    for packet in self._receiver.receive(frame).packets:
                        self.ingest(packet)
        except DeviceError:
            self.state.errors += 1
        expired, self.state.armed = expire(self.state.armed, self.now_ns)
        for each in expired:
            self.event(ArmExpired(each.apid, each.function))

    @every(seconds=1, offset=0.5)
    def report(self) -> None:
        """Publish the state of the uplink; its control word goes into every telemetry frame."""
        counters = self._receiver.state.counters
        self.send(
            UplinkStatus(
                clcw=int.from_bytes(self._receiver.clcw().pack(), "big"),
                frames_accepted=counters.frames - counters.refused.total,
                frames_rejected=counters.refused.total,
                packets_accepted=self.state.packets_accepted,
                packets_rejected=self.state.packets_rejected,
                seconds_since_command=min((self.now_ns - self.state.last_command_ns) // NANOSECONDS, MAX_U32),
            )
        )
        self._report_rejected_frames()

    def _report_rejected_frames(self) -> None:
        if self.now_ns < self.state.next_report_ns:
            return
        refused = msgspec.structs.asdict(self._receiver.state.counters.refused)
        for reason, count in refused.items():
            before = self.state.reported.get(reason, 0)
            if count > before:
                self.event(FrameRejected(reason.replace("_", " ")[:40], count - before))
                self.state.reported[reason] = count
                self.state.next_report_ns = self.now_ns + self.limits.error_report_s * NANOSECONDS

    def ingest(self, packet: bytes) -> None:
        """Check one packet and put its command on the bus; otherwise answer with why not."""
        apid, sequence = int.from_bytes(packet[0:2], "big") & 0x7FF, int.from_bytes(packet[2:4], "big") & 0x3FFF
        function = packet[6] & 0x7F if len(packet) > 6 else 0
        request = RequestId(GROUND, apid, sequence, function)
        try:
            command = self._checked(packet)
        except _Rejected as rejection:
            self.state.packets_rejected += 1
            self.container.reject(request, rejection.code, rejection.reason)
            return
        self.state.packets_accepted += 1
        self.state.last_command_ns = self.now_ns
        self.container.forward(Request(request, command))

    def _checked(self, packet: bytes) -> Command:
        try:
            parsed = parse_command(packet)
        except ChecksumError as error:
            raise _Rejected(FailureCode.BAD_CHECKSUM, str(error)) from error
        except ProtocolError as error:
            raise _Rejected(FailureCode.MALFORMED_PACKET, str(error)) from error
        dictionary = self.container.surroundings.dictionary
        entry = dictionary.command_by_id(parsed.apid, parsed.function_code)
        if entry is None:
            raise self._unknown(parsed)
        try:
            command = entry.codec.decode(parsed.payload)
        except (TooShortError, LengthError, LengthMismatchError) as error:
            raise _Rejected(FailureCode.BAD_LENGTH, str(error)) from error
        except (FieldRangeError, ProtocolError) as error:
            raise _Rejected(FailureCode.BAD_ARGUMENT, str(error)) from error
        if entry.record.hazardous:
            armed, self.state.armed = fire(self.state.armed, parsed.apid, parsed.function_code, self.now_ns)
            if not armed:
                raise _Rejected(FailureCode.NOT_ARMED, f"{entry.name} is hazardous and was not armed")
        return command

    def _unknown(self, parsed: CommandPacket) -> _Rejected:
        dictionary = self.container.surroundings.dictionary
        app = dictionary.app_of(parsed.apid)
        if app is None or dictionary.apid_of(app) != parsed.apid:
            return _Rejected(FailureCode.UNKNOWN_APPLICATION, f"no app takes commands at APID 0x{parsed.apid:03x}")
        return _Rejected(FailureCode.UNKNOWN_FUNCTION, f"{app} has no function {parsed.function_code}")
