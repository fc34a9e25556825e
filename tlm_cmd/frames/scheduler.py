"""Whose turn it is: channels that share a link by priority, with a share that each is sure of.

The standards leave the choice between virtual channels, and between multiplexer access points, to the mission
(CCSDS 132.0-B-3, 4.2.4; 732.0-B-4, 4.2.5; 232.0-B-4, 4.3). This is the rule kept here. A turn is one frame.

1. A channel that waits earns its quota of every turn. Once it has earned a whole turn it is owed one.
2. A channel that is owed a turn goes before every other. Of several, the one goes whose next turn would fall due first.
3. Else a channel of the most urgent class goes; within the class, the one that has waited longest.

So a channel that waits for n turns on end gets at least ``n * quota / 100``, rounded down, less one; no more are kept
for it than that, so urgent channels go first as long as all others have what they are sure of. A channel that does not
wait earns nothing, and what it got by its class is taken from what it has earned: a quota is a floor, not a bonus.
"""

from collections.abc import Callable, Mapping

import msgspec

from tlm_cmd.errors import FieldRangeError, WrongValueError, check_range

MAX_CHANNELS = 64
MAX_PRIORITY = 255
_WHOLE_TURN = 100


class ChannelShare(msgspec.Struct, frozen=True, gc=False):
    """What a channel may claim.

    Raises:
        FieldRangeError: the class is not in 0 to 255, or the quota not in 0 to 100.
    """

    priority: int = 0
    """Its class; 0 is the most urgent. Channels of one class take turns."""
    quota_percent: int = 0
    """Turns out of a hundred that it is sure of while it waits."""

    def __post_init__(self) -> None:
        check_range("priority", self.priority, 0, MAX_PRIORITY)
        check_range("quota [%]", self.quota_percent, 0, _WHOLE_TURN)


class ChannelAccount(msgspec.Struct):
    """What one channel got."""

    turns: int = 0
    quota_turns: int = 0
    """Those of its turns that it was owed."""
    longest_wait: int = 0
    """The most turns of others that went by while it waited for its next one."""
    credit_percent: int = 0
    """What it has earned and not got, in hundredths of a turn."""
    waited: int = 0
    """Turns of others since it last had one, or began to wait."""


class SchedulerState(msgspec.Struct):
    """The memory of a `ChannelScheduler`."""

    accounts: dict[int, ChannelAccount]


class ChannelScheduler:
    """Chooses the channel of each turn.

    ``shares`` has the channels; those of one class that have waited equally long go in its order.

    Raises:
        FieldRangeError: more than 64 channels.
        WrongValueError: the quotas are more than 100 % together.
    """

    def __init__(self, shares: Mapping[int, ChannelShare]) -> None:
        check_range("channels", len(shares), 0, MAX_CHANNELS)
        together = sum(share.quota_percent for share in shares.values())
        if together > _WHOLE_TURN:
            raise WrongValueError("quotas of all channels [%]", together, "at most 100 together")
        by_class = sorted(shares.items(), key=lambda item: item[1].priority)
        self._shares = [(channel, share.priority, share.quota_percent) for channel, share in by_class]
        self.state = SchedulerState({channel: ChannelAccount() for channel in shares})

    def choose(self, waits: Callable[[int], object]) -> int | None:
        """Return the channel whose turn it is, None if none waits.

        Args:
            waits: whether a channel has anything to send, by its truth value.
        """
        accounts = self.state.accounts
        waiting: list[ChannelAccount] = []
        owed: tuple[int, int] | None = None
        best: int | None = None
        best_priority, best_wait = 0, 0
        for channel, priority, quota in self._shares:
            account = accounts[channel]
            if not waits(channel):
                account.credit_percent = account.waited = 0
                continue
            waiting.append(account)
            account.credit_percent += quota
            if account.credit_percent >= _WHOLE_TURN:
                turns_left = -(-(2 * _WHOLE_TURN - account.credit_percent) // quota)
                if owed is None or turns_left < owed[0]:
                    owed = turns_left, channel
            if best is None or (priority == best_priority and account.waited > best_wait):
                best, best_priority, best_wait = channel, priority, account.waited
        if best is None:
            return None
        chosen = best if owed is None else owed[1]
        self._give(accounts[chosen], waiting, by_quota=owed is not None)
        return chosen

    def _give(self, taker: ChannelAccount, waiting: list[ChannelAccount], *, by_quota: bool) -> None:
        """Account for a turn."""
        for account in waiting:
            account.waited += 1
        taker.longest_wait = max(taker.longest_wait, taker.waited - 1)
        taker.waited = 0
        taker.turns += 1
        taker.quota_turns += by_quota
        taker.credit_percent = max(0, taker.credit_percent - _WHOLE_TURN)


def shares_by_priority(channels: tuple[int, ...]) -> dict[int, ChannelShare]:
    """Return the shares of channels that stand in order of strict priority, the most urgent first, without quotas.

    Raises:
        FieldRangeError: more channels than there are classes.
        WrongValueError: a channel stands twice.
    """
    if len(channels) > MAX_PRIORITY + 1:
        raise FieldRangeError("channels", len(channels), 0, MAX_PRIORITY + 1)
    if len(set(channels)) != len(channels):
        raise WrongValueError("channels", list(channels), "each one once")
    return {channel: ChannelShare(priority) for priority, channel in enumerate(channels)}
