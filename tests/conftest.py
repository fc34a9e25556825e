"""The order of all tests, and which of them are traced for coverage: unit tests, other than long ones."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage

UNIT_TESTS = Path(__file__).parent / "unit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest tests begin first."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Run at full speed what is not traced, fixtures included."""
    is_traced = item.path.is_relative_to(UNIT_TESTS) and not item.get_closest_marker("untraced")
    resting: list[Coverage] = []
    while not is_traced and (tracing := Coverage.current()) is not None:
        tracing.stop()
        resting.append(tracing)
    try:
        return (yield)
    finally:
        for tracing in reversed(resting):
            tracing.start()
