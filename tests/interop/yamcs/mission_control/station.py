"""What the tests look at."""

from __future__ import annotations

from dataclasses import dataclass

from mission_control.processes import LoggedProcess
from mission_control.rest import Rest
from mission_control.yamcs import Yamcs


@dataclass(frozen=True)
class Station:
    """Both sides, running.

    Attributes:
        yamcs: the server, which commands the spacecraft.
        ground: this project's own ground, which only listens.
        server, flight: their processes.
    """

    yamcs: Yamcs
    ground: Rest
    server: LoggedProcess
    flight: LoggedProcess
