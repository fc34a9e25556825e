"""The command schedule: stores telecommands, and hands them to the command ingest when their time has come."""

from __future__ import annotations

from typing import Annotated

from apps.command_ingest.messages import TakePacket
from apps.command_schedule.messages import (
    MAX_PER_COMMAND,
    CommandsExpired,
    CommandsMissed,
    CommandsReleased,
    DeleteCommands,
    InsertCommands,
    ResetSchedule,
    ScheduleStatus,
    ShiftCommands,
    SwitchSchedule,
    TimedCommand,
)
from apps.command_schedule.schedule import (
    ScheduleError,
    ScheduleState,
    Stored,
    clear,
    delete,
    insert,
    shift,
    take_due,
)
from flightsw.app import App, Refused, Table, every, handles
from tlm_cmd.definition.fields import U16, Range, Unit
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.profile import FunctionCall
from tlm_cmd.packets.verification import FailureCode, RequestId

NANOSECONDS = 1_000_000_000
MAX_U32 = 2**32 - 1


class ScheduleLimits(Record):
    """Limits of the schedule."""

    longest_delay_s: Annotated[int, U16, Range(1, 3600), Unit("s"), "a telecommand later than this is not released"]


class CommandSchedule(App):
    """Releases each telecommand at most once: it is forgotten, and that is stored, before it is handed on.

    Times are spacecraft TAI. When that is set forward, what was jumped over is released late, or expires; what is
    released passes every check of the command ingest, and is verified as any other command.
    """

    limits = Table(ScheduleLimits, file="limits.toml")

    state: ScheduleState

    @handles(InsertCommands)
    def insert_commands(self, command: InsertCommands) -> None:
        """Store telecommands."""
        try:
            insert(self.state, [self._stored(each) for each in command.commands], self._now_tai_ns())
        except (ScheduleError, ProtocolError) as error:
            self.state.refused += len(command.commands)
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    @handles(DeleteCommands)
    def delete_commands(self, command: DeleteCommands) -> None:
        """Forget telecommands."""
        try:
            delete(self.state, command.requests)
        except ScheduleError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    @handles(ShiftCommands)
    def shift_commands(self, command: ShiftCommands) -> None:
        """Move the times of telecommands."""
        try:
            shift(self.state, command.requests, command.offset_ns, self._now_tai_ns())
        except ScheduleError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    @handles(SwitchSchedule)
    def switch(self, command: SwitchSchedule) -> None:
        """Release telecommands, or none."""
        self.state.enabled = command.enabled

    @handles(ResetSchedule)
    def reset(self, _: ResetSchedule) -> None:
        """Forget all."""
        clear(self.state)

    @every(seconds=0.5, offset=0.2)
    def release(self) -> None:
        """Hand on what is due."""
        self._release()

    @every(seconds=10, offset=7)
    def report(self) -> None:
        """Publish what is stored."""
        state = self.state
        self.send(
            ScheduleStatus(
                enabled=state.enabled,
                waiting=len(state.stored),
                next_tai_ns=state.stored[0].release_tai_ns if state.stored else 0,
                inserted=state.inserted & MAX_U32,
                released=state.released & MAX_U32,
                expired=state.expired & MAX_U32,
                missed=state.missed & MAX_U32,
                deleted=state.deleted & MAX_U32,
                refused=state.refused & MAX_U32,
            )
        )

    def _now_tai_ns(self) -> int:
        return self.time.tai_ns(self.now_ns)

    def _stored(self, command: TimedCommand) -> Stored:
        """A telecommand as it is kept.

        Raises:
            ProtocolError: the packet is no command packet of this mission.
            ScheduleError: its command is secret.
        """
        read = self.container.surroundings.packets.read_command(command.packet)
        call, request = read.call, read.request
        function = call.function if isinstance(call, FunctionCall) else 0
        entry = self.container.surroundings.dictionary.command_by_id(request.apid, function)
        if isinstance(call, FunctionCall) and entry is not None and entry.record.secret:
            raise ScheduleError(f"{entry.name} is secret, and stored nowhere")
        return Stored(
            command.release_tai_ns, 0, request.source, request.apid, request.sequence, function, command.packet
        )

    def _release(self) -> None:
        delay_ns = self.limits.longest_delay_s * NANOSECONDS
        released, expired, missed = take_due(self.state, self._now_tai_ns(), delay_ns, MAX_PER_COMMAND)
        if not (released or expired or missed):
            return
        self.checkpoint()
        for each in released:
            self.command(self._ingest, TakePacket(each.packet))
        for each in expired:
            request = RequestId(each.source, each.apid, each.sequence, each.function)
            self.container.reject(request, FailureCode.EXPIRED, f"stored command more than {delay_ns // 10**9} s late")
        if released:
            self.event(CommandsReleased(len(released), len(self.state.stored)))
        if expired:
            self.event(CommandsExpired(len(expired)))
        if missed:
            self.event(CommandsMissed(missed))

    @property
    def _ingest(self) -> str:
        """The app that takes command packets."""
        return self.container.surroundings.dictionary.apps_declaring(TakePacket)[0]
