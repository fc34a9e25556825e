"""The timekeeping app: the vehicle's one authority on MET, TAI and UTC."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flightsw.app import Table, every, handles
from flightsw.core.executive.messages import AppRestarted
from flightsw.core.timekeeping.commands import TimeCommands
from flightsw.core.timekeeping.keeper import Keeper
from flightsw.core.timekeeping.messages import ReportTime
from flightsw.core.timekeeping.reports import time_status
from flightsw.core.timekeeping.state import TimekeepingState
from flightsw.core.timekeeping.tables import ClockSettings, check_settings
from flightsw.devices.errors import DeviceError
from flightsw.devices.tone_capture import ToneCapture
from flightsw.errors import FlightSoftwareError
from flightsw.services.correlation import NS_PER_S
from flightsw.services.time_quality import ClockSource
from tlm_cmd.definition.dictionary import TELEMETRY_MESSAGE_ID

REPEAT_AFTER_NS = 9 * NS_PER_S
"""A correlation this old is published again with the status, for whoever has missed it."""
POLL_EVERY_S = 4
"""Between two readings of the capture unit while TAI is on the tone; else it is read each second."""


class Timekeeping(TimeCommands):
    """Keeps TAI on its source, takes the ground's corrections, and tells every process."""

    clock = Table(ClockSettings, file="clock.toml", check=check_settings)
    state: TimekeepingState

    def subscriptions(self) -> Iterable[int]:
        """The executive's word on restarts, if there is one: a restarted process has to be told the time."""
        dictionary = self.container.surroundings.dictionary
        return [TELEMETRY_MESSAGE_ID | dictionary.apid_of(app) for app in dictionary.apps_declaring(AppRestarted)]

    def start(self) -> None:
        """Go on with the time that this app or its process remembers, and tell everybody."""
        state = self.state
        self.keeper = Keeper(state.keeper, self.clock, self.event)
        self.no_capture = ""
        try:
            self.capture = self.device(ToneCapture)
        except FlightSoftwareError as error:
            self.capture, self.no_capture = None, str(error)
        if not state.begun:
            state.begun = True
            state.keeper.correlation = self.time.correlation
            source = self.clock.source if self.capture else ClockSource.INTERNAL
            state.keeper.quality = msgspec.structs.replace(state.keeper.quality, source=source)
        elif self.now_ns < state.keeper.seen_ns:
            self.keeper.resume(self.now_ns)
        state.keeper.seen_ns = self.now_ns
        self.publish()

    def received(self, message_id: int, message: object) -> None:
        """Tell the time again when an app was restarted."""
        if isinstance(message, AppRestarted):
            self.publish()

    # ---------------------------------------------------------------- time passes

    @every(seconds=1, offset=0.7)
    def keep(self) -> None:
        """Read the tones, follow them, and notice their absence."""
        keeper, now_ns = self.keeper, self.now_ns
        keeper.settings = self.clock
        if not keeper.follows_tone or now_ns // NS_PER_S % POLL_EVERY_S == 0:
            self._read_tones()
        keeper.pass_time(now_ns)
        if keeper.changed:
            self.checkpoint()  # first: what the others are told must outlive this process
            self.publish()

    def _read_tones(self) -> None:
        state = self.state
        if self.capture is None:
            return
        try:
            captured = self.capture.tones(state.last_tone)
            if captured.newest < state.last_tone:  # the unit was switched off and on, and counts from 1 again
                state.last_tone = 0
                captured = self.capture.tones()
        except DeviceError:
            state.device_failures += 1
            return
        leap_seconds = self.leap_seconds()
        for tone in captured.tones:
            if state.last_tone:
                state.missed += tone.number - state.last_tone - 1
            state.last_tone = tone.number
            self.keeper.hear(tone, leap_seconds)

    @every(seconds=10, offset=6.8)
    def report(self) -> None:
        """Publish the status, and the correlation for whoever has missed it."""
        if self.now_ns - self.published_ns > REPEAT_AFTER_NS:
            self.publish()
        self.send(time_status(self.state, self.now_ns))

    @handles(ReportTime)
    def report_time(self, _: ReportTime) -> None:
        """Send the status now."""
        self.send(time_status(self.state, self.now_ns))
