"""The order of all tests, and which of them are traced for coverage."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from coverage import Coverage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest tests begin first."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Run at full speed what is marked as untraced, fixtures included."""
    resting: list[Coverage] = []
    while item.get_closest_marker("untraced") and (tracing := Coverage.current()) is not None:
        tracing.stop()
        resting.append(tracing)
    try:
        return (yield)
    finally:
        for tracing in reversed(resting):
            tracing.start()
