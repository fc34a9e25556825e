from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ops_tools.console import stepping

if TYPE_CHECKING:
    import pytest

    from tests.unit.ops_tools.conftest import LoopbackConsole


def test_the_task_steps_the_ground_until_it_is_cancelled(console: LoopbackConsole) -> None:
    """Each round steps the ground at the time of its clock."""
    console.clock.advance_to(7)
    stepped = stepping.SteppedGround(console.loop.ground, console.clock, period_s=0)

    async def some_rounds() -> bool:
        task = asyncio.create_task(stepped.run())
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert asyncio.run(some_rounds())
    assert console.loop.ground.now_ns == 7


def test_too_many_waiters_are_answered_at_once(console: LoopbackConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is met with an answer, and counted."""
    monkeypatch.setattr(stepping, "MAX_WAITERS", 0)
    assert asyncio.run(console.stepped.wait_until(lambda: False, 10.0)) is False
    assert console.stepped.refused_waits == 1
