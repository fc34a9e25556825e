"""Hundreds of slips in the reference spacecraft's file: each is refused by name, or flies."""

import copy
import importlib.resources
import math
import random
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bus_sim.endpoints.wiring import wire
from bus_sim.errors import BusSimError, ModelRangeError
from bus_sim.parameters import parameters_from_document
from bus_sim.spacecraft import Spacecraft
from flightsw.devices.framing import pack_request

Path = tuple[str | int, ...]
Node = Any
"""Whatever stands in a document."""

SHARDS = 8
MUTATIONS_PER_SHARD = 120
FLOWN_S = 40
GET_STATUS = 1
VALUES: tuple[Any, ...] = (
    *("", "x", "é" * 40, -1, 0, 1, 2**31, 2**64, -(2**63), 0.5, -0.5, 1e-300, 1e308, -1e308),
    *(math.nan, math.inf, -math.inf, True, [], {}, [1], {"a": 1}),
)


def leaves(node: Node, path: Path = ()) -> Iterator[Path]:
    """Every place of a document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from leaves(value, (*path, key))


def put(value: Node) -> Callable[[Node, Node], None]:
    """A change that writes a value."""

    def change(parent: Node, key: Node) -> None:
        parent[key] = value

    return change


def remove(parent: Node, key: Node) -> None:
    """A change that takes an entry away."""
    del parent[key]


def double(parent: Node, key: Node) -> None:
    """A change that has an entry twice."""
    if isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    else:
        parent[f"{key}_x"] = parent[key]


def scaled(factor: float) -> Callable[[Node, Node], None]:
    """A change that is a slip of the sign or the exponent."""

    def change(parent: Node, key: Node) -> None:
        if isinstance(parent[key], int | float):
            parent[key] *= factor

    return change


CHANGES = (*(put(value) for value in VALUES), remove, double, scaled(-1), scaled(1000.0), scaled(0.001))


def reference() -> dict[str, Any]:
    """The reference spacecraft's file."""
    return tomllib.loads(importlib.resources.files("bus_sim").joinpath("urbanwatch.toml").read_text("utf-8"))


def fly(document: dict[str, Any]) -> None:
    """Fly for a while with everything on, and ask every device for its status."""
    spacecraft = Spacecraft(parameters_from_document(document), seed=1)
    endpoints = wire(spacecraft)
    for number in range(len(spacecraft.distribution.line_names)):
        spacecraft.distribution.switch(number, on=True)
    for number in range(len(spacecraft.heaters.names)):
        spacecraft.heaters.switch(number, on=True)
    spacecraft.sband_transmitter.switch(on=True)
    spacecraft.body.apply_torque((1.0, -1.0, 1.0))
    for second in range(FLOWN_S):
        spacecraft.step()
        spacecraft.truth()
        for endpoint in endpoints.values():
            endpoint.receive(pack_request(GET_STATUS, second, b""))


def blamed(document: dict[str, Any]) -> str | None:
    """The place or the quantity that an error names; None when it flies."""
    try:
        fly(document)
    except BusSimError as error:
        return str(getattr(error, "path", None) or getattr(error, "quantity", ""))
    return None


@pytest.mark.untraced
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_wrong_spacecraft_is_refused_by_name_or_flies(shard: int) -> None:
    """No slip in the file ends in anything but an error that says where, or a flight in finite numbers."""
    stream = random.Random(shard)
    paths = list(leaves(reference()))
    refused = 0
    for _ in range(MUTATIONS_PER_SHARD):
        document, path, change = reference(), stream.choice(paths), stream.choice(CHANGES)
        parent: Node = document
        for step in path[:-1]:
            parent = parent[step]
        change(parent, path[-1])
        named = blamed(document)
        refused += named is not None
        assert named != "", path
    assert MUTATIONS_PER_SHARD // 3 < refused < MUTATIONS_PER_SHARD


@pytest.mark.parametrize(
    ("path", "value", "named", "allowed"),
    [
        (("thermal", "surfaces", 1, "normal", 0), math.nan, "thermal.surfaces[1].normal[0]", "-1000 to 1000"),
        (("battery", "r0_activation_k"), 2147483648, "battery.r0_activation_k", "0 to 10000"),
        (("sensors", "star_tracker_sun_deg"), math.inf, "sensors.star_tracker_sun_deg", "above 0, up to 180"),
        (("body", "residual_torque_nm", 2), 2.0**64, "body.residual_torque_nm[2]", "-0.1 to 0.1"),
        (("sensors", "star_tracker_axis"), [0.0, 0.0, 0.0], "sensors.star_tracker_axis", "a vector with a length"),
        (("camera", "boresight"), [0.0, 0.0, 0.0], "camera.boresight", "a vector with a length"),
        (("sband_transmitter", "radiated_w"), 9.0, "sband_transmitter.radiated_w", "at most on_w, 8.0"),
        (("distribution", "tiers", 0, "recovered_v"), 20.0, "distribution.tiers[0].recovered_v", "at least below_v"),
        (("distribution", "lines", 3, "node"), "oven", "distribution.lines[attitude_control].node", "structure"),
        (("distribution", "lines", 8, "name"), "yband", "distribution.lines", "xband"),
        (("battery", "node"), "oven", "battery.node", "structure"),
        (("stations", 1, "name"), "Beijing", "stations", "Beijing"),
        (("compute_board", "modes", 0, "speed"), 2.0, "compute_board.modes[0].speed", "above 0, up to 1"),
        (("mass_memory", "most_files"), 0, "mass_memory.most_files", "1 to 1048576"),
        (("battery", "ocv_v", 3), "x", "battery.ocv_v[3]", "above 0, up to 10"),
        (("stations", 0, "name"), "", "stations[0].name", "1 to 64 characters"),
        (("orbit", "tle_line_1"), "1" * 68 + "8", "orbit", ""),
        (("thermal", "nodes", 0, "heat_capacity_j_k"), 1.0, "thermal.nodes[structure]", "at most 0.088 s"),
    ],
)
def test_the_error_names_the_field_and_what_is_allowed(path: Path, value: Node, named: str, allowed: str) -> None:
    """Whoever reads the message knows where to look and what to write there."""
    document = reference()
    parent: Node = document
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    with pytest.raises(BusSimError) as caught:
        fly(document)
    assert str(caught.value).startswith(named), caught.value
    assert allowed in str(caught.value)


def test_a_spacecraft_that_leaves_the_models_says_which_quantity() -> None:
    """Parameters that are possible one by one and melt the spacecraft together end in an error of the model."""
    document = reference()
    document["thermal"]["heaters"][0]["power_w"] = 5000.0
    document["distribution"]["lines"][5]["limit_a"] = 1000.0
    document["battery"]["r0_ohm"] = [1e-6] * 13
    document["thermal"]["nodes"][2]["heat_capacity_j_k"] = 100.0
    with pytest.raises(ModelRangeError, match="temperature of node 'battery'") as caught:
        fly(document)
    assert caught.value.highest == pytest.approx(503.97, abs=0.01)
    assert caught.value.value > caught.value.highest


def test_a_body_spun_up_beyond_reason_says_so() -> None:
    """A constant torque on a body without mass ends in an error of the model, not in numbers that are none."""
    document = reference()
    document["body"]["inertia_kg_m2"] = [1e-6] * 3
    document["body"]["residual_torque_nm"] = [0.1, 0.1, 0.1]
    with pytest.raises(ModelRangeError, match="body rate"):
        fly(document)
