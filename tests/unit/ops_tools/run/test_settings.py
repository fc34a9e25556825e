"""What the processes of a run are told."""

from __future__ import annotations

from pathlib import Path

from ops_tools.run.settings import RunSettings, decode, encode


def test_settings_arrive_as_they_were_given() -> None:
    """Paths, numbers and a missing spacecraft survive the way through a command's argument."""
    settings = RunSettings(Path("/m.toml"), None, 3, 12_345, 60.0, Path("/tmp/run"))  # noqa: S108 - never opened
    assert decode(encode(settings)) == settings
    with_craft = RunSettings(Path("/m.toml"), Path("craft.toml"), 3, 12_345, 0.5, Path("/tmp/run"))  # noqa: S108
    assert decode(encode(with_craft)) == with_craft


def test_sockets_and_process_list_lie_in_the_run_folder() -> None:
    """Everything of a run is below one folder, which its end removes."""
    settings = RunSettings(Path("m"), None, 0, 0, 1.0, Path("/r"))
    assert settings.devices == "ipc:///r/devices"
    assert settings.processes_file == Path("/r/processes.json")
    assert settings.clock().speed == 1.0
