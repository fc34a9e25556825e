"""How long an app's handlers run: the performance tracer, by command to the app."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U16, U32, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity

MAX_TRACED_NAME = 48
MAX_FILE_NAME = 80


class TraceHandlers(Command, code=104):
    """Measure how long the app's handlers run, with figures that begin anew; or do so no longer."""

    enabled: bool


class ReportHandlerTimes(Command, code=105):
    """Report the measured times, an event for each of the handlers that took longest."""


class DumpTrace(Command, code=106):
    """Write the newest measured runs into a file that Perfetto and chrome://tracing open."""


class HandlerTimes(
    Event,
    code=23,
    severity=Severity.INFO,
    text="{handler}: {count} runs, p50 {p50_us} us, p99 {p99_us} us, longest {longest_us} us, {overruns} overruns",
):
    """Run times of one handler in host time; all 0 in lock-step, where host time must not show."""

    handler: Annotated[str, UpTo(MAX_TRACED_NAME)]
    count: Annotated[int, U32]
    p50_us: Annotated[int, U32, Unit("us")]
    p99_us: Annotated[int, U32, Unit("us")]
    longest_us: Annotated[int, U32, Unit("us")]
    overruns: Annotated[int, U16, "runs longer than a minor frame"]


class TraceDumped(Event, code=24, severity=Severity.INFO, text="trace written to {file}"):
    """The trace is in a file of the run folder."""

    file: Annotated[str, UpTo(MAX_FILE_NAME)]
