"""Event services: commands to the events of all apps, reads their logs, counts their events."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flightsw.app import App, Refused, collects, every, handles
from flightsw.core.event_services.dump import Dump, page, part_of
from flightsw.core.event_services.file import log_lines
from flightsw.core.event_services.messages import (
    LOG_FILE,
    ControlLogsEverywhere,
    DumpLog,
    EnableEventsEverywhere,
    LogDamaged,
    LogDumped,
    LogPage,
    LogUnreadable,
    LogWritten,
    ResetFiltersEverywhere,
    SetSquelchEverywhere,
    WriteLog,
)
from flightsw.core.event_services.rounds import Round
from flightsw.core.event_services.tally import Tally, status_of
from flightsw.messages.events import ALL_FILTERS, ControlEventLog, EnableEvents, ResetEventFilter, SetEventSquelch
from flightsw.messages.life import AppHousekeeping
from flightsw.services.event_log import LogContent, read_event_log
from flightsw.services.events import MAX_COUNT
from tlm_cmd.definition.dictionary import TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.message import Command, Event
from tlm_cmd.packets.verification import FailureCode, VerificationReport, shorten

NANOSECONDS = 1_000_000_000
MAX_ROUNDS = 8
"""Commands to all apps that may be under way at once."""
ANSWER_WITHIN_NS = 10 * NANOSECONDS
"""How long an app may take for its verdict; a process that died is back long before."""
PAGES_PER_SECOND = 8
"""Packets of a dump: what a slow link carries beside everything else."""
_MAX_U16 = 2**16 - 1


class EventServicesState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        rounds: commands to all apps that are under way.
        dump: the dump that goes on.
        tallies: events by app.
        damaged: log entries that were found damaged; saturates.
    """

    rounds: list[Round] = []
    dump: Dump | None = None
    tallies: dict[str, Tally] = {}
    damaged: int = 0


