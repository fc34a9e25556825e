"""The scheduler app: one place for the minor frames of all processes, one command for the activities of all apps."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flightsw.app import App, Refused, Ticket, collects, every, handles
from flightsw.core.executive.messages import AppRestarted
from flightsw.core.scheduler.frame_keeping import FrameKeepingState, take_tone
from flightsw.core.scheduler.messages import (
    FollowTone,
    FrameAnchor,
    FrameSyncChanged,
    GroupSwitchedEverywhere,
    ReportSchedules,
    SchedulerStatus,
    SwitchGroup,
)
from flightsw.core.timekeeping.messages import TimeCorrelation
from flightsw.messages.slots import EnableGroup, ReportSchedule, ScheduleReport
from flightsw.services.correlation import NS_PER_S
from tlm_cmd.definition.dictionary import TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode, VerificationReport, shorten

ANSWER_WITHIN_S = 5
"""Vehicle time within which all apps must have answered a command that is passed on to them."""
MAX_ROUNDS = 8
"""Commands that may wait for the answers of apps at once."""

_MAX_U16 = 2**16 - 1
_MAX_I32 = 2**31 - 1


class Round(msgspec.Struct):
    """A command that was passed on to several apps.

    Attributes:
        ticket: of the command that asked for it.
        since_ns: when it was passed on.
        waiting: sequence count of what each app was sent that has not answered.
        asked: how many apps were asked.
        failed: what went wrong.
        group: that is switched; empty when reports were asked for.
        enabled: how.
    """

    ticket: Ticket
    since_ns: int
    waiting: dict[str, int]
    asked: int
    failed: list[str] = []
    group: str = ""
    enabled: bool = False


class SchedulerState(msgspec.Struct):
    """What the scheduler remembers.

    Attributes:
        frames: where the minor frames begin.
        reports: newest schedule report of each app.
        rounds: commands that wait for the answers of apps.
    """

    frames: FrameKeepingState = msgspec.field(default_factory=FrameKeepingState)
    reports: dict[str, ScheduleReport] = {}
    rounds: list[Round] = []


class Scheduler(App):
    """Keeps the schedule of the vehicle together; each process runs its own part of it."""

    state: SchedulerState

    def subscriptions(self) -> Iterable[int]:
        """The word of timekeeper and executive, as far as there are any: tones, and restarts."""
        dictionary = self.container.surroundings.dictionary
        for app in dictionary.apps_declaring(TimeCorrelation):
            yield dictionary.telemetry_of(app, TimeCorrelation).message_id
        for app in dictionary.apps_declaring(AppRestarted):
            yield TELEMETRY_MESSAGE_ID | dictionary.apid_of(app)

    def start(self) -> None:
        """Tell all processes where the frames are; when the clock has begun again they begin anew."""
        frames = self.state.frames
        if frames.line.begin_ns > self.now_ns:
            self.state.frames = FrameKeepingState(follow=frames.follow, losses=frames.losses)
        self._publish_anchor()

    def received(self, message_id: int, message: object) -> None:
        """Follow the tone; tell the frames again when an app was restarted."""
        if isinstance(message, TimeCorrelation):
            self._take_tone(message.tone_monotonic_ns)
        elif isinstance(message, AppRestarted):
            self._publish_anchor()

    # ---------------------------------------------------------------- frames

    def _take_tone(self, tone_ns: int) -> None:
        frames, clock = self.state.frames, self.container.surroundings.schedule.frames
        if not clock.major_frames or not clock.max_step_ns:
            return
        before = frames.sync
        if take_tone(frames, tone_ns, self.now_ns, clock.minor_frame_ns, clock.max_step_ns):
            self.checkpoint()  # first: what the others are told must outlive this process
            self._publish_anchor()
        if frames.sync is not before:
            self.event(FrameSyncChanged(before, frames.sync))

    def _publish_anchor(self) -> None:
        line = self.state.frames.line
        self.send(FrameAnchor(line.frame, line.begin_ns))

    @handles(FollowTone)
    def follow_tone(self, command: FollowTone) -> None:
        """Follow the tone or not."""
        frames = self.container.surroundings.schedule.frames
        if command.follow and (not frames.major_frames or not frames.max_step_ns):
            raise Refused(f"no whole number of minor frames of {frames.minor_frame_ns} ns makes up a second")
        self.state.frames.follow = command.follow

    # ---------------------------------------------------------------- all apps

    @collects(ScheduleReport)
    def hear(self, app: str, report: ScheduleReport) -> None:
        """Keep an app's newest report."""
        self.state.reports[app] = report

    @handles(SwitchGroup)
    def switch_group(self, command: SwitchGroup) -> None:
        """Switch a group in every app that has it."""
        groups: dict[str, list[str]] = {}
        for app, report in self.state.reports.items():
            for activity in report.activities:
                if activity.group and app not in groups.setdefault(activity.group, []):
                    groups[activity.group].append(app)
        if command.group not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise Refused(f"no app has a group {command.group!r}, there is {known}", FailureCode.BAD_ARGUMENT)
        self._pass_on(
            groups[command.group], EnableGroup(command.group, command.enabled), command.group, enabled=command.enabled
        )

    @handles(ReportSchedules)
    def report_schedules(self, _: ReportSchedules) -> None:
        """Have every app report."""
        if not self.state.reports:
            raise Refused("no app has reported any activity yet")
        self._pass_on(list(self.state.reports), ReportSchedule())

    def _pass_on(self, apps: list[str], command: Command, group: str = "", *, enabled: bool = False) -> None:
        if len(self.state.rounds) >= MAX_ROUNDS:
            raise Refused(f"{MAX_ROUNDS} commands wait for the answers of apps already")
        ticket, waiting = self.defer(), {}
        for app in apps:
            waiting[app] = self.container.state.sequence
            self.command(app, command)
        self.state.rounds.append(Round(ticket, self.now_ns, waiting, len(apps), [], group, enabled))

    @collects(VerificationReport)
    def take_verdict(self, app: str, report: VerificationReport) -> None:
        """Note what an app has made of a command that was passed on."""
        if not self.state.rounds or not report.stage.final:
            return
        dictionary = self.container.surroundings.dictionary
        if report.request.source != dictionary.apid_of(self.name):
            return
        asked = dictionary.app_of(report.request.apid)
        for each in tuple(self.state.rounds):
            if asked is not None and each.waiting.get(asked) == report.request.sequence:
                del each.waiting[asked]
                if report.code is not FailureCode.NONE:
                    each.failed.append(f"{asked}: {report.reason}")
                if not each.waiting:
                    self._finish(each)

    def _finish(self, done: Round) -> None:
        self.state.rounds.remove(done)
        if done.failed:
            failed = "; ".join(done.failed)
            self.fail(done.ticket, shorten(f"{len(done.failed)} of {done.asked} apps failed: {failed}"))
            return
        if done.group:
            self.event(GroupSwitchedEverywhere(done.group, done.enabled, done.asked))
        self.complete(done.ticket)

    # ---------------------------------------------------------------- time passes

    @every(seconds=1, offset=0.8)
    def give_up(self) -> None:
        """End the commands for whose answers there was no more patience."""
        for each in tuple(self.state.rounds):
            if self.now_ns - each.since_ns >= ANSWER_WITHIN_S * NS_PER_S:
                each.failed += [f"{app}: no answer within {ANSWER_WITHIN_S} s" for app in each.waiting]
                self._finish(each)

    @every(seconds=10, offset=6.9)
    def report(self) -> None:
        """Publish the status, and the frames for whoever has missed them."""
        frames = self.state.frames
        activities = [each for report in self.state.reports.values() for each in report.activities]
        self._publish_anchor()
        self.send(
            SchedulerStatus(
                sync=frames.sync,
                follow=frames.follow,
                offset_us=max(-_MAX_I32, min(frames.offset_ns // 1000, _MAX_I32)),
                corrections=frames.corrections,
                tones_used=frames.tones_used,
                losses=frames.losses,
                apps=len(self.state.reports),
                activities=min(len(activities), _MAX_U16),
                switched_off=min(sum(not each.enabled for each in activities), _MAX_U16),
                late=sum(each.late for each in activities),
                overruns=sum(each.overruns for each in activities),
                skipped=sum(each.skipped for each in activities),
            )
        )
