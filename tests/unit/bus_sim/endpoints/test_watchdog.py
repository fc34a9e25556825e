from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import Status

if TYPE_CHECKING:
    from conftest import Bench


def test_it_bites_when_it_is_not_stroked_in_time(bench: Bench) -> None:
    """Strokes hold it off; it bites when the time-out has passed since the last one, not a second earlier, and once."""
    bench.watchdog.arm(5)
    for _ in range(3):
        bench.fly(4)
        bench.watchdog.stroke()
    bench.fly(4)
    assert (bench.watchdog.status().bites, bench.watchdog.status().left_s) == (0, 1)
    bench.fly(1)
    status = bench.watchdog.status()
    assert (status.armed, status.timeout_s, status.left_s, status.strokes, status.bites) == (False, 5, 0, 3, 1)
    bench.fly(20)
    assert bench.watchdog.status().bites == 1


def test_it_does_nothing_before_it_is_armed(bench: Bench) -> None:
    """A stroke is refused, and no time that passes makes it bite."""
    with pytest.raises(RefusedError) as refused:
        bench.watchdog.stroke()
    assert refused.value.status is Status.WRONG_STATE
    bench.fly(100)
    assert (bench.watchdog.status().armed, bench.watchdog.status().bites) == (False, 0)
