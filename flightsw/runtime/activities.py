"""The cyclic activities of one app: run in their slots, switched by command, counted and reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flightsw.messages.slots import ActivityReport, ScheduleReport
from flightsw.runtime.checkpoints import ActivityCount

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer

HOUSEKEEPING = "housekeeping"
"""The framework's own activity of every app; it has no switch."""
REPORT_PERIOD_NS = 60_000_000_000
"""Between two schedule reports of an app; the one that is due goes with the next housekeeping."""

_MAX_U32 = 2**32 - 1
_NS_PER_MS = 1_000_000


class Activities:
    """Runs one app's activities; what it remembers is part of the container's stored state."""

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self._groups = {activity.name: activity.group for activity in container.app_class.activities}
        self._minor_frame_ns = container.surroundings.schedule.table.minor_frame_ns
        self._last_report_ns = 0

    def restore(self) -> None:
        """Forget what belongs to activities that the app no longer has."""
        state = self._container.state
        state.disabled_activities = [name for name in state.disabled_activities if name in self._groups]
        state.disabled_groups = [name for name in state.disabled_groups if name in self._groups.values()]
        known = (*self._groups, HOUSEKEEPING)
        state.slots = {name: count for name, count in state.slots.items() if name in known}

    def enabled(self, activity: str) -> bool:
        """Whether neither an activity nor its group is switched off."""
        state = self._container.state
        return activity not in state.disabled_activities and self._groups.get(activity) not in state.disabled_groups

    def run(self, activity: str, lag_ns: int) -> ActivityCount | None:
        """Run an activity, unless it is switched off.

        Args:
            activity: its name.
            lag_ns: how long ago its slot began.

        Returns:
            Its account, for ``ended``; None when it is switched off.
        """
        container, state = self._container, self._container.state
        if (state.disabled_activities or state.disabled_groups) and not self.enabled(activity):
            return None
        count = state.slots.get(activity) or self._count(activity)
        count.started += 1
        if lag_ns >= self._minor_frame_ns:
            count.late += 1
            count.worst_lag_ns = max(count.worst_lag_ns, lag_ns)
        if activity == HOUSEKEEPING:
            self._keep_house()
        else:
            container.run_activity(activity)
        return count

    def ended(self, count: ActivityCount, lag_ns: int, length_ns: int) -> None:
        """Count an overrun: it, and all that followed from it at once, began in its minor frame and ended behind it.

        Args:
            count: its account.
            lag_ns: how long behind the begin of its slot it began.
            length_ns: how long behind the begin of its slot it ended.
        """
        if lag_ns < self._minor_frame_ns <= length_ns:
            count.overruns += 1

    def skip(self, activity: str, times: int) -> None:
        """Count slots that were too late to run."""
        if self.enabled(activity):
            self._count(activity).skipped += times

    def report(self) -> None:
        """Publish what became of the slots, unless the app has none of its own."""
        if not self._groups:
            return
        container = self._container
        schedule = container.surroundings.schedule
        minor_ns, process = self._minor_frame_ns, schedule.counters
        slots = [slot for slot in schedule.table.slots if slot.owner == container.name]
        reports = []
        for slot in slots:
            count = container.state.slots.get(slot.activity, ActivityCount())
            reports.append(
                ActivityReport(
                    activity=slot.activity,
                    group=self._groups.get(slot.activity, ""),
                    period=slot.period * minor_ns // _NS_PER_MS,
                    offset=slot.offset * minor_ns // _NS_PER_MS,
                    enabled=self.enabled(slot.activity),
                    started=count.started & _MAX_U32,
                    late=count.late & _MAX_U32,
                    overruns=count.overruns & _MAX_U32,
                    skipped=count.skipped & _MAX_U32,
                    worst_lag=min(count.worst_lag_ns // _NS_PER_MS, _MAX_U32),
                )
            )
        container.publish(
            ScheduleReport(
                process_frames=process.frames & _MAX_U32,
                process_late=process.overruns & _MAX_U32,
                process_skipped=process.skipped & _MAX_U32,
                process_worst_lag=min(process.worst_lag_frames, _MAX_U32),
                process_frame_steps=schedule.frames.steps & _MAX_U32,
                activities=tuple(reports),
            )
        )

    def _keep_house(self) -> None:
        self._container.housekeeping()
        now_ns = self._container.now_ns()
        if now_ns // REPORT_PERIOD_NS != self._last_report_ns // REPORT_PERIOD_NS:
            self._last_report_ns = now_ns
            self.report()

    def _count(self, activity: str) -> ActivityCount:
        slots = self._container.state.slots
        count = slots.get(activity)
        if count is None:
            count = slots[activity] = ActivityCount()
        return count
