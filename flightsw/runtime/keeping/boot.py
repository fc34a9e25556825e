"""One boot of the vehicle: who waits for whom, how far it has come, and what is told of it. Pure."""

from __future__ import annotations

from flightsw.mission_file import AppEntry
from flightsw.runtime.keeping.start_gate import Admission, BootState, StartGate
from flightsw.runtime.supervision import BootStateReached, NeedMissing


class Boot:
    """The start of all apps, from power-on or from a reset of the processor.

    Args:
        apps: by name, in mission order.

    Attributes:
        gate: lets the apps start.
        state: the furthest that the boot has come; a restart later on does not take it back.
    """

    def __init__(self, apps: dict[str, AppEntry]) -> None:
        self.gate = StartGate(apps)
        self.state = BootState.EARLY_INIT
        self._told = -1

    def reached(self, now_ns: int) -> list[BootStateReached]:
        """The states that the boot has come to since the last call, each once and in order."""
        self.state = max(self.state, self.gate.boot_state())
        first, self._told = self._told + 1, int(self.state)
        return [BootStateReached(BootState(number), now_ns) for number in range(first, self.state + 1)]

    def missed(self, admission: Admission) -> list[NeedMissing]:
        """What an app has waited for in vain."""
        return [NeedMissing(admission.app, need, admission.starts) for need in admission.missing]

    def waits_for(self, app: str) -> str:
        """Why an app does not run yet."""
        missing = self.gate.missing(app)
        return f"waits for {', '.join(missing)}" if missing else "has not started yet"

    def stays_out(self, admission: Admission) -> str:
        """Why an app does not run at all."""
        return f"stays out, as {', '.join(admission.missing)} did not come up in time"
