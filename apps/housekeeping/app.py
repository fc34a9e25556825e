"""The housekeeping app: gathers every app's counters into one packet, and notices when an app falls silent."""

from __future__ import annotations

import msgspec

from apps.attitude.messages import Navigation
from apps.housekeeping.messages import AppHealth, AppSilent, SystemStatus
from flightsw.app import App, collects, every, handles
from flightsw.messages import AppHousekeeping
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

NANOSECONDS = 1_000_000_000
MAX_U16 = 65_535
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
        time_tai_ns: newest TAI known from navigation.
    """

    reports: dict[str, LastReport] = {}
    silent: list[str] = []
    time_tai_ns: int = 0


class Housekeeping(App):
    """Publishes the vehicle at a glance every ten seconds."""

    state: HousekeepingState

    def start(self) -> None:
        """Learn who is to be heard of."""
        dictionary = self.container.surroundings.dictionary
        self._apps = {app.name: app.apid for app in dictionary.apps}
        self._dictionary_hash = bytes.fromhex(dictionary.content_hash)[:8]

    @collects(AppHousekeeping)
    def hear(self, app: str, packet: AppHousekeeping) -> None:
        """Keep an app's newest counters."""
        self.state.reports[app] = LastReport(packet, self.now_ns)
        if app in self.state.silent:
            self.state.silent.remove(app)

    @handles(Navigation)
    def take_time(self, navigation: Navigation) -> None:
        """Keep the newest time."""
        self.state.time_tai_ns = navigation.time_tai_ns

    @every(seconds=10, offset=9)
    def report(self) -> None:
        """Publish the summary."""
        reports = self.state.reports
        longest = SILENT_PERIODS * int(AppHousekeeping.period_s or 1)
        health = []
        accepted = failed = errors = events = silent = 0
        for name, apid in self._apps.items():
            heard = reports.get(name)
            silent_s = min((self.now_ns - (heard.at_ns if heard else 0)) // NANOSECONDS, MAX_U16)
            if silent_s > longest:
                silent += 1
                self._report_silence(name, silent_s)
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
                utc_s=max(0, self._utc_s()),
                accepted=accepted,
                failed=failed,
                errors=errors,
                events=events,
                silent_apps=silent,
                apps=tuple(health),
            )
        )

    def _report_silence(self, app: str, seconds: int) -> None:
        if app not in self.state.silent:
            self.state.silent.append(app)
            self.event(AppSilent(app, seconds))

    def _utc_s(self) -> int:
        return LEAP_SECONDS.tai_to_utc(self.state.time_tai_ns) // NANOSECONDS if self.state.time_tai_ns else 0
