"""The console on a lock-step flight: the ground's view, beside it the truth, at a pace that people can follow."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console

from bus_sim.truth import Truth
from flightsw.clock import HostClock
from ops_tools.console.observer import Observer
from ops_tools.console.snapshot import FlightFacts, Reading, ReadingState
from ops_tools.console.terminal import TerminalView
from ops_tools.sil.runner import NANOSECONDS, Flight

DEFAULT_PACE = 150.0
"""Vehicle seconds per second of the host on a live terminal: an orbit in less than 40 seconds."""


class FlightView:
    """Shows one flight. A context manager: leaving it gives the terminal back.

    Args:
        flight: which is shown.
        console: where.
        pace: vehicle seconds per host second at most, on a live terminal; None flies as fast as it can.
    """

    def __init__(self, flight: Flight, console: Console, pace: float | None = DEFAULT_PACE) -> None:
        self._flight = flight
        self._observer = Observer(flight.vehicle.ground, epoch_tai_ns=flight.vehicle.epoch_tai_ns)
        self._clock = HostClock.starting_now()
        self._view = TerminalView(console, self._clock)
        self._pace = HostClock(self._clock.origin_ns, pace) if pace is not None and self._view.is_live else None
        self._pause = threading.Event()

    def show(self, _flight: Flight) -> None:
        """Show the flight as it is now, if it is time to, and wait until the host's time has come as far."""
        vehicle = self._flight.vehicle
        met_s = vehicle.now_ns / NANOSECONDS
        progress = min(1.0, met_s / self._flight.duration_s)
        if self._view.due(progress):
            host_s = max(self._clock.now_ns() / NANOSECONDS, 0.001)
            facts = FlightFacts(
                met_s=met_s,
                progress=progress,
                speed=met_s / host_s,
                note=f"{self._flight.loaded.scenario.name}, seed {self._flight.seed}",
                truth=_readings(vehicle.spacecraft.truth()),
            )
            self._view.show(self._observer.snapshot(facts))
        if self._pace is not None:
            self._pause.wait(self._pace.host_seconds_until(vehicle.now_ns))

    def __enter__(self) -> Self:
        self._view.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._view.__exit__(kind, error, traceback)


def _readings(truth: Truth) -> tuple[Reading, ...]:
    """What the simulator knows, and the ground cannot."""
    return (
        Reading("latitude", f"{truth.latitude_deg:.1f}", "deg"),
        Reading("longitude", f"{truth.longitude_deg:.1f}", "deg"),
        Reading("sunlight", f"{truth.illumination:.0%}", level=truth.illumination),
        Reading("array", f"{truth.array_power_w:.1f}", "W"),
        Reading("load", f"{truth.load_power_w:.1f}", "W"),
        Reading("charge", f"{truth.battery_soc:.1%}", level=truth.battery_soc),
        Reading("compute", truth.compute_state.name.lower(), state=ReadingState.NOMINAL),
        Reading("compute power", f"{truth.compute_power_w:.1f}", "W"),
        Reading("nadir error", f"{truth.nadir_error_deg:.1f}", "deg"),
        Reading("station", truth.station or "none"),
    )
