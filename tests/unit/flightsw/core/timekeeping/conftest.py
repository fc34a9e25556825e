"""The timekeeper on a bench, with a capture unit that hears what the test says."""

from __future__ import annotations

from pathlib import Path

import pytest

from flightsw.core.timekeeping.messages import ReportTime, TimeCorrelation, TimeStatus
from flightsw.core.timekeeping.tables import ClockSettings
from flightsw.devices.errors import NoReplyError
from flightsw.devices.tone_capture import MAX_KEPT_TONES, CapturedTone, CapturedTones, ToneCapture
from flightsw.services.correlation import NS_PER_S
from flightsw.services.time_quality import ClockSource
from flightsw.testing import Bench

TAI_START_S = 2_145_916_837
"""TAI at which the bench begins, 2026-01-01T00:00:00 UTC."""
MESSAGE_NS = 100_000_000
TOML = """
source = "TONE"
tone_window_us = 1000
message_earliest_us = 50_000
message_latest_us = 200_000
time_window_us = 1000
lock_tones = 3
steer_tones = 5
flywheel_after_s = 6
tone_accuracy_ns = 100
holdover_ns_per_s = 1000
set_accuracy_ms = 50
free_ns_per_s = 5000
invalid_beyond_ms = 100
"""
SETTINGS = ClockSettings(ClockSource.TONE, 1000, 50_000, 200_000, 1000, 3, 5, 6, 100, 1000, 50, 5000, 100)


def tone(
    number: int, at_ns: int, *, tai_s: int | None = None, message_ns: int | None = MESSAGE_NS, valid: bool = True
) -> CapturedTone:
    """A tone that came at ``at_ns``; by default its time fits the bench's."""
    rounded_s = (at_ns + NS_PER_S // 2) // NS_PER_S
    return CapturedTone(
        number,
        at_ns,
        0 if message_ns is None else at_ns + message_ns,
        TAI_START_S + rounded_s if tai_s is None else tai_s,
        valid,
    )


class FakeCapture:
    """A capture unit.

    Attributes:
        heard: tones so far, oldest first.
        dead: whether it does not answer.
    """

    def __init__(self) -> None:
        self.heard: list[CapturedTone] = []
        self.dead = False

    def tones(self, after: int = 0) -> CapturedTones:
        """What was heard behind a tone."""
        if self.dead:
            raise NoReplyError("tone_capture", 1)
        newest = self.heard[-1].number if self.heard else 0
        return CapturedTones(newest, tuple(each for each in self.heard if each.number > after)[-MAX_KEPT_TONES:])


class Timekeeper:
    """The timekeeper at work.

    Attributes:
        bench: the app.
        capture: its capture unit.
        offset_ns: by how much tones come late.
    """

    def __init__(self, folder: Path, *, with_tone: bool = True) -> None:
        (folder / "clock.toml").write_text(TOML)
        self.capture = FakeCapture()
        devices = {ToneCapture: self.capture} if with_tone else {}
        self.bench = Bench("flightsw.core.timekeeping", devices=devices, tables=folder)
        self.offset_ns = 0
        self.number = 0
        self.bench.start()

    @property
    def now_ns(self) -> int:
        """Monotonic time."""
        return self.bench.clock.now_ns()

    def hear(self, seconds: int, **spoilt: object) -> None:
        """Let time pass, with a tone in every second."""
        for _ in range(seconds):
            self.bench.advance(1)
            self.number += 1
            self.capture.heard.append(tone(self.number, self.now_ns + self.offset_ns, **spoilt))  # type: ignore[arg-type]

    def lock(self) -> None:
        """Hear enough good tones."""
        self.hear(8)
        assert self.correlation().state.name == "VALID"

    def correlation(self) -> TimeCorrelation:
        """What every process follows now."""
        return self.bench.latest(TimeCorrelation)

    def status(self) -> TimeStatus:
        """What the ground sees now."""
        self.bench.command(ReportTime())
        return self.bench.latest(TimeStatus)


@pytest.fixture
def keeper(tmp_path: Path) -> Timekeeper:
    """A timekeeper with a tone."""
    return Timekeeper(tmp_path)
