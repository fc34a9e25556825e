"""Which apps may start now: each waits for those that it needs, for a bounded time. Pure.

The framework's own apps come first: every other app waits for them as well.
"""

from __future__ import annotations

from enum import IntEnum, unique

import msgspec

from flightsw.mission_file import AppEntry
from flightsw.mission_life import WithoutNeeds

NANOSECONDS = 1_000_000_000
CORE_PACKAGE = "flightsw.core."


@unique
class BootState(IntEnum):
    """How far the vehicle's start has come; the states of cFE."""

    EARLY_INIT = 0
    CORE_STARTUP = 1
    CORE_READY = 2
    APPS_INIT = 3
    OPERATIONAL = 4


@unique
class Progress(IntEnum):
    """How far one app has come since the boot."""

    ABSENT = 0
    WAITING = 1
    ADMITTED = 2
    UP = 3
    OUT = 4


class Admission(msgspec.Struct, frozen=True):
    """What becomes of an app that has waited.

    Attributes:
        app: its name.
        starts: whether it is started.
        missing: what it needs and has not come up.
    """

    app: str
    starts: bool
    missing: tuple[str, ...] = ()


class StartGate:
    """Lets the apps of a vehicle start, in mission order as far as their needs allow.

    An app that has once been up since the boot counts as up: what it gives is there again soon, and an app that is
    restarted does not wait for it.

    Args:
        apps: by name, in mission order.
    """

    def __init__(self, apps: dict[str, AppEntry]) -> None:
        self._apps = apps
        self._core = tuple(name for name, entry in apps.items() if entry.package.startswith(CORE_PACKAGE))
        self._progress = dict.fromkeys(apps, Progress.ABSENT)
        self._since_ns: dict[str, int] = {}
        self._been_up: dict[str, None] = {}

    @property
    def started(self) -> tuple[str, ...]:
        """Apps that have come up since the boot, in that order."""
        return tuple(self._been_up)

    def needs(self, app: str) -> tuple[str, ...]:
        """What an app waits for."""
        entry = self._apps[app]
        if app in self._core:
            return entry.needs
        return tuple(dict.fromkeys((*self._core, *entry.needs)))

    def wait(self, app: str, now_ns: int) -> None:
        """An app is prepared, and waits from now on."""
        self._progress[app] = Progress.WAITING
        self._since_ns[app] = now_ns

    def waiting(self, app: str) -> bool:
        """Whether an app waits."""
        return self._progress[app] is Progress.WAITING

    @property
    def busy(self) -> bool:
        """Whether an app is just being started."""
        return any(progress is Progress.ADMITTED for progress in self._progress.values())

    def up(self, app: str) -> None:
        """An app runs."""
        self._progress[app] = Progress.UP
        self._been_up[app] = None

    def out(self, app: str) -> None:
        """An app will not come up, or not without being told to; nobody waits for it any longer."""
        self._progress[app] = Progress.OUT

    def missing(self, app: str) -> tuple[str, ...]:
        """What an app needs and has not come up."""
        return tuple(need for need in self.needs(app) if need not in self._been_up)

    def admit(self, now_ns: int) -> list[Admission]:
        """The apps whose waiting is over now, in mission order."""
        admissions: list[Admission] = []
        starting: dict[str, None] = {}
        for app, entry in self._apps.items():
            if self._progress[app] is not Progress.WAITING:
                continue
            missing = self.missing(app)
            if any(need in starting for need in missing):
                continue  # what it has waited for is started at this very moment
            coming = any(self._progress[need] is not Progress.OUT for need in missing)
            if coming and now_ns - self._since_ns[app] < entry.needs_within_s * NANOSECONDS:
                continue
            stays_out = entry.without_needs is WithoutNeeds.STAY_OUT and any(need in entry.needs for need in missing)
            self._progress[app] = Progress.OUT if stays_out else Progress.ADMITTED
            starting |= {} if stays_out else {app: None}
            admissions.append(Admission(app, not stays_out, missing))
        return admissions

    def next_deadline_ns(self) -> int | None:
        """When the waiting of the first app ends at the latest; None when none waits."""
        deadlines = [
            self._since_ns[app] + entry.needs_within_s * NANOSECONDS
            for app, entry in self._apps.items()
            if self._progress[app] is Progress.WAITING
        ]
        return min(deadlines, default=None)

    def boot_state(self) -> BootState:
        """How far the vehicle's start has come."""
        settled = (Progress.UP, Progress.OUT)
        if all(progress in settled for progress in self._progress.values()):
            return BootState.OPERATIONAL
        core_settled = all(self._progress[app] in settled for app in self._core)
        mission = [progress for app, progress in self._progress.items() if app not in self._core]
        if core_settled and any(progress in (Progress.ADMITTED, *settled) for progress in mission):
            return BootState.APPS_INIT
        if core_settled and self._core:
            return BootState.CORE_READY
        begun = any(progress is not Progress.ABSENT for progress in self._progress.values())
        return BootState.CORE_STARTUP if begun else BootState.EARLY_INIT
