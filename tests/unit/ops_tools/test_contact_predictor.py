"""Predicted contacts are those that the simulated spacecraft has."""

from __future__ import annotations

import msgspec
import pytest

from bus_sim.environment.epoch import Epoch
from bus_sim.environment.sample import Environment
from bus_sim.errors import OrbitError
from bus_sim.parameters import SpacecraftParameters, load_parameters
from ops_tools.contact_predictor import EDGE_NS, HORIZON_NS, ContactPredictor

SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def spacecraft() -> SpacecraftParameters:
    """The reference spacecraft."""
    return load_parameters()


def test_the_plan_agrees_with_the_truth_of_every_second(spacecraft: SpacecraftParameters) -> None:
    """Over an orbit and a half, the station that should see the spacecraft is the one that does, handover included."""
    predictor = ContactPredictor(spacecraft)
    truth = Environment(Epoch(spacecraft.start_utc), spacecraft.orbit, spacecraft.stations)
    disagreements, stations = 0, []
    for second in range(0, 8600, 2):
        contact = predictor.current(second * SECOND_NS)
        seen_by = truth.at(second * SECOND_NS).station
        wanted = spacecraft.stations[seen_by].name if seen_by >= 0 else None
        disagreements += (None if contact is None else contact.station) != wanted
        if contact is not None and contact.station not in stations:
            stations.append(contact.station)
    assert disagreements == 0
    assert stations[:2] == ["Beijing", "Sanya"]


def test_the_next_contact_begins_where_the_prediction_says(spacecraft: SpacecraftParameters) -> None:
    """A nanosecond before its begin it is the next one, at its begin it goes on, at its end it is over."""
    predictor = ContactPredictor(spacecraft)
    first = predictor.following(0)
    assert first is not None
    assert abs(first.begin_ns - 1493.5 * SECOND_NS) < SECOND_NS
    assert predictor.following(first.begin_ns - 1) == first
    assert predictor.current(first.begin_ns - 1) is None
    assert predictor.current(first.begin_ns) == first
    second = predictor.following(first.begin_ns)
    assert second is not None
    assert second.begin_ns == first.end_ns
    assert predictor.current(first.end_ns) == second
    assert EDGE_NS <= SECOND_NS


def test_no_station_means_no_contact(spacecraft: SpacecraftParameters) -> None:
    """The search ends at the horizon, and goes on from there with the time."""
    predictor = ContactPredictor(msgspec.structs.replace(spacecraft, stations=()))
    assert predictor.following(0) is None
    assert predictor.current(HORIZON_NS) is None


def test_elements_that_decay_end_the_plan(spacecraft: SpacecraftParameters, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the orbit cannot be predicted any more there are no contacts, and no error."""
    predictor = ContactPredictor(spacecraft)

    def decayed(_self: Environment, now_ns: int) -> None:
        raise OrbitError(6, "mrt is less than 1.0 which indicates the satellite has decayed", now_ns)

    monkeypatch.setattr(Environment, "at", decayed)
    assert predictor.following(0) is None
    assert predictor.current(10**12) is None
