"""The sink's long work."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec

from flight.sink.messages import Task


class Problem(msgspec.Struct):
    """What to work on."""

    task: Task
    value: int


class Solution(msgspec.Struct):
    """What came out."""

    value: int


def open_worker(settings: dict[str, Any]) -> tuple[type[Problem], Callable[[Problem], Solution]]:
    """The worker's entry point."""
    step = settings["step"]

    def solve(problem: Problem) -> Solution:
        match problem.task:
            case Task.DOUBLE:
                return Solution(problem.value * step)
            case Task.RAISE:
                raise ValueError(f"{problem.value} is no problem")
            case Task.DIE:
                os._exit(3)
            case Task.HANG | Task.SULK:
                while True:
                    pass

    return Problem, solve
