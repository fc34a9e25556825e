"""The performance tracer: how long handlers run, and when.

It measures host time, with a clock that it is given, so nothing that it finds may reach what a lock-step simulation
sends: there the times are for files only.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from flightsw.clock import Clock

MAX_HANDLERS = 1024
"""Handlers of one process that are kept apart; runs of further ones are counted as lost."""
MAX_SPANS = 20_000
"""Newest runs of handlers of one process that are kept for a dump; older ones are overwritten, and counted."""
SUB_BUCKETS = 8
"""Buckets of the histogram per power of two; a percentile is right to an eighth of its value."""
MAX_BUCKETS = 64 * SUB_BUCKETS
"""Runs beyond any of 2**64 ns would share the last bucket."""


class RunTimes(msgspec.Struct):
    """How long the runs of one handler took.

    Attributes:
        count: runs.
        longest_ns: the longest.
        overruns: runs that took longer than a minor frame.
        buckets: runs by bucket, see ``bucket_of``; at most ``MAX_BUCKETS``.
    """

    count: int = 0
    longest_ns: int = 0
    overruns: int = 0
    buckets: dict[int, int] = {}

    def add(self, duration_ns: int, limit_ns: int) -> None:
        """Count a run."""
        self.count += 1
        self.longest_ns = max(self.longest_ns, duration_ns)
        self.overruns += duration_ns > limit_ns
        bucket = bucket_of(duration_ns)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def percentile_ns(self, percent: float) -> int:
        """Upper end of the bucket in which so many percent of the runs have ended, at most the longest; 0 for none."""
        wanted, seen = self.count * percent / 100, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return min(bucket_end_ns(bucket), self.longest_ns)
        return 0


def bucket_of(duration_ns: int) -> int:
    """The histogram's bucket of a duration, 0 to ``MAX_BUCKETS`` - 1: exact at first, then logarithmic."""
    if duration_ns < SUB_BUCKETS:
        return max(0, duration_ns)
    shift = duration_ns.bit_length() - SUB_BUCKETS.bit_length()
    return min(MAX_BUCKETS - 1, SUB_BUCKETS * (shift + 1) + (duration_ns >> shift) - SUB_BUCKETS)


def bucket_end_ns(bucket: int) -> int:
    """The longest duration that falls into a bucket."""
    if bucket < SUB_BUCKETS:
        return bucket
    shift, position = divmod(bucket - SUB_BUCKETS, SUB_BUCKETS)
    return ((SUB_BUCKETS + position + 1) << shift) - 1


class Span(msgspec.Struct, frozen=True):
    """One run of a handler.

    Attributes:
        app: its name.
        handler: what ran.
        begun_ns: by the tracer's clock.
        duration_ns: how long it ran.
        message: what it was called with, None for an activity.
    """

    app: str
    handler: str
    begun_ns: int
    duration_ns: int
    message: object


class Tracer:
    """Measures the handlers of the apps of one process that are traced.

    Args:
        clock: host time.
        limit_ns: run time beyond which a handler has overrun its slot: the minor frame.

    Attributes:
        active: whether any app is traced; callers ask this first, so that a tracer that is off costs nothing.
        lost: runs of handlers beyond ``MAX_HANDLERS``.
        overwritten: spans that were pushed out of the ring.
    """

    def __init__(self, clock: Clock, limit_ns: int) -> None:
        self.active = False
        self.lost = self.overwritten = 0
        self._clock = clock
        self._limit_ns = limit_ns
        self._traced: dict[str, None] = {}
        self._times: dict[tuple[str, str], RunTimes] = {}
        self._spans: deque[Span] = deque(maxlen=MAX_SPANS)

    def trace(self, app: str, *, on: bool) -> None:
        """Trace an app, its figures begin anew; or do no longer, what was found stays."""
        if on:
            self._traced[app] = None
            self._times = {key: times for key, times in self._times.items() if key[0] != app}
        else:
            self._traced.pop(app, None)
        self.active = bool(self._traced)

    def begin(self) -> int:
        """Host time at which a handler begins."""
        return self._clock.now_ns()

    def end(self, app: str, handler: str, begun_ns: int, message: object) -> None:
        """A handler has ended; nothing happens when its app is not traced."""
        if app not in self._traced:
            return
        duration_ns = self._clock.now_ns() - begun_ns
        times = self._times.get((app, handler))
        if times is None:
            if len(self._times) >= MAX_HANDLERS:
                self.lost += 1
                return
            times = self._times[app, handler] = RunTimes()
        times.add(duration_ns, self._limit_ns)
        self.overwritten += len(self._spans) == MAX_SPANS
        self._spans.append(Span(app, handler, begun_ns, duration_ns, message))

    def times(self, app: str) -> dict[str, RunTimes]:
        """Run times of an app's handlers, by name."""
        return {handler: times for (owner, handler), times in sorted(self._times.items()) if owner == app}

    def spans(self, app: str | None = None) -> list[Span]:
        """The newest runs of one app's handlers, or of all, oldest first."""
        return [span for span in self._spans if app in (None, span.app)]


def trace_events(process: str, number: int, apps: Iterable[str], spans: Iterable[Span]) -> list[dict[str, Any]]:
    """Spans in the Trace Event Format that Perfetto and chrome://tracing open: one track per app of a process.

    Args:
        process: its name.
        number: which the viewer shows for the process; different for each.
        apps: of the process, in the order of the tracks.
        spans: to show; complete events ("X"), times in microseconds.

    Source: "Trace Event Format", Google, sections Complete Events and Metadata Events.
    """
    tracks = {app: track for track, app in enumerate(apps, 1)}
    events: list[dict[str, Any]] = [_named("process_name", number, 0, process)]
    events += [_named("thread_name", number, track, app) for app, track in tracks.items()]
    events += [
        {
            "ph": "X",
            "name": span.handler,
            "cat": "activity" if span.message is None else "message",
            "pid": number,
            "tid": tracks.setdefault(span.app, len(tracks) + 1),
            "ts": span.begun_ns / 1000,
            "dur": span.duration_ns / 1000,
            "args": _arguments(span.message),
        }
        for span in spans
    ]
    return events


def trace_document(events: list[dict[str, Any]]) -> bytes:
    """Trace events as the JSON object of a file."""
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}, separators=(",", ":")).encode()


def _named(kind: str, process: int, track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": process, "tid": track, "args": {"name": name}}


def _arguments(message: object) -> dict[str, Any]:
    """What a handler was called with, as far as JSON can tell it."""
    if not isinstance(message, msgspec.Struct):
        return {}
    fields = msgspec.to_builtins(message, enc_hook=str, str_keys=True)
    return {"message": type(message).__name__} | (fields if isinstance(fields, dict) else {"value": fields})
