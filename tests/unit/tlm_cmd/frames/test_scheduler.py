import random
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.frames.scheduler import ChannelScheduler, ChannelShare, SchedulerState, shares_by_priority

MODEST = settings(max_examples=80, deadline=None)


@st.composite
def shares(draw: st.DrawFn) -> dict[int, ChannelShare]:
    """Return up to ten channels with any classes and quotas that fit together."""
    left = 100
    found = {}
    for channel in range(draw(st.integers(1, 10))):
        quota = draw(st.integers(0, left))
        left -= quota
        found[channel] = ChannelShare(draw(st.integers(0, 3)), quota)
    return found


def always(_channel: int) -> bool:
    """Whether a channel waits that always does."""
    return True


@MODEST
@given(shares(), st.integers(0, 2**32))
def test_a_channel_that_waits_gets_its_quota(found: dict[int, ChannelShare], seed: int) -> None:
    """In every run of turns in which a channel waits throughout, it gets its quota rounded down, or one turn less."""
    stream = random.Random(seed)
    scheduler = ChannelScheduler(found)
    waits = dict.fromkeys(found, True)
    runs: dict[int, list[int]] = {channel: [0] for channel in found}
    for _ in range(500):
        if stream.random() < 0.2:
            waits = {channel: stream.random() < 0.8 for channel in found}
        chosen = scheduler.choose(waits.__getitem__)
        for channel, share in found.items():
            # Each entry is the run of turns that began so long ago: turns got, less turns due in hundredths.
            if not waits[channel]:
                runs[channel] = [0]
                continue
            gained = 100 * (channel == chosen) - share.quota_percent
            runs[channel] = [balance + gained for balance in runs[channel]]
            assert min(runs[channel]) > -200
            runs[channel].append(0)


@MODEST
@given(shares(), st.integers(0, 2**32))
def test_without_a_debt_the_most_urgent_class_goes(found: dict[int, ChannelShare], seed: int) -> None:
    """A turn that nobody is owed goes to the most urgent class that waits, and a turn is lost only if nobody waits."""
    stream = random.Random(seed)
    scheduler = ChannelScheduler(found)
    for _ in range(300):
        waiting = [channel for channel in found if stream.random() < 0.6]
        before = sum(account.quota_turns for account in scheduler.state.accounts.values())
        chosen = scheduler.choose(lambda channel: channel in waiting)  # noqa: B023 - asked within this turn
        owed = sum(account.quota_turns for account in scheduler.state.accounts.values()) > before
        if chosen is None:
            assert not waiting
        elif not owed:
            assert found[chosen].priority == min(found[channel].priority for channel in waiting)
        else:
            assert chosen in waiting
            assert found[chosen].quota_percent


def test_strict_order_without_quotas() -> None:
    """Without quotas a more urgent channel goes as long as it waits, and the others not at all."""
    scheduler = ChannelScheduler(shares_by_priority((5, 3)))
    assert [scheduler.choose(always) for _ in range(50)] == [5] * 50
    assert scheduler.choose(lambda channel: channel == 3) == 3
    assert scheduler.choose(lambda _: False) is None
    assert (scheduler.state.accounts[5].turns, scheduler.state.accounts[3].turns) == (50, 1)


def test_channels_of_one_class_take_turns() -> None:
    """Channels of one class that all wait go one after the other."""
    scheduler = ChannelScheduler({channel: ChannelShare(1) for channel in (4, 2, 9)})
    assert [scheduler.choose(always) for _ in range(7)] == [4, 2, 9, 4, 2, 9, 4]


def test_a_channel_that_comes_late_waits_for_its_turn() -> None:
    """Within a class the one goes that has waited longest, so one that comes back does not push in."""
    scheduler = ChannelScheduler({channel: ChannelShare() for channel in (0, 1, 2)})
    assert scheduler.choose(lambda channel: channel in {1, 2}) == 1
    assert [scheduler.choose(always) for _ in range(3)] == [2, 0, 1]


def test_the_urgent_ones_keep_what_is_left() -> None:
    """Quotas of 10 and 20 % leave 70 % to the most urgent class, spread evenly."""
    scheduler = ChannelScheduler({0: ChannelShare(0), 1: ChannelShare(1, 10), 2: ChannelShare(2, 20)})
    turns = [scheduler.choose(always) for _ in range(1000)]
    assert [turns.count(channel) for channel in (0, 1, 2)] == [701, 99, 200]
    places = [place for place, channel in enumerate(turns) if channel == 2]
    assert {after - before for before, after in pairwise(places)} == {5}
    assert scheduler.state.accounts[2].longest_wait == 4


def test_quotas_that_fill_the_link() -> None:
    """Eight channels with an eighth each, as near as percents go, all get it to within a turn."""
    quotas = [13, 13, 13, 13, 12, 12, 12, 12]
    scheduler = ChannelScheduler({channel: ChannelShare(channel, quota) for channel, quota in enumerate(quotas)})
    turns = [scheduler.choose(always) for _ in range(1000)]
    for channel, quota in enumerate(quotas):
        assert turns.count(channel) >= 10 * quota - 1


def test_a_quota_is_not_saved_up() -> None:
    """A channel that did not wait has earned nothing: when it comes it waits for its share like at the beginning."""
    scheduler = ChannelScheduler({0: ChannelShare(0), 1: ChannelShare(1, 25)})
    for _ in range(40):
        scheduler.choose(lambda channel: channel == 0)
    assert [scheduler.choose(always) for _ in range(8)] == [0, 0, 0, 1, 0, 0, 0, 1]
    assert [scheduler.choose(always) for _ in range(3)] == [0, 0, 0]
    scheduler.choose(lambda channel: channel == 0)
    assert [scheduler.choose(always) for _ in range(4)] == [0, 0, 0, 1]


def test_turns_by_class_count_for_the_quota() -> None:
    """A channel gets no more for its quota when its class gives it enough already."""
    scheduler = ChannelScheduler({0: ChannelShare(0, 50), 1: ChannelShare(1)})
    assert [scheduler.choose(always) for _ in range(6)] == [0] * 6
    assert scheduler.state.accounts[0].quota_turns == 0


def test_limits() -> None:
    """Classes, quotas, their sum and the number of channels have bounds."""
    for priority, quota in ((-1, 0), (256, 0), (0, -1), (0, 101)):
        with pytest.raises(FieldRangeError):
            ChannelShare(priority, quota)
    with pytest.raises(WrongValueError, match="101"):
        ChannelScheduler({0: ChannelShare(0, 50), 1: ChannelShare(0, 51)})
    with pytest.raises(FieldRangeError, match="channels is 65"):
        ChannelScheduler({channel: ChannelShare() for channel in range(65)})
    with pytest.raises(WrongValueError, match="each one once"):
        shares_by_priority((1, 2, 1))
    with pytest.raises(FieldRangeError, match="channels is 257"):
        shares_by_priority(tuple(range(257)))


def test_state_can_be_saved_and_restored() -> None:
    """A scheduler goes on from a saved state as if it were the first."""
    found = {0: ChannelShare(0), 1: ChannelShare(1, 10), 2: ChannelShare(1, 33)}
    first, second = ChannelScheduler(found), ChannelScheduler(found)
    for _ in range(17):
        first.choose(always)
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=SchedulerState)
    assert [second.choose(always) for _ in range(50)] == [first.choose(always) for _ in range(50)]
    assert second.state == first.state
