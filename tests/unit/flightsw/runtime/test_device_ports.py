"""Ports and drivers are looked for before anything flies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flightsw.mission import Mission, MissionError
from flightsw.runtime.device_ports import check_devices

PORTS = ("eps", "heaters")


@pytest.fixture
def mission(tmp_path: Path) -> Callable[[str], Mission]:
    """The reference mission with one device more."""

    def made(device: str) -> Mission:
        path = tmp_path / "mission.toml"
        path.write_text(f'extends = "apps.missions.urbanwatch"\n[devices]\n{device}\n')
        loaded = Mission.load(path)
        only = {name: entry for name, entry in loaded.file.devices.items() if name == "extra"}
        loaded.file.devices.clear()
        loaded.file.devices.update(only)
        return loaded

    return made


def test_a_device_with_driver_and_port_is_fine(mission: Callable[[str], Mission]) -> None:
    """Nothing is said about what fits."""
    check_devices(mission('extra = { driver = "flightsw.devices.eps:Eps", port = "eps", kind = "uart" }'), PORTS)


@pytest.mark.parametrize(
    ("device", "problem"),
    [
        (
            'extra = { driver = "flightsw.devices.eps:Eps", port = "nope", kind = "uart" }',
            "device 'extra': no port is named 'nope'; allowed are eps, heaters",
        ),
        (
            'extra = { driver = "flightsw.devices.eps:Nope", port = "eps", kind = "uart" }',
            "device 'extra': driver 'flightsw.devices.eps:Nope' cannot be imported",
        ),
        (
            'extra = { driver = "no_such_module:Nope", port = "eps", kind = "uart" }',
            "device 'extra': driver 'no_such_module:Nope' cannot be imported",
        ),
    ],
)
def test_what_no_device_can_hang_on_is_refused(mission: Callable[[str], Mission], device: str, problem: str) -> None:
    """The error names the device and what there is."""
    with pytest.raises(MissionError, match=problem):
        check_devices(mission(device), PORTS)
