"""The diary: writes down what time it is, and keeps appointments."""

from __future__ import annotations

import msgspec

from flight.diary.messages import Appointment, Page
from flightsw.app import App, every
from flightsw.services.calendar import Calendar, CalendarEntry, CalendarState

ENTRIES = (CalendarEntry("tens", "every 10 s", grace_s=30, catch_up=2),)


class DiaryState(msgspec.Struct):
    """What the diary remembers."""

    pages: int = 0
    looked_utc_ns: int = 0
    calendar: CalendarState = msgspec.field(default_factory=CalendarState)


class Diary(App):
    """Writes twice a second, and looks into its calendar every second."""

    state: DiaryState

    @every(seconds=0.5, offset=0.2, group="writing")
    def write(self) -> None:
        """Write a page."""
        now_ns, time = self.now_ns, self.time
        frames = self.container.surroundings.schedule.frames
        major = frames.frame_at(now_ns) // 10 * 10
        self.state.pages += 1
        self.send(
            Page(
                count=self.state.pages,
                monotonic_ns=now_ns,
                met_ns=time.met_ns(now_ns),
                tai_ns=time.tai_ns(now_ns),
                state=time.quality.state,
                uncertainty_ns=time.uncertainty_ns(now_ns),
                major_frame_monotonic_ns=frames.begin_ns(major),
            )
        )

    @every(seconds=1, offset=0.6)
    def look(self) -> None:
        """Keep what is due."""
        state, now_utc_ns = self.state, self.time.utc_ns(self.now_ns)
        calendar = Calendar(ENTRIES, state.calendar)
        for entry, fire_ns in calendar.due(state.looked_utc_ns or now_utc_ns, now_utc_ns):
            self.send(Appointment(entry.name, fire_ns // 10**9, state.calendar.skipped))
        state.looked_utc_ns = now_utc_ns
