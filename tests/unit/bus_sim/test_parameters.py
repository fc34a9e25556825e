import importlib.resources
from pathlib import Path

import pytest

from bus_sim.errors import ParameterError
from bus_sim.parameters import SpacecraftParameters, load_parameters, parameters_from_toml


@pytest.fixture(scope="module")
def text() -> str:
    """The reference mission's file."""
    return importlib.resources.files("bus_sim").joinpath("urbanwatch.toml").read_text("utf-8")


def test_the_reference_mission_is_a_12u_with_80_wh(parameters: SpacecraftParameters) -> None:
    """The package brings the mission's own file, with its stations and power modes."""
    assert [station.name for station in parameters.stations] == ["Beijing", "Sanya", "Kashi"]
    assert [mode.power_w for mode in parameters.compute_board.modes] == [7.0, 15.0, 25.0]
    assert len(parameters.thermal.nodes) >= 8


def test_a_file_of_ones_own_is_read_from_its_path(tmp_path: Path, text: str) -> None:
    """A mission file anywhere gives the same parameters and digest as the same text in the package."""
    path = tmp_path / "mission.toml"
    path.write_text(text, "utf-8")
    assert load_parameters(path).digest() == load_parameters().digest()


def test_the_digest_sees_every_value(text: str) -> None:
    """A changed value changes the digest."""
    changed = parameters_from_toml(text.replace("boot_s = 20.0", "boot_s = 21.0"))
    assert changed.digest() != load_parameters().digest()


@pytest.mark.parametrize(
    ("old", "new", "path", "allowed"),
    [
        ('name = "urbanwatch"', 'nme = "urbanwatch"', "nme", "name"),
        ("entropy_v_per_k", "entropy_v_k", "battery.entropy_v_k", "entropy_v_per_k"),
        ('surface = "plus_x"', 'surfce = "plus_x"', "panels[3].surfce", "surface"),
        ("speed = 0.75", "sped = 0.75", "compute_board.modes[1].sped", "speed"),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_exist(
    text: str, old: str, new: str, path: str, allowed: str
) -> None:
    """The error names the key by its place, and the keys that would have been right."""
    with pytest.raises(ParameterError, match="unknown key; allowed: ") as caught:
        parameters_from_toml(text.replace(old, new, 1))
    assert caught.value.path == path
    assert allowed in caught.value.allowed


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("initial_soc = 0.85", "initial_soc = 1.2", "battery.initial_soc"),
        ('name = "Kashi"', "name = 7", "stations[2].name"),
        ("most_substeps = 20", "", "body.most_substeps"),
        ("[onboard_computer]", "[[onboard_computer]]", "onboard_computer"),
        ("start_utc = 2026-05-15T02:41:00Z", "start_utc = 5", "start_utc"),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(text: str, old: str, new: str, path: str) -> None:
    """Range, type and missing keys are errors that say where."""
    with pytest.raises(ParameterError) as caught:
        parameters_from_toml(text.replace(old, new, 1))
    assert caught.value.path == path


def test_a_list_of_things_that_are_no_tables_is_refused(text: str) -> None:
    """Numbers where tables belong are found by type."""
    with pytest.raises(ParameterError, match="Expected `object`") as caught:
        parameters_from_toml(text.replace("{ power_w = 7.0, speed = 0.35 },", "7.0,"))
    assert caught.value.path == "compute_board.modes[0]"


def test_what_is_no_toml_is_refused() -> None:
    """A syntax error is reported as a parameter error of the document."""
    with pytest.raises(ParameterError, match="the document: is no TOML"):
        parameters_from_toml("name = ")
