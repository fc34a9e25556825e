"""Where modules may be imported from, beyond what the contracts in pyproject.toml can say."""

from __future__ import annotations

import grimp
import pytest

PACKAGES = ("tlm_cmd", "flightsw", "apps", "bus_sim", "ops_tools")
HOMES = {
    "zmq": {"flightsw.bus.links", "flightsw.bus.outgoing", "flightsw.hal.emu", "flightsw.runtime.process"},
    "onnxruntime": {"apps.payload.onnx_network"},
    "starlette": {"ops_tools.console.api", "ops_tools.console.server"},
    "uvicorn": {"ops_tools.console.server"},
    "sgp4": {"bus_sim.environment.orbit"},
    "transitions": {"flightsw.services.modes"},
    "apscheduler": {"flightsw.services.calendar"},
    "structlog": {"flightsw.services.event_log"},
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports of the project."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("package", sorted(HOMES))
def test_third_party_packages_stay_in_their_homes(graph: grimp.ImportGraph, package: str) -> None:
    """A library that is one room's business is imported in that room only."""
    assert graph.find_modules_that_directly_import(package) <= HOMES[package]


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
