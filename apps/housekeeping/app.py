"""The housekeeping app: gathers every app's counters into one packet, and notices when an app falls silent."""

from __future__ import annotations

import msgspec

from apps.attitude.messages import Navigation
from apps.housekeeping.messages import AppHealth, AppHeardAgain, AppSilent, SystemStatus
from flightsw.app import App, collects, every, handles
from flightsw.messages.life import AppHousekeeping
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

NANOSECONDS = 1_000_000_000
MAX_U16 = 65_535
MAX_U32 = 2**32 - 1
SILENT_PERIODS = 3


class LastReport(msgspec.Struct):
    """The newest packet of one app, and when it came."""

    packet: AppHousekeeping
    at_ns: int


class HousekeepingState(msgspec.Struct):
    """What was heard of the apps.

    Attributes:
        reports: newest packet by app.
        silent: apps reported as silent.
        listening_since_ns: when this app last started; who was silent before cannot be told.
        time_tai_ns: newest TAI known from navigation, 0 before the first.
        time_at_ns: when it was right.
    """

    reports: dict[str, LastReport] = {}
    silent: list[str] = []
    listening_since_ns: int = 0
    time_tai_ns: int = 0
    time_at_ns: int = 0


class Housekeeping(App):
    """Publishes the vehicle at a glance every ten seconds."""

    state: HousekeepingState

    def start(self) -> None:
        """Learn who is to be heard of."""
        dictionary = self.container.surroundings.dictionary
        self._apps = {app.name: app.apid for app in dictionary.apps}
        self._dictionary_hash = bytes.fromhex(dictionary.content_hash)[:8]
        self.state.listening_since_ns = self.now_ns
        if self.now_ns < self.state.time_at_ns:  # the clock has started again
            self.state.time_tai_ns = 0

    @collects(AppHousekeeping)
    def hear(self, app: str, packet: AppHousekeeping) -> None:
        """Keep an app's newest counters."""
        self.state.reports[app] = LastReport(packet, self.now_ns)
        if app in self.state.silent:
            self.state.silent.remove(app)
            self.event(AppHeardAgain(app))

    @handles(Navigation)
    def take_time(self, navigation: Navigation) -> None:
        """Keep the newest time."""
        if navigation.valid:
            self.state.time_tai_ns, self.state.time_at_ns = navigation.time_tai_ns, self.now_ns

    @every(seconds=10, offset=9)
    def report(self) -> None:
        """Publish the summary, and notice who has fallen silent."""
        longest_s = SILENT_PERIODS * int(AppHousekeeping.period_s or 1)
        health = []
        accepted = failed = errors = events = silent = 0
        for name, apid in self._apps.items():
            silent_s = self._silent_s(name)
            if silent_s > longest_s:
                silent += 1
                self._report_silence(name, silent_s)
            heard = self.state.reports.get(name)
            if heard is None:
                continue
            packet = heard.packet
            accepted, failed = accepted + packet.accepted, failed + packet.failed
            errors, events = errors + packet.errors, events + packet.events
            health.append(
                AppHealth(apid, min(packet.errors, MAX_U16), packet.restarts, min(packet.failed, MAX_U16), silent_s)
            )
        self.send(
            SystemStatus(
                dictionary=self._dictionary_hash,
                utc_s=self._utc_s(),
                accepted=min(accepted, MAX_U32),
                failed=min(failed, MAX_U32),
                errors=min(errors, MAX_U32),
                events=min(events, MAX_U32),
                silent_apps=silent,
                apps=tuple(health),
            )
        )

    def _silent_s(self, app: str) -> int:
        """For how long nothing was heard of an app, as far as this app was there to hear it."""
        since_ns = self.state.listening_since_ns
        heard = self.state.reports.get(app)
        if heard is not None and heard.at_ns <= self.now_ns:
            since_ns = max(since_ns, heard.at_ns)
        return min((self.now_ns - since_ns) // NANOSECONDS, MAX_U16)

    def _report_silence(self, app: str, seconds: int) -> None:
        if app not in self.state.silent:
            self.state.silent.append(app)
            self.event(AppSilent(app, seconds))

    def _utc_s(self) -> int:
        state = self.state
        if state.time_tai_ns == 0:
            return 0
        tai_ns = state.time_tai_ns + self.now_ns - state.time_at_ns
        try:
            return LEAP_SECONDS.tai_to_utc(tai_ns) // NANOSECONDS
        except FieldRangeError:  # the receiver's time is absurd
            return 0
