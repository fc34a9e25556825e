"""Where modules may be imported from, beyond what the contracts in pyproject.toml can say."""

from __future__ import annotations

import grimp
import pytest

PACKAGES = ("tlm_cmd", "flightsw", "apps", "bus_sim", "ops_tools")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports of the project."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def test_apps_know_only_the_messages_of_other_apps(graph: grimp.ImportGraph) -> None:
    """What an app imports of another app is its messages module."""
    strangers = []
    for module in sorted(graph.find_descendants("apps")):
        app = ".".join(module.split(".")[:2])
        strangers += [
            f"{module} imports {imported}"
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if imported.startswith("apps.") and not imported.startswith(app) and not imported.endswith(".messages")
        ]
    assert strangers == []


def test_the_ground_knows_the_spacecraft_only_through_dictionary_and_link(graph: grimp.ImportGraph) -> None:
    """Ground and console import no app, no simulator, and of the framework neither runtime nor bus."""
    strangers = []
    for room in ("ops_tools.ground", "ops_tools.console"):
        for module in sorted(graph.find_descendants(room)):
            strangers += [
                f"{module} imports {imported}"
                for imported in sorted(graph.find_modules_directly_imported_by(module))
                if imported.startswith(("apps.", "bus_sim", "flightsw.runtime", "flightsw.bus", "flightsw.devices"))
            ]
    assert strangers == []


def test_only_clocks_read_a_clock_in_flight_and_simulation(graph: grimp.ImportGraph) -> None:
    """Flight, protocol and simulation code gets its time injected; nothing of it imports ``time``."""
    readers = {
        module
        for module in graph.find_modules_that_directly_import("time")
        if module.startswith(("tlm_cmd", "flightsw", "apps", "bus_sim"))
    }
    assert readers <= {"flightsw.clock", "apps.payload.inference"}
