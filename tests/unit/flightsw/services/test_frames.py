import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.services.frames import MAJOR_FRAME_NS, STEPS_PER_MINOR_FRAME, FrameClock, FrameError, FrameLine

MINOR_NS = 100_000_000
STEP_NS = MINOR_NS // STEPS_PER_MINOR_FRAME
MODEST = settings(max_examples=150, deadline=None)


def test_frames_begin_evenly_from_zero() -> None:
    """Told nothing, frame n begins at n minor frames of the clock, and not a nanosecond before."""
    frames = FrameClock(MINOR_NS)
    assert [frames.frame_at(at) for at in (-1, 0, MINOR_NS - 1, MINOR_NS)] == [-1, 0, 0, 1]
    assert frames.begin_ns(7) == 7 * MINOR_NS
    assert (frames.major_frames, frames.next_step_ns, frames.steps) == (10, None, 0)


@pytest.mark.parametrize("offset_ns", [STEP_NS, -STEP_NS, 1, -1])
def test_a_small_offset_is_made_up_in_one_step_at_the_next_major_frame(offset_ns: int) -> None:
    """Up to a step the frames are where they should be from the next major frame on; the frames before stay."""
    frames = FrameClock(MINOR_NS)
    frames.follow(FrameLine(0, offset_ns), 3 * MINOR_NS)
    assert frames.next_step_ns == MAJOR_FRAME_NS + offset_ns
    assert frames.begin_ns(9) == 9 * MINOR_NS
    assert frames.begin_ns(10) == MAJOR_FRAME_NS + offset_ns
    assert frames.frame_at(MAJOR_FRAME_NS + offset_ns - 1) == 9
    assert frames.frame_at(MAJOR_FRAME_NS + offset_ns) == 10
    assert (frames.steps, frames.next_step_ns) == (1, None)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_large_offset_is_made_up_in_bounded_steps(sign: int) -> None:
    """Half a major frame takes as many major frames as it has steps, and then the frames lie where they should."""
    frames = FrameClock(MINOR_NS)
    frames.follow(FrameLine(0, sign * MAJOR_FRAME_NS // 2), 0)
    begins = []
    for major in range(1, 120):
        frames.frame_at(frames.begin_ns(major * 10))
        begins.append(frames.begin_ns(major * 10))
    lengths = [later - earlier for earlier, later in itertools.pairwise(begins)]
    assert lengths[:99] == [MAJOR_FRAME_NS + sign * STEP_NS] * 99
    assert lengths[99:] == [MAJOR_FRAME_NS] * (len(lengths) - 99)
    assert begins[-1] == 119 * MAJOR_FRAME_NS + sign * MAJOR_FRAME_NS // 2
    assert frames.steps == 100


def test_a_process_that_was_held_up_makes_the_same_steps() -> None:
    """Asked rarely or often, the frames are the same."""
    often, rarely = FrameClock(MINOR_NS), FrameClock(MINOR_NS)
    for frames in (often, rarely):
        frames.follow(FrameLine(0, 17 * STEP_NS + 5), 0)
    for at in range(0, 40 * MAJOR_FRAME_NS, MINOR_NS // 3):
        often.frame_at(at)
    end = 40 * MAJOR_FRAME_NS
    assert rarely.frame_at(end) == often.frame_at(end)
    assert [rarely.begin_ns(frame) for frame in (400, 500)] == [often.begin_ns(frame) for frame in (400, 500)]


def test_a_new_place_replaces_the_one_before() -> None:
    """Called back half way, the frames turn round at the next major frame."""
    frames = FrameClock(MINOR_NS)
    frames.follow(FrameLine(0, 10 * STEP_NS), 0)
    now = frames.begin_ns(10)
    frames.frame_at(now)
    frames.follow(FrameLine(0, 0), now)
    frames.frame_at(frames.begin_ns(20))
    assert frames.begin_ns(20) == 2 * MAJOR_FRAME_NS
    assert frames.next_step_ns is None


def test_before_anything_has_run_frames_begin_where_told() -> None:
    """A process that starts takes the others' frames at once."""
    frames = FrameClock(MINOR_NS)
    frames.begin_on(FrameLine(100, 4_321))
    assert frames.frame_at(4_320) == 99
    assert frames.begin_ns(100) == 4_321
    assert frames.next_step_ns is None


@pytest.mark.parametrize("minor_ns", [7_000_000, 300_000_000, 10])
def test_minor_frames_that_make_up_no_major_frame_cannot_follow(minor_ns: int) -> None:
    """The error says what would fit, and the frames go on as they were."""
    frames = FrameClock(minor_ns)
    with pytest.raises(FrameError, match=f"minor frames of {minor_ns} ns cannot follow"):
        frames.follow(FrameLine(0, 1), 0)
    assert frames.begin_ns(3) == 3 * minor_ns


@MODEST
@given(
    st.lists(
        st.tuples(st.integers(0, 3 * MAJOR_FRAME_NS), st.integers(-MAJOR_FRAME_NS, MAJOR_FRAME_NS)),
        min_size=1,
        max_size=12,
    )
)
def test_every_frame_comes_once_under_any_corrections(corrections: list[tuple[int, int]]) -> None:
    """Whatever the frames are told and when: each begins once, in order, a minor frame give or take a step long."""
    frames = FrameClock(MINOR_NS)
    now, seen, told = 0, [(0, 0)], list(corrections)
    tell_at = told[0][0]
    while seen[-1][0] < 60 or told:
        begin = min(frames.begin_ns(seen[-1][0] + 1), frames.next_step_ns or 10**18)
        if told and tell_at <= begin:
            now = max(now, tell_at)
            frames.follow(FrameLine(0, told.pop(0)[1]), now)
            tell_at = now + (told[0][0] if told else 0)
            continue
        now = max(now, begin)
        assert frames.frame_at(now - 1) <= seen[-1][0]
        frame = frames.frame_at(now)
        assert frame in {seen[-1][0], seen[-1][0] + 1}
        if frame == seen[-1][0] + 1:
            seen.append((frame, now))
    lengths = [later[1] - earlier[1] for earlier, later in itertools.pairwise(seen)]
    assert all(MINOR_NS - STEP_NS <= length <= MINOR_NS + STEP_NS for length in lengths)
