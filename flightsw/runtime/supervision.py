"""What keeps the apps alive, as the executive app sees it: the same for lock-step and for processes."""

from __future__ import annotations

from typing import Protocol

import msgspec

from flightsw.bus.ledger import Ledger


class RestartNotice(msgspec.Struct, frozen=True):
    """An app was restarted, or given up.

    Attributes:
        app: its name in the mission.
        cause: why, for people.
        exhausted: it failed too often and stays stopped.
    """

    app: str
    cause: str
    exhausted: bool = False


class VehicleAccount(msgspec.Struct, frozen=True):
    """Figures over all processes.

    Attributes:
        apps: apps running.
        processes: operating-system processes of apps.
        restarts: apps restarted since boot.
        ledger: the bus's ledger over all processes.
        slots_skipped: slots that were too late to run.
    """

    apps: int
    processes: int
    restarts: int
    ledger: Ledger
    slots_skipped: int


class Supervision(Protocol):
    """The keeper of processes and apps."""

    def request_restart(self, app: str, cause: str) -> None:
        """Restart an app as soon as no handler runs."""
        ...

    def take_notices(self) -> list[RestartNotice]:
        """Restarts since the last call, oldest first."""
        ...

    def account(self) -> VehicleAccount:
        """The latest figures."""
        ...
