"""Long work of the apps of one process, in real time: worker processes, watched by the process's loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flightsw.app import Work
from flightsw.runtime.supervision import WorkerFigures
from flightsw.runtime.worker_process import WorkerProcess


class ProcessWorks:
    """The workers of one process.

    Args:
        settings: what an app's workers are told, by the app's name.
    """

    def __init__(self, settings: Callable[[str], dict[str, Any]]) -> None:
        self._settings = settings
        self._workers: dict[tuple[str, str], WorkerProcess] = {}
        self._later: list[tuple[str, msgspec.Struct]] = []

    def start(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Begin a piece of work; in real time it takes as long as it takes."""
        place = (app, work.name)
        if place not in self._workers:
            self._workers[place] = WorkerProcess(work, self._settings(app))
        failure = self._workers[place].submit(request, key)
        if failure is not None:
            self._later.append((app, failure))

    def forget(self, app: str) -> None:
        """End the app's workers; what they were doing is never delivered."""
        for place in [place for place in self._workers if place[0] == app]:
            self._workers.pop(place).close()
        self._later = [(owner, result) for owner, result in self._later if owner != app]

    def workers(self, app: str) -> tuple[WorkerFigures, ...]:
        """The workers of an app."""
        return tuple(
            WorkerFigures(work, worker.pid, worker.waiting, max(0, worker.restarts))
            for (owner, work), worker in self._workers.items()
            if owner == app
        )

    def to_read(self) -> list[int]:
        """File numbers that become readable when there is something to collect."""
        return [number for worker in self._workers.values() if (number := worker.to_read()) is not None]

    def to_write(self) -> list[int]:
        """File numbers that become writable when more of a request can leave."""
        return [number for worker in self._workers.values() if (number := worker.to_write()) is not None]

    def collect(self) -> list[tuple[str, msgspec.Struct]]:
        """Results that have arrived, each with its app; workers that took too long are ended."""
        results, self._later = self._later, []
        for (app, _), worker in self._workers.items():
            results += [(app, result) for result in worker.collect()]
        return results

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()
