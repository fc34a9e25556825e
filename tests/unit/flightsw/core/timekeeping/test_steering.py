from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.core.timekeeping.steering import SteeringState, measured_rate, steer
from flightsw.services.correlation import MAX_RATE_NS_PER_S, NS_PER_S, Correlation

MODEST = settings(max_examples=60, deadline=None)


def test_nothing_is_corrected_before_enough_tones() -> None:
    """The loop waits for its tones, then corrects by half the mean error and begins anew."""
    state = SteeringState(begun_ns=0)
    assert [steer(state, at * NS_PER_S, 1000, 4) for at in (1, 2, 3)] == [None, None, None]
    assert state.worst_ns == 1000
    assert steer(state, 4 * NS_PER_S, 1000, 4) == 31 + 125
    assert state == SteeringState(oscillator_ns_per_s=31, begun_ns=4 * NS_PER_S)


def test_rates_are_bounded() -> None:
    """However far off the tones are, the rate stays within what a correlation allows."""
    state = SteeringState()
    assert steer(state, 2 * NS_PER_S, 10**12, 1) == MAX_RATE_NS_PER_S
    assert steer(state, 4 * NS_PER_S, -(10**12), 1) == -MAX_RATE_NS_PER_S
    assert measured_rate(0, NS_PER_S + NS_PER_S // 3) == -MAX_RATE_NS_PER_S


@MODEST
@given(st.integers(-MAX_RATE_NS_PER_S, MAX_RATE_NS_PER_S), st.integers(1, 100))
def test_two_tones_measure_the_oscillator(rate: int, seconds: int) -> None:
    """An oscillator that loses ``rate`` in a second counts that much less between tones."""
    assert measured_rate(12_345, 12_345 + seconds * (NS_PER_S - rate)) == rate


@MODEST
@given(
    rate=st.integers(-50_000, 50_000),
    begin_ns=st.integers(-1_000_000, 1_000_000),
    jitter_ns=st.integers(0, 200),
    seed=st.integers(0, 2**32),
)
def test_the_loop_settles_on_the_tone(rate: int, begin_ns: int, jitter_ns: int, seed: int) -> None:
    """From any start within the window TAI comes to the tone to within its jitter, and the oscillator is known."""
    random = Random(seed)
    state, time = SteeringState(), Correlation(stcf_ns=10**18 + begin_ns)
    errors = []
    for second in range(1, 601):
        tone_ns = second * (NS_PER_S - rate)
        true_tai_ns = 10**18 + second * NS_PER_S
        heard_ns = tone_ns + random.randint(-jitter_ns, jitter_ns)
        new_rate = steer(state, heard_ns, true_tai_ns - time.tai_ns(heard_ns), 10)
        if new_rate is not None:
            time = time.with_rate(heard_ns, new_rate)
        errors.append(true_tai_ns - time.tai_ns(tone_ns))
    assert max(map(abs, errors[-300:])) <= 2 * jitter_ns + 200
    assert abs(state.oscillator_ns_per_s - rate) <= jitter_ns // 4 + 20
