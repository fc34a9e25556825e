"""What no single value of a spacecraft's file can be blamed for: things that must fit to each other."""

import datetime as dt
from collections.abc import Iterator

from bus_sim.directions import direction
from bus_sim.errors import ParameterError
from bus_sim.parameters import SpacecraftParameters

FIRST_START = dt.datetime(2017, 1, 1, tzinfo=dt.UTC)
"""Before, UTC was not 37 s behind TAI."""
LAST_START = dt.datetime(2056, 12, 31, tzinfo=dt.UTC)
"""Years of two-line elements, of two digits, end here."""
HIGHEST_BATTERY_V = 100.0
"""That an EPS can report (`flightsw.devices.eps.EpsStatus`)."""


def check(parameters: SpacecraftParameters, needed_lines: tuple[str, ...]) -> None:
    """Refuse parameters that contradict each other.

    Args:
        parameters: of the spacecraft.
        needed_lines: names of the power lines that feed what every spacecraft has.

    Raises:
        ParameterError: names the first place that does not fit, and what would.
    """
    start = parameters.start_utc
    if start.tzinfo is not None and not FIRST_START <= start <= LAST_START:
        allowed = f"{FIRST_START.date()} to {LAST_START.date()}"
        raise ParameterError("start_utc", f"{start.isoformat()} is outside", (allowed,))
    _check_names(parameters)
    _check_nodes(parameters)
    _check_lines(parameters, needed_lines)
    for name, transmitter in (
        ("sband_transmitter", parameters.sband_transmitter),
        ("xband_transmitter", parameters.xband_transmitter),
    ):
        if transmitter.radiated_w > transmitter.on_w:
            allowed = f"at most on_w, {transmitter.on_w}"
            raise ParameterError(f"{name}.radiated_w", f"is {transmitter.radiated_w}", (allowed,))
    direction("camera.boresight", parameters.camera.boresight)
    direction("sensors.star_tracker_axis", parameters.sensors.star_tracker_axis)
    battery = parameters.battery
    highest_v = battery.cells_in_series * max((*battery.ocv_v, battery.charge_voltage_v))
    if highest_v > HIGHEST_BATTERY_V:
        reason = f"{battery.cells_in_series} cells have {highest_v:g} V"
        raise ParameterError("battery.cells_in_series", reason, (f"up to {HIGHEST_BATTERY_V:g} V",))


def _check_names(parameters: SpacecraftParameters) -> None:
    for path, names in (
        ("stations", [station.name for station in parameters.stations]),
        ("panels", [panel.name for panel in parameters.panels]),
        ("thermal.heaters", [heater.name for heater in parameters.thermal.heaters]),
    ):
        for number, name in enumerate(names):
            if name in names[:number]:
                raise ParameterError(path, f"the name {name!r} occurs twice")


def _check_nodes(parameters: SpacecraftParameters) -> None:
    nodes = tuple(node.name for node in parameters.thermal.nodes)
    for path, name in _node_places(parameters):
        if name not in nodes:
            raise ParameterError(path, f"no node is named {name!r}", nodes)


def _node_places(parameters: SpacecraftParameters) -> Iterator[tuple[str, str]]:
    yield "battery.node", parameters.battery.node
    yield "distribution.node", parameters.distribution.node
    for line in parameters.distribution.lines:
        yield f"distribution.lines[{line.name}].node", line.node


def _check_lines(parameters: SpacecraftParameters, needed: tuple[str, ...]) -> None:
    lines = [line.name for line in parameters.distribution.lines]
    for name in needed:
        if name not in lines:
            raise ParameterError("distribution.lines", f"no line is named {name!r}; needed are {', '.join(needed)}")
    for number, tier in enumerate(parameters.distribution.tiers):
        if tier.recovered_v < tier.below_v:
            path = f"distribution.tiers[{number}].recovered_v"
            raise ParameterError(path, f"is {tier.recovered_v}", (f"at least below_v, {tier.below_v}",))
