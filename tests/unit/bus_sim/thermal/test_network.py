import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from bus_sim.errors import ParameterError, StepTooLongError, UnknownNameError
from bus_sim.parameters import SpacecraftParameters, load_parameters
from bus_sim.thermal.network import CouplingParameters, NodeParameters, ThermalNetwork, ThermalParameters

BOX = ThermalParameters(
    nodes=(NodeParameters("hot", 100.0, 50.0), NodeParameters("cold", 300.0, 10.0)),
    couplings=(CouplingParameters("hot", "cold", 2.0),),
    surfaces=(),
    heaters=(),
)


def test_agrees_with_dop853_over_an_orbit(parameters: SpacecraftParameters) -> None:
    """With orbit-like heat in every node, Euler at 1 s stays within 0.1 K of SciPy's DOP853."""
    network = ThermalNetwork(parameters.thermal, 1.0)
    n = len(network.names)
    wings = [network.number("wing_fore"), network.number("wing_aft")]
    board = network.number("compute_board")

    def heat(t: float) -> list[float]:
        lit = max(0.0, math.sin(2.0 * math.pi * t / 5680.0))
        watts = [1.0 + 2.0 * lit] * n
        watts[wings[0]] = watts[wings[1]] = 90.0 * lit
        watts[board] = 25.0 if 1000.0 <= t < 2200.0 else 1.5
        return watts

    def slope(t: float, y: np.ndarray) -> list[float]:
        net = network.flows(list(y), heat(t))
        return [q / node.heat_capacity_j_k for q, node in zip(net, parameters.thermal.nodes, strict=True)]

    y, worst = np.array(network.state.temperatures_k), 0.0
    for start, end in ((0, 1000), (1000, 2200), (2200, 5680)):
        solution = solve_ivp(slope, (start, end - 1e-9), y, method="DOP853", rtol=1e-8, dense_output=True)
        for second in range(start, end):
            network.step(heat(float(second)), 1.0)
            if second % 10 == 9:
                difference = np.abs(np.array(network.state.temperatures_k) - solution.sol(second + 1.0))
                worst = max(worst, float(difference.max()))
        y = solution.y[:, -1]
    assert worst < 0.1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-50.0, 50.0), min_size=2, max_size=2))
def test_conduction_only_moves_heat(heat_w: list[float]) -> None:
    """Without radiation the heat content changes by what is put in, and by nothing else."""
    network = ThermalNetwork(BOX, 1.0)
    for _ in range(20):
        network.step(list(heat_w), 1.0)
    hot, cold = (network.temperature_c(number) for number in (0, 1))
    gained_j = 100.0 * (hot - 50.0) + 300.0 * (cold - 10.0)
    assert gained_j == pytest.approx(20.0 * (heat_w[0] + heat_w[1]), abs=1e-6)


def test_two_nodes_meet_at_their_mean() -> None:
    """Left alone they reach the temperature weighted by heat capacity, exponentially."""
    network = ThermalNetwork(BOX, 1.0)
    for _ in range(100):
        network.step([0.0, 0.0], 1.0)
    difference = network.temperature_c(0) - network.temperature_c(1)
    assert difference == pytest.approx(40.0 * math.exp(-100.0 * 2.0 * (1 / 100.0 + 1 / 300.0)), rel=0.05)
    for _ in range(2000):
        network.step([0.0, 0.0], 1.0)
    assert network.temperature_c(0) == pytest.approx(20.0)


def test_a_plate_settles_where_radiation_balances(parameters: SpacecraftParameters) -> None:
    """A lone radiator under constant heat ends at the fourth root; degraded to a half, by the root of two higher."""
    alone = msgspec.structs.replace(
        parameters.thermal,
        nodes=(NodeParameters("structure", 100.0, 20.0),),
        couplings=(),
        surfaces=tuple(s for s in parameters.thermal.surfaces if s.node == "structure"),
        heaters=(),
    )
    network = ThermalNetwork(alone, 1.0)
    emitting_m2 = sum(surface.area_m2 * surface.emissivity for surface in alone.surfaces)
    for _ in range(5000):
        network.step([30.0], 1.0)
    balance_k = (30.0 / (5.670374419e-8 * emitting_m2)) ** 0.25
    assert network.state.temperatures_k[0] == pytest.approx(balance_k, rel=1e-6)
    network.state.radiation_factor[0] = 0.5
    for _ in range(5000):
        network.step([30.0], 1.0)
    assert network.state.temperatures_k[0] == pytest.approx(balance_k * 2**0.25, rel=1e-6)


def test_too_long_a_step_is_refused(parameters: SpacecraftParameters) -> None:
    """Half of min(C / sum G) is the limit, radiation included; the error names the node that sets it."""
    assert ThermalNetwork(BOX, 25.0).longest_step() == (pytest.approx(25.0), "hot")
    with pytest.raises(StepTooLongError, match=r"thermal.nodes\[hot\]: .*at most 25") as caught:
        ThermalNetwork(BOX, 25.1)
    assert caught.value.limit_s == pytest.approx(25.0)
    limit_s, _ = ThermalNetwork(parameters.thermal, 1.0).longest_step()
    assert limit_s > 10.0
    ThermalNetwork(parameters.thermal, limit_s)


def test_a_node_without_any_exchange_sets_no_limit() -> None:
    """An isolated node integrates exactly at any step."""
    isolated = msgspec.structs.replace(BOX, couplings=())
    assert ThermalNetwork(isolated, 1000.0).longest_step() == (math.inf, "")


def test_nodes_have_numbers_and_names() -> None:
    """A name gives its number; an unknown one is an error that lists the known ones."""
    network = ThermalNetwork(BOX, 1.0)
    assert network.number("cold") == 1
    with pytest.raises(UnknownNameError, match="no node is named 'oven'; there are: hot, cold"):
        network.number("oven")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"nodes": (BOX.nodes[0], BOX.nodes[0])}, "thermal.nodes"),
        ({"couplings": (CouplingParameters("hot", "oven", 1.0),)}, "thermal.couplings.b"),
        ({"surfaces": load_parameters().thermal.surfaces[:1]}, "thermal.surfaces[plus_x].node"),
        ({"heaters": load_parameters().thermal.heaters[:1]}, "thermal.heaters[battery_a].node"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, object], path: str) -> None:
    """Names must be unique, and everything must belong to a node that exists."""
    with pytest.raises(ParameterError) as caught:
        ThermalNetwork(msgspec.structs.replace(BOX, **changes), 1.0)
    assert caught.value.path == path