class EventServices(App):
    """Does for all apps at once what each app's own commands do for one, and makes their logs readable."""

    state: EventServicesState

    def subscriptions(self) -> Iterable[int]:
        """The events of every app."""
        return (TELEMETRY_MESSAGE_ID | app.apid for app in self.container.surroundings.dictionary.apps)

    def start(self) -> None:
        """Learn the apps, and see whether their logs are whole."""
        dictionary = self.container.surroundings.dictionary
        self._apps = {app.name: app.apid for app in dictionary.apps}
        self._apid = dictionary.apid_of(self.name)
        self._names = {TELEMETRY_MESSAGE_ID | apid: name for name, apid in self._apps.items()}
        for each in self.state.rounds:  # the monotonic clock may have started again
            each.deadline_ns = min(each.deadline_ns, self.now_ns + ANSWER_WITHIN_NS)
        for app in self._apps:
            self._inspect(app)

    # ---------------------------------------------------------------- all apps at once

    @handles(EnableEventsEverywhere)
    def enable_events(self, command: EnableEventsEverywhere) -> None:
        """Switch events of every app."""
        self._tell_all(EnableEvents(command.events, command.enabled))

    @handles(ResetFiltersEverywhere)
    def reset_filters(self, _: ResetFiltersEverywhere) -> None:
        """Reset the filters of every app."""
        self._tell_all(ResetEventFilter(ALL_FILTERS))

    @handles(SetSquelchEverywhere)
    def set_squelch(self, command: SetSquelchEverywhere) -> None:
        """Set the squelch of every app."""
        self._tell_all(SetEventSquelch(command.burst, command.events_per_second))

    @handles(ControlLogsEverywhere)
    def control_logs(self, command: ControlLogsEverywhere) -> None:
        """Control the log of every app."""
        self._tell_all(ControlEventLog(command.action))

    def _tell_all(self, command: Command) -> None:
        if len(self.state.rounds) >= MAX_ROUNDS:
            raise Refused(f"{MAX_ROUNDS} commands to all apps are under way already")
        started = Round(self.defer(), self.now_ns + ANSWER_WITHIN_NS)
        self.state.rounds.append(started)
        for app in self._apps:
            started.waiting[app] = self.command(app, command)

    @collects(VerificationReport)
    def take_report(self, _: str, report: VerificationReport) -> None:
        """Note the verdicts on commands that this app has sent."""
        if report.request.source != self._apid:
            return
        for each in tuple(self.state.rounds):
            if each.take(report):
                self._settle(each)
                self.checkpoint()

    def _settle(self, each: Round) -> None:
        if not each.is_over(self.now_ns):
            return
        self.state.rounds.remove(each)
        failure = each.failure()
        if failure is None:
            self.complete(each.ticket)
        else:
            self.fail(each.ticket, shorten(failure[1]), failure[0])

    # ---------------------------------------------------------------- logs

    @handles(DumpLog)
    def dump_log(self, command: DumpLog) -> None:
        """Begin to send logs; the command completes behind the last packet."""
        if self.state.dump is not None:
            raise Refused("a dump goes on already")
        apps = self._chosen(command.app)
        dump = Dump(self.defer(), command.lowest)
        for app in apps:
            content = self._inspect(app)
            if content is None:
                dump.unreadable.append(app)
            elif content.entries:
                dump.parts.append(part_of(app, content.entries, command.newest))
        self.state.dump = dump

    @handles(WriteLog)
    def write_log(self, command: WriteLog) -> None:
        """Write logs into the file on board."""
        logs, unreadable = {}, []
        for app in self._chosen(command.app):
            content = self._inspect(app)
            if content is None:
                unreadable.append(app)
            else:
                entries = content.entries[-command.newest :] if command.newest else content.entries
                logs[app] = [each for each in entries if each[1].severity >= command.lowest]
        surroundings = self.container.surroundings
        lines = log_lines(surroundings.dictionary, logs)
        try:
            surroundings.retained.write_file(LOG_FILE, b"".join(lines))
        except OSError as error:
            raise Refused(f"{LOG_FILE} not written: {error}", FailureCode.DEVICE_FAILED) from error
        self.event(LogWritten(len(lines), LOG_FILE))
        if unreadable:
            raise Refused(f"no log could be read of {', '.join(unreadable)}", FailureCode.DEVICE_FAILED)

    def _chosen(self, app: str) -> tuple[str, ...]:
        if app and app not in self._apps:
            raise Refused(f"no app {app!r}, there is {', '.join(self._apps)}", FailureCode.BAD_ARGUMENT)
        return (app,) if app else tuple(self._apps)

    def _inspect(self, app: str) -> LogContent | None:
        """The whole log of an app, with a report of its damage; None when it gives nothing."""
        content = self._read(app)
        if content is not None and content.damaged:
            self.state.damaged = min(self.state.damaged + content.damaged, MAX_COUNT)
            self.event(LogDamaged(app, min(content.damaged, _MAX_U16)))
        return content

    def _read(self, app: str, since: int = 0) -> LogContent | None:
        """The entries of an app's log behind one of them; None when it gives nothing."""
        try:
            return read_event_log(self.container.surroundings.retained, app, since)
        except OSError as error:
            self.event(LogUnreadable(app, shorten(str(error))))
            return None

    @every(seconds=1, offset=0.6)
    def go_on(self) -> None:
        """Send some packets of a dump, and give up on apps that do not answer."""
        for each in tuple(self.state.rounds):
            self._settle(each)
        for _ in range(PAGES_PER_SECOND):
            if self.state.dump is not None:
                self._send_page(self.state.dump)
                self.checkpoint()

    def _send_page(self, dump: Dump) -> None:
        while dump.parts:
            part = dump.parts[0]
            content = self._read(part.app, part.since)
            if content is None:
                dump.unreadable.append(part.app)
            lines = page(part, content.entries if content else (), dump.lowest)
            if content is None or part.since >= part.until:
                dump.parts.pop(0)
            if lines:
                self.send(LogPage(part.app, lines))
                dump.entries, dump.pages = dump.entries + len(lines), dump.pages + 1
                return
        self.state.dump = None
        self.event(LogDumped(dump.entries, dump.pages))
        if dump.unreadable:
            reason = f"no log could be read of {', '.join(dump.unreadable)}"
            self.fail(dump.ticket, shorten(reason), FailureCode.DEVICE_FAILED)
        else:
            self.complete(dump.ticket)

    # ---------------------------------------------------------------- counting

    def received(self, message_id: int, message: object) -> None:
        """Count an event."""
        if isinstance(message, Event):
            self._tally(self._names[message_id]).hear(message.severity)

    @collects(AppHousekeeping)
    def take_housekeeping(self, app: str, packet: AppHousekeeping) -> None:
        """Keep an app's own counts."""
        self._tally(app).take(packet)

    def _tally(self, app: str) -> Tally:
        return self.state.tallies.setdefault(app, Tally())

    @every(seconds=60, offset=9.3)
    def report(self) -> None:
        """Publish the counts."""
        self.send(status_of(self.state.tallies, self._apps, self.state.damaged))
