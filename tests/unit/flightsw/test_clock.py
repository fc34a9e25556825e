import math

import pytest

from flightsw.clock import HostClock, VirtualClock


def test_virtual_time_moves_only_when_told() -> None:
    """It stands still, moves forward, and refuses to go back."""
    clock = VirtualClock(5)
    assert clock.now_ns() == 5
    clock.advance_to(5)
    clock.advance_to(9)
    assert clock.now_ns() == 9
    with pytest.raises(ValueError, match="time cannot run backwards: 8 is before 9"):
        clock.advance_to(8)


def test_host_time_begins_at_its_origin_and_is_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """At speed 60 a second of the host is a minute of the vehicle; waiting takes a sixtieth."""
    host_ns = 1_000
    monkeypatch.setattr("time.monotonic_ns", lambda: host_ns)
    clock = HostClock.starting_now(60.0)
    assert (clock.now_ns(), clock.origin_ns, clock.speed) == (0, 1_000, 60.0)
    host_ns += 1_000_000_000
    assert clock.now_ns() == 60_000_000_000
    assert clock.host_seconds_until(120_000_000_000) == 1.0
    assert clock.host_seconds_until(59_000_000_000) == 0.0


@pytest.mark.parametrize("speed", [0.0, -1.0, math.inf, math.nan])
def test_a_speed_is_a_positive_number(speed: float) -> None:
    """A clock that stands, runs backwards or jumps to the end of time is refused."""
    with pytest.raises(ValueError, match="speed must be above 0 and finite"):
        HostClock(0, speed)
