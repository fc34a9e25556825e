"""The progress of a flight without a view."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from rich.console import Console

from ops_tools.sil.flight_progress import FlightProgress

if TYPE_CHECKING:
    from ops_tools.sil.runner import Flight


@pytest.mark.parametrize(("terminal", "told"), [(True, True), (False, False)])
def test_a_terminal_sees_how_far_the_flight_is_and_a_file_nothing(*, terminal: bool, told: bool) -> None:
    """Name, seed, time and percentage, on a terminal only."""
    scenario = SimpleNamespace(name="one orbit")
    flight = SimpleNamespace(
        loaded=SimpleNamespace(scenario=scenario), seed=7, duration_s=100, vehicle=SimpleNamespace(now_ns=42 * 10**9)
    )
    output = StringIO()
    console = Console(file=output, force_terminal=terminal, width=120)
    with FlightProgress(cast("Flight", flight), console) as progress:
        progress.show(cast("Flight", flight))
    assert ("one orbit, seed 7  MET 0d 00:00:42" in output.getvalue()) is told
    assert ("42%" in output.getvalue()) is told
    assert bool(output.getvalue()) is told
