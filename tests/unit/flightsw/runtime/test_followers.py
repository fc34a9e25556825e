from __future__ import annotations

import pytest

from flightsw.bus.router import Bus
from flightsw.clock import VirtualClock
from flightsw.core.scheduler import messages as scheduler_messages
from flightsw.core.scheduler.messages import FrameAnchor
from flightsw.core.timekeeping import messages as timekeeping_messages
from flightsw.core.timekeeping.messages import LeapStep, TimeCorrelation
from flightsw.errors import FlightSoftwareError
from flightsw.hal.sim import MemoryNvm
from flightsw.runtime.followers import FollowerCounters, Followers
from flightsw.services.correlation import NS_PER_S
from flightsw.services.frames import FrameClock
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.store import Store
from flightsw.services.time_quality import ClockSource, ClockState
from tlm_cmd.definition.dictionary import AppInterface, Dictionary

MINOR_NS = 100_000_000
CORRELATION = TimeCorrelation(
    reference_monotonic_ns=5 * NS_PER_S,
    met_offset_ns=3,
    stcf_ns=2 * 10**18,
    rate_ns_per_s=10,
    slew_ns=0,
    slew_rate_ns_per_s=0,
    state=ClockState.VALID,
    source=ClockSource.TONE,
    uncertainty_ns=100,
    checked_monotonic_ns=5 * NS_PER_S,
    growth_ns_per_s=7,
    tone_monotonic_ns=5 * NS_PER_S,
    complete_until_utc_s=2_000_000_000,
    leap_steps=(LeapStep(1_900_000_000, 38),),
)


def dictionary(*, publishers: bool = True) -> Dictionary:
    """A mission with or without timekeeper and scheduler."""
    apps = [AppInterface("other", 0x30, (), (), ())]
    if publishers:
        for apid, name, module, packet in (
            (0x10, "timekeeping", timekeeping_messages, TimeCorrelation),
            (0x20, "scheduler", scheduler_messages, FrameAnchor),
        ):
            assert hasattr(module, packet.__name__)
            apps.append(AppInterface(name, apid, (), (packet,), ()))
    return Dictionary("test", apps)


class Process:
    """A process that follows.

    Attributes:
        clock: vehicle time.
        store: of the process; it outlives it.
    """

    def __init__(self, *, publishers: bool = True) -> None:
        self.dictionary = dictionary(publishers=publishers)
        self.clock = VirtualClock(10 * NS_PER_S)
        self.store = Store(MemoryNvm())
        self.boot()

    def boot(self) -> None:
        """Begin, or begin again with the same store."""
        self.bus = Bus()
        self.time = SpacecraftTime()
        self.frames = FrameClock(MINOR_NS)
        self.followers = Followers(self.bus, self.dictionary, self.store, self.time, self.frames, self.clock)

    def hear(self, app: str, packet: TimeCorrelation | FrameAnchor) -> None:
        """A publisher says something."""
        self.bus.send(self.dictionary.telemetry_of(app, type(packet)).message_id, packet)
        self.bus.dispatch()


def test_a_process_follows_time_and_frames() -> None:
    """What the publishers say is taken over at once, and whoever waits for a frame is told that it has moved."""
    process = Process()
    moved: list[int] = []
    process.followers.on_frames_moved = lambda: moved.append(1)
    process.hear("timekeeping", CORRELATION)
    process.hear("scheduler", FrameAnchor(100, 10 * NS_PER_S + 1))
    assert process.time.tai_ns(6 * NS_PER_S) == 6 * NS_PER_S + 3 + 2 * 10**18 + 10
    assert process.time.quality.state is ClockState.VALID
    assert process.time.leap_seconds.steps[-1] == (1_900_000_000, 38)
    assert process.frames.begin_ns(200) == 20 * NS_PER_S + 1
    assert moved == [1]
    assert process.followers.counters == FollowerCounters(taken=2)


def test_a_restarted_process_has_both_before_anything_is_said() -> None:
    """They lie in its store; the frames are where they should be at once, without steps."""
    process = Process()
    process.hear("timekeeping", CORRELATION)
    process.hear("scheduler", FrameAnchor(50, 5 * NS_PER_S + 12_345_678))
    process.boot()
    assert process.time.correlation.stcf_ns == 2 * 10**18
    assert process.frames.begin_ns(50) == 5 * NS_PER_S + 12_345_678
    assert process.frames.next_step_ns is None


def test_what_belongs_to_a_clock_that_is_gone_is_not_taken_up() -> None:
    """A store that is older than the clock is left alone until the publishers speak."""
    process = Process()
    process.hear("timekeeping", CORRELATION)
    process.hear("scheduler", FrameAnchor(50, 5 * NS_PER_S + 12_345_678))
    process.clock = VirtualClock(NS_PER_S)
    process.boot()
    assert process.time.correlation.stcf_ns != 2 * 10**18
    assert process.frames.begin_ns(50) == 5 * NS_PER_S


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 200])
def test_what_cannot_be_read_is_not_taken_up(damage: bytes) -> None:
    """A stored word that is damaged, or of another version, counts as none."""
    process = Process()
    for record in (TimeCorrelation, FrameAnchor):
        process.store.save(f"follow.{record.__name__}", damage)
    process.boot()
    assert process.time.quality.state is ClockState.INVALID
    assert process.frames.begin_ns(50) == 5 * NS_PER_S


def test_a_store_that_fails_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process follows all the same."""
    process = Process()

    def refuse(_name: str, _data: bytes) -> None:
        raise FlightSoftwareError("full")

    monkeypatch.setattr(process.store, "save", refuse)
    process.hear("timekeeping", CORRELATION)
    assert process.time.quality.state is ClockState.VALID
    assert process.followers.counters == FollowerCounters(taken=1, unstored=1)


def test_frames_that_no_tone_can_move_are_counted() -> None:
    """A process with minor frames that make up no second leaves them where they are."""
    process = Process()
    process.frames = FrameClock(70_000_000)
    process.followers._frames = process.frames
    process.hear("scheduler", FrameAnchor(0, 1))
    assert process.followers.counters == FollowerCounters(refused=1)


def test_a_mission_without_publishers_is_followed_by_nobody() -> None:
    """Time and frames are as they began."""
    process = Process(publishers=False)
    assert process.bus.subscribed_ids() == []
