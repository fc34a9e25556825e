import random
from itertools import pairwise

import pytest

from bus_sim.equipment.tone_unit import KEPT_TONES, Tone, ToneParameters, ToneUnit

NS_PER_S = 1_000_000_000
START_TAI_NS = 2_157_504_000 * NS_PER_S
EXACT = ToneParameters(
    oscillator_ppb=0.0,
    oscillator_walk_ppb=0.0,
    initial_offset_ms=0.0,
    jitter_ns=0.0,
    message_delay_ms=100.0,
    message_jitter_ms=0.0,
)


def unit(start_tai_ns: int = START_TAI_NS, seed: int = 1, **changed: float) -> ToneUnit:
    """A unit; by default everything about it is exact."""
    values = {name: getattr(EXACT, name) for name in ToneParameters.__struct_fields__} | changed
    return ToneUnit(ToneParameters(**values), start_tai_ns, random.Random(seed))


def fly(tested: ToneUnit, seconds: int, *, begin: int = 0, receiver_valid: bool = True) -> tuple[Tone, ...]:
    """Step second by second; returns the tones kept."""
    for second in range(begin, begin + seconds):
        tested.sample((second + 1) * NS_PER_S, 1.0, receiver_valid=receiver_valid)
    return tested.tones_after(0)


def test_each_second_has_its_tone() -> None:
    """Numbered from 1, at the second by the processor's clock, with a message behind it that names the second."""
    tones = fly(unit(), 3)
    assert tones == tuple(
        Tone(number, (number - 1) * NS_PER_S, (number - 1) * NS_PER_S + 10**8, 2_157_504_000 + number - 1, valid=True)
        for number in (1, 2, 3)
    )


def test_a_scenario_may_begin_within_a_second() -> None:
    """The first tone is that of the next whole second of TAI."""
    tones = fly(unit(START_TAI_NS + NS_PER_S // 4), 2)
    assert [(each.tone_ns, each.tai_s) for each in tones] == [(3 * NS_PER_S // 4, 2_157_504_001)]


@pytest.mark.parametrize("ppb", [500.0, -500.0])
def test_a_drifting_oscillator_moves_the_tones(ppb: float) -> None:
    """A clock that runs 500e-9 too fast reads 500 ns more at each tone than at the one before."""
    tested = unit(oscillator_ppb=ppb, initial_offset_ms=20.0)
    fly(tested, 300)
    tones = tested.tones_after(0)
    assert len(tones) == KEPT_TONES
    gaps = [later.tone_ns - earlier.tone_ns for earlier, later in pairwise(tones)]
    assert all(abs(gap - NS_PER_S - ppb) <= 1 for gap in gaps)
    second = tones[-1].tai_s - 2_157_504_000
    assert abs(tones[-1].tone_ns - (second * NS_PER_S + 20_000_000 + ppb * second)) <= 2 + abs(ppb)


def test_no_tone_lies_in_the_future() -> None:
    """Whatever the offset, a tone and its message are there only when both have come by the processor's clock."""
    for offset_ms in (-500.0, -3.0, 0.0, 3.0, 499.0):
        tested = unit(initial_offset_ms=offset_ms)
        for second in range(20):
            now_ns = second * NS_PER_S
            tested.sample(now_ns, 1.0, receiver_valid=True)
            assert all(0 <= each.tone_ns <= each.message_ns <= now_ns for each in tested.tones_after(0))


def test_without_a_fix_there_is_no_tone() -> None:
    """The receiver gives tones only while it knows the time; numbers go on behind the gap, seconds do not."""
    tested = unit()
    fly(tested, 3)
    fly(tested, 10, begin=3, receiver_valid=False)
    tones = fly(tested, 2, begin=13)
    assert [(each.number, each.tai_s - 2_157_504_000) for each in tones] == [(1, 0), (2, 1), (3, 2), (4, 13), (5, 14)]


def test_faults_show_at_the_tones() -> None:
    """Silent, late, mute and wrong: each fault is what the capture unit sees."""
    tested = unit()
    tested.state.silent = True
    assert fly(tested, 3) == ()
    tested.state.silent = False
    tested.state.mute = True
    assert fly(tested, 1, begin=3)[-1].message_ns == 0
    tested.state.mute = False
    tested.state.wrong_s = 7
    assert fly(tested, 1, begin=4)[-1].tai_s == 2_157_504_004 + 7
    tested.state.wrong_s = 0
    tested.state.shift_ns = 30_000_000
    assert fly(tested, 1, begin=5)[-1].tone_ns == 5 * NS_PER_S + 30_000_000


def test_randomness_is_the_units_own() -> None:
    """The same seed gives the same tones; another one others."""
    first, same, other = (
        fly(unit(seed=seed, jitter_ns=50.0, oscillator_walk_ppb=5.0, message_jitter_ms=3.0), 20) for seed in (1, 1, 2)
    )
    assert first == same
    assert first != other
