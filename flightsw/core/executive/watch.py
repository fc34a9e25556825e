"""Strokes the watchdog as long as every critical app is healthy."""

from __future__ import annotations

import msgspec

from flightsw.core.executive.health import unhealthy_app
from flightsw.devices.errors import DeviceError
from flightsw.devices.watchdog import Watchdog
from flightsw.errors import FlightSoftwareError
from flightsw.runtime.supervision import VehicleAccount
from flightsw.runtime.surroundings import Surroundings

NANOSECONDS = 1_000_000_000
HEARD_WITHIN_S = 2.0
"""Host time; a process sends a heartbeat five times in a second."""
ADVANCED_PERIODS = 3
"""Housekeeping periods; each app has a slot in each."""


class Outcome(msgspec.Struct, frozen=True):
    """What a stroke has come to.

    Attributes:
        unhealthy: the app because of which the watchdog was not stroked; told once until all are healthy again.
        reason: what is wrong with it.
        error: why the watchdog could not be told; told once until it answers again.
    """

    unhealthy: str = ""
    reason: str = ""
    error: str = ""


class Stroker:
    """Holds the watchdog's driver.

    Args:
        app: name of the executive app.
        surroundings: of it.
        now_ns: vehicle time; what has to be heard of the apps is awaited from now on.

    Attributes:
        stroked: the watchdog was stroked the last time.
    """

    def __init__(self, app: str, surroundings: Surroundings, now_ns: int) -> None:
        self.stroked = False
        self._app = app
        self._surroundings = surroundings
        self._begun_ns = now_ns
        self._unhealthy = self._failing = self._armed = False
        pace = max(1.0, surroundings.supervision.pace)
        self._limit_s = round(surroundings.executive_limits.watchdog_s * pace)
        self._heard_within_ns = round(HEARD_WITHIN_S * pace * NANOSECONDS)
        self._watchdog = self._find()

    def stroke(self, account: VehicleAccount, now_ns: int) -> Outcome:
        """Stroke the watchdog if every critical app is healthy; the first stroke arms it."""
        surroundings = self._surroundings
        housekeeping_ns = round(surroundings.housekeeping_s * NANOSECONDS)
        advanced_within_ns = ADVANCED_PERIODS * housekeeping_ns + self._heard_within_ns
        found = unhealthy_app(account, surroundings.apps, now_ns, self._heard_within_ns, advanced_within_ns)
        told, self._unhealthy = self._unhealthy, found is not None
        self.stroked = False
        if found is not None:
            awaited = now_ns - self._begun_ns < self._heard_within_ns
            self._unhealthy = not awaited
            return Outcome() if told or awaited else Outcome(*found)
        return self._tell()

    def _tell(self) -> Outcome:
        watchdog = self._watchdog
        if watchdog is None:
            return Outcome()
        told, self._failing = self._failing, False
        try:
            if not self._armed:
                watchdog.arm(self._limit_s)
                self._armed = True
            watchdog.stroke()
        except DeviceError as error:
            self._failing = True
            return Outcome() if told else Outcome(error=str(error))
        self.stroked = True
        return Outcome()

    def _find(self) -> Watchdog | None:
        """The watchdog of the vehicle; a mission may have none."""
        try:
            return self._surroundings.device(self._app, Watchdog, None)
        except FlightSoftwareError:
            return None
