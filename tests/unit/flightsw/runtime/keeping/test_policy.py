from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flightsw.mission_file import AppEntry
from flightsw.mission_life import OnFailure, WhenExhausted
from flightsw.runtime.keeping.policy import FailureCounts, Response, recent_failures, respond

SECOND = 1_000_000_000

entries = st.builds(
    AppEntry,
    package=st.just("p"),
    apid=st.just(0x20),
    critical=st.booleans(),
    on_failure=st.sampled_from(OnFailure),
    max_restarts=st.integers(0, 5),
    restart_window_s=st.integers(1, 20),
    when_exhausted=st.sampled_from(WhenExhausted),
)
gaps = st.lists(st.integers(0, 10), min_size=1, max_size=40)


@given(entries, gaps, st.booleans())
def test_no_window_holds_more_restarts_than_the_policy_allows(
    entry: AppEntry,
    gaps_s: list[int],
    may_reset: bool,  # noqa: FBT001 - hypothesis gives it by name
) -> None:
    """However failures come, restarts within any window stay within the bound; what is remembered is bounded too."""
    counts, now_ns, restarted = FailureCounts(), 0, []
    for gap_s in gaps_s:
        now_ns += gap_s * SECOND
        response = respond(entry, "a", counts, now_ns, may_reset=may_reset)
        if response in {Response.RESTART_APP, Response.RESTART_GROUP}:
            restarted.append(now_ns)
        within = [at for at in restarted if now_ns - at < entry.restart_window_s * SECOND]
        assert len(within) <= entry.max_restarts
        assert len(counts.recent_ns["a"]) <= entry.max_restarts + 1
        assert (response is Response.NOTHING) == (entry.on_failure is OnFailure.IGNORE)
        assert may_reset or response is not Response.PROCESSOR_RESET


@given(entries)
def test_a_failure_after_a_quiet_window_is_the_first_again(entry: AppEntry) -> None:
    """What lies further back than the window counts no more."""
    fresh, tired = FailureCounts(), FailureCounts()
    for second in range(50):
        respond(entry, "a", tired, second * SECOND, may_reset=True)
    later_ns = (50 + entry.restart_window_s) * SECOND
    assert recent_failures(entry, "a", tired, later_ns) == 0
    assert respond(entry, "a", tired, later_ns, may_reset=True) is respond(entry, "a", fresh, 0, may_reset=True)


@given(entries)
def test_exhaustion_escalates_as_the_policy_says(entry: AppEntry) -> None:
    """A critical app's by default to a processor reset; never when no reset is allowed any more."""
    counts = FailureCounts()
    responses = [respond(entry, "a", counts, 0, may_reset=True) for _ in range(entry.max_restarts + 1)]
    last = responses[-1]
    if entry.on_failure is OnFailure.IGNORE:
        assert last is Response.NOTHING
    elif entry.on_failure is OnFailure.PROCESSOR_RESET:
        assert set(responses) == {Response.PROCESSOR_RESET}
    else:
        wants_reset = {
            WhenExhausted.PROCESSOR_RESET: True,
            WhenExhausted.GIVE_UP: False,
            WhenExhausted.BY_CRITICALITY: entry.critical,
        }[entry.when_exhausted]
        assert last is (Response.PROCESSOR_RESET if wants_reset else Response.GIVE_UP)
    assert respond(entry, "a", counts, 0, may_reset=False) in {Response.NOTHING, Response.GIVE_UP}
