"""What a process follows of what others say: spacecraft time, and where its minor frames begin.

The timekeeper and the scheduler publish them; every process listens, the publishers' own as well, and in lock-step the
only one. The newest of each is kept in the process's store, so that a process that is restarted has it before its apps
start; its publisher repeats it as soon as it hears of the restart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.router import Bus
from flightsw.clock import Clock
from flightsw.core.scheduler.messages import FrameAnchor
from flightsw.core.timekeeping.messages import TimeCorrelation
from flightsw.errors import FlightSoftwareError
from flightsw.services.correlation import Correlation
from flightsw.services.frames import FrameClock, FrameError, FrameLine
from flightsw.services.leap_steps import with_leap_steps
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.store import Store
from flightsw.services.time_quality import TimeQuality
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Quality, Telemetry
from tlm_cmd.errors import ProtocolError

OWNER = "process followers"
"""Owner of the mailbox; no app can have a name with a space."""
DEPTH = InboxLimits(commands=1, telemetry=64, bulk=1)

Followed = TypeVar("Followed", bound=Telemetry)


class FollowerCounters(msgspec.Struct):
    """What became of the messages followed.

    Attributes:
        taken: followed.
        refused: that did not fit this process: frames that no tone can move.
        unstored: that could not be stored; a restart of the process begins with an older one.
    """

    taken: int = 0
    refused: int = 0
    unstored: int = 0


class Followers:
    """The listening end in one process.

    Args:
        bus: of the process.
        dictionary: tells who, if anybody, publishes.
        store: of the process.
        time: spacecraft time to keep.
        frames: frame clock to keep.
        clock: vehicle time.

    Attributes:
        counters: what became of the messages.
        on_frames_moved: called when the begins of the minor frames have changed.
    """

    def __init__(
        self,
        bus: Bus,
        dictionary: Dictionary,
        store: Store,
        time: SpacecraftTime,
        frames: FrameClock,
        clock: Clock,
    ) -> None:
        self.counters = FollowerCounters()
        self.on_frames_moved: Callable[[], None] = lambda: None
        self._store, self._time, self._frames, self._clock = store, time, frames, clock
        self._kept: dict[type[Telemetry], Telemetry] = {}
        bus.open_mailbox(OWNER, DEPTH, self._receive)
        for record in (TimeCorrelation, FrameAnchor):
            for app in dictionary.apps_declaring(record):
                bus.subscribe(OWNER, dictionary.telemetry_of(app, record).message_id, Quality.TELEMETRY)
        self._take_up()

    def _take_up(self) -> None:
        """Begin with what the process had heard before it was restarted, if the clock has gone on since."""
        now_ns = self._clock.now_ns()
        correlation = self._load(TimeCorrelation)
        if correlation is not None and correlation.reference_monotonic_ns <= now_ns:
            follow_time(self._time, correlation)
        anchor = self._load(FrameAnchor)
        if anchor is not None and anchor.begin_monotonic_ns <= now_ns:
            self._frames.begin_on(FrameLine(anchor.frame, anchor.begin_monotonic_ns))

    def _receive(self, _message_id: int, message: object) -> None:
        match message:
            case TimeCorrelation():
                follow_time(self._time, message)
            case FrameAnchor():
                try:
                    self._frames.follow(FrameLine(message.frame, message.begin_monotonic_ns), self._clock.now_ns())
                except FrameError:
                    self.counters.refused += 1
                    return
                self.on_frames_moved()
            case _:
                return
        self.counters.taken += 1
        self._keep(message)

    def _load(self, record: type[Followed]) -> Followed | None:
        try:
            data = self._store.load(_entry(record))
            return None if data is None else codec_of(record).decode(data)
        except (FlightSoftwareError, ProtocolError, OSError):
            return None

    def _keep(self, message: Telemetry) -> None:
        if self._kept.get(type(message)) == message:
            return
        try:
            self._store.save(_entry(type(message)), codec_of(type(message)).encode(message))
            self._kept[type(message)] = message
        except (FlightSoftwareError, OSError):
            self.counters.unstored += 1


def follow_time(time: SpacecraftTime, said: TimeCorrelation) -> None:
    """Read the clocks as the timekeeper says."""
    time.follow(
        Correlation(
            reference_ns=said.reference_monotonic_ns,
            met_offset_ns=said.met_offset_ns,
            stcf_ns=said.stcf_ns,
            rate_ns_per_s=said.rate_ns_per_s,
            slew_ns=said.slew_ns,
            slew_rate_ns_per_s=said.slew_rate_ns_per_s,
        ),
        with_leap_steps(
            [(step.from_utc_s, step.tai_minus_utc_s) for step in said.leap_steps], said.complete_until_utc_s
        ),
        TimeQuality(said.state, said.source, said.uncertainty_ns, said.checked_monotonic_ns, said.growth_ns_per_s),
    )


def _entry(record: type[Telemetry]) -> str:
    return f"follow.{record.__name__}"
