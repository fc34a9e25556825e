"""Told by containers what runs: writes it on the status page, and has it traced."""

from __future__ import annotations

from flightsw.clock import VirtualClock
from flightsw.runtime.keeping.status_page import StatusPage
from flightsw.services.tracer import Tracer

NOT_TRACED = -1


class ExecutionMonitor:
    """Watches the handlers of one process.

    Args:
        tracer: measures them; one that is never switched on when not given.
        page: shows what runs; none in lock-step.
        tells_host_time: whether what the tracer finds may be sent; never in lock-step, which must be repeatable.

    Attributes:
        tracer: of this process.
    """

    def __init__(
        self, tracer: Tracer | None = None, page: StatusPage | None = None, *, tells_host_time: bool = False
    ) -> None:
        self.tracer = tracer or Tracer(VirtualClock(), 0)
        self.tells_host_time = tells_host_time
        self._page = page

    def begin(self, app: str, handler: str) -> int:
        """A handler is about to run; returns what ``end`` wants to know."""
        if self._page is not None:
            self._page.enter(app, handler)
        return self.tracer.begin() if self.tracer.active else NOT_TRACED

    def end(self, app: str, handler: str, begun_ns: int, message: object = None) -> None:
        """It has returned or raised."""
        if self._page is not None:
            self._page.leave()
        if begun_ns != NOT_TRACED:
            self.tracer.end(app, handler, begun_ns, message)
