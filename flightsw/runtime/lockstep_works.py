"""Long work in virtual time: done at once in worker processes, delivered when the app's estimate says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flightsw.app import Work
from flightsw.clock import Clock
from flightsw.runtime.event_queue import WORK_PRIORITY, EventQueue
from flightsw.runtime.supervision import WorkerFigures
from flightsw.runtime.worker_process import WorkerProcess


class _Line:
    """The pieces of one work of one incarnation of an app, in the order in which they were started."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.worker = worker
        self.started = 0
        self._finished = 0
        self._results: dict[int, msgspec.Struct] = {}

    def result(self, number: int) -> msgspec.Struct:
        """The result of piece ``number``; waits for it and for those before it."""
        while number not in self._results:
            for result in self.worker.await_results():
                self._results[self._finished] = result
                self._finished += 1
        return self._results.pop(number)


class LockstepWorks:
    """The workers of all apps.

    Args:
        clock: virtual time.
        queue: where deliveries are scheduled.
        settings: what an app's workers are told, by the app's name.
        deliver: brings a result to its app.
    """

    def __init__(
        self,
        clock: Clock,
        queue: EventQueue,
        settings: Callable[[str], dict[str, Any]],
        deliver: Callable[[str, msgspec.Struct], None],
    ) -> None:
        self._clock = clock
        self._queue = queue
        self._settings = settings
        self._deliver = deliver
        self._lines: dict[tuple[str, str], _Line] = {}

    def start(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Begin a piece of work; its result is due ``takes_ns`` from now."""
        place = (app, work.name)
        line = self._lines.get(place)
        if line is None:
            line = self._lines[place] = _Line(WorkerProcess(work, self._settings(app)))
        failure = line.worker.submit(request, key)
        number = line.started
        line.started += failure is None

        def deliver() -> None:
            if self._lines.get(place) is line:  # else the app was restarted meanwhile and knows nothing of it
                self._deliver(app, line.result(number) if failure is None else failure)

        self._queue.add(self._clock.now_ns() + takes_ns, WORK_PRIORITY, app, deliver)

    def forget(self, app: str) -> None:
        """End the app's workers; what they were doing is never delivered."""
        for place in [place for place in self._lines if place[0] == app]:
            self._lines.pop(place).worker.close()

    def workers(self, app: str) -> tuple[WorkerFigures, ...]:
        """The workers of an app; their process ids are the host's, and not told."""
        return tuple(
            WorkerFigures(name, 0, line.worker.waiting, max(0, line.worker.restarts))
            for (owner, name), line in self._lines.items()
            if owner == app
        )

    def close(self) -> None:
        """End all workers."""
        for line in self._lines.values():
            line.worker.close()
        self._lines.clear()
