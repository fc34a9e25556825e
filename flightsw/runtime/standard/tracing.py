"""The performance tracer of one app by command."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.app import Refused
from flightsw.messages.tracing import (
    MAX_FILE_NAME,
    MAX_TRACED_NAME,
    DumpTrace,
    HandlerTimes,
    ReportHandlerTimes,
    TraceDumped,
    TraceHandlers,
)
from flightsw.services.tracer import RunTimes
from tlm_cmd.definition.message import Command

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer

MAX_REPORTED = 16
"""Handlers of which one command tells, those that took longest; the squelch lets 32 events of an app pass at once."""
_MAX_U16, _MAX_U32 = 2**16 - 1, 2**32 - 1


class TracingCommands:
    """Works on the tracer of the app's process.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            TraceHandlers: self._trace_handlers,
            ReportHandlerTimes: self._report_handler_times,
            DumpTrace: self._dump_trace,
        }

    def _trace_handlers(self, command: TraceHandlers) -> None:
        container = self._container
        container.surroundings.monitor.tracer.trace(container.name, on=command.enabled)

    def _report_handler_times(self, _: ReportHandlerTimes) -> None:
        monitor = self._container.surroundings.monitor
        times = monitor.tracer.times(self._container.name)
        if not times:
            raise Refused("no handler was measured; send TRACE_HANDLERS first")
        longest = sorted(times, key=lambda handler: -times[handler].longest_ns if monitor.tells_host_time else 0)
        for handler in longest[:MAX_REPORTED]:
            self._container.report(_event(handler, times[handler], tells_host_time=monitor.tells_host_time))

    def _dump_trace(self, _: DumpTrace) -> None:
        file = self._container.surroundings.dump_trace(self._container.name)
        if not file:
            raise Refused("this flight has no folder for traces; sil --trace-handlers writes them at its end")
        self._container.report(TraceDumped(file.encode()[:MAX_FILE_NAME].decode(errors="ignore")))


def _event(handler: str, times: RunTimes, *, tells_host_time: bool) -> HandlerTimes:
    name = handler.encode()[:MAX_TRACED_NAME].decode(errors="ignore")
    count = min(times.count, _MAX_U32)
    if not tells_host_time:
        return HandlerTimes(name, count, 0, 0, 0, 0)
    p50_us, p99_us, longest_us = (
        min(ns // 1000, _MAX_U32) for ns in (times.percentile_ns(50), times.percentile_ns(99), times.longest_ns)
    )
    return HandlerTimes(name, count, p50_us, p99_us, longest_us, min(times.overruns, _MAX_U16))
