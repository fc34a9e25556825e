from __future__ import annotations

import json
import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flightsw.clock import VirtualClock
from flightsw.services import tracer as tracer_module
from flightsw.services.tracer import (
    MAX_BUCKETS,
    RunTimes,
    Tracer,
    bucket_end_ns,
    bucket_of,
    trace_document,
    trace_events,
)

durations = st.integers(0, 10**12)


class Poke(msgspec.Struct):
    """A message."""

    value: int
    data: bytes = b"\0\1"


@given(durations)
def test_a_bucket_holds_its_durations(duration_ns: int) -> None:
    """A duration is no longer than the end of its bucket, longer than that of the one before, and near to it."""
    bucket = bucket_of(duration_ns)
    assert 0 <= bucket < MAX_BUCKETS
    assert duration_ns <= bucket_end_ns(bucket) <= duration_ns * 9 / 8 + 1
    assert bucket == 0 or bucket_end_ns(bucket - 1) < duration_ns


@given(st.lists(durations, min_size=1, max_size=200), st.sampled_from((50, 99)))
def test_percentiles_are_right_to_an_eighth(runs_ns: list[int], percent: int) -> None:
    """At least so many percent of the runs are no longer, and the true one is at most an eighth below."""
    times = RunTimes()
    for run_ns in runs_ns:
        times.add(run_ns, 10**9)
    true_ns = sorted(runs_ns)[math.ceil(len(runs_ns) * percent / 100) - 1]
    assert true_ns <= times.percentile_ns(percent) <= min(max(runs_ns), true_ns * 9 / 8 + 1)
    assert (times.count, times.longest_ns) == (len(runs_ns), max(runs_ns))
    assert times.overruns == sum(run_ns > 10**9 for run_ns in runs_ns)


def test_nothing_is_measured_unless_it_is_asked_for() -> None:
    """Only traced apps are; tracing anew forgets the old figures, tracing no longer keeps them."""
    clock = VirtualClock(100)
    tracer = Tracer(clock, 1000)
    assert not tracer.active
    tracer.trace("a", on=True)
    for app in ("a", "b"):
        begun_ns = tracer.begin()
        clock.advance_to(clock.now_ns() + 50)
        tracer.end(app, "tick", begun_ns, None)
    assert {handler: times.count for handler, times in tracer.times("a").items()} == {"tick": 1}
    assert tracer.times("b") == {}
    tracer.trace("a", on=False)
    assert not tracer.active
    assert tracer.times("a")["tick"].longest_ns == 50
    tracer.trace("a", on=True)
    assert tracer.times("a") == {}


def test_the_memory_is_bounded() -> None:
    """Of more spans the oldest are overwritten, of more handlers the runs are lost; both are counted."""
    tracer = Tracer(VirtualClock(), 1000)
    tracer.trace("a", on=True)
    for number in range(tracer_module.MAX_SPANS + 5):
        tracer.end("a", "tick", 0, None)
        if number < tracer_module.MAX_HANDLERS + 3:
            tracer.end("a", f"h{number}", 0, None)
    assert len(tracer.spans("a")) == tracer_module.MAX_SPANS
    assert tracer.overwritten > 0
    assert tracer.lost == 4
    assert len(tracer.times("a")) == tracer_module.MAX_HANDLERS


def test_the_dump_is_trace_event_json() -> None:
    """One named track per process and app, complete events in microseconds, arguments of messages."""
    clock = VirtualClock(2_000)
    tracer = Tracer(clock, 1000)
    tracer.trace("sink", on=True)
    begun_ns = tracer.begin()
    clock.advance_to(5_500)
    tracer.end("sink", "Poke", begun_ns, Poke(7))
    tracer.end("sink", "tick", clock.now_ns(), None)
    document = json.loads(trace_document(trace_events("alpha", 3, ("source", "sink"), tracer.spans())))
    events = document["traceEvents"]
    named = {(event["name"], event["tid"]): event["args"]["name"] for event in events if event["ph"] == "M"}
    assert named == {("process_name", 0): "alpha", ("thread_name", 1): "source", ("thread_name", 2): "sink"}
    poke, tick = [event for event in events if event["ph"] == "X"]
    assert (poke["name"], poke["pid"], poke["tid"], poke["ts"], poke["dur"]) == ("Poke", 3, 2, 2.0, 3.5)
    assert poke["args"] == {"message": "Poke", "value": 7, "data": "AAE="}
    assert (tick["cat"], tick["args"]) == ("activity", {})
