from __future__ import annotations

from pathlib import Path

import pytest

from flightsw.mission import Mission
from flightsw.mission_links import key_plan
from flightsw.services.key_file import create_key_file, read_key_file
from ops_tools.cli import main
from ops_tools.link_keys import check_link_keys
from ops_tools.reference_mission import reference_mission
from tlm_cmd.sdls.key_ring import KeyKind, KeyState
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys


def test_fresh_keys_are_made_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file holds so many keys of 256 bits, all different; what is printed tells them apart and shows none."""
    path = tmp_path / "mission.keys"
    assert main(["keys", "create", str(path), "--masters", "2", "--sessions", "3", "--spares", "1"]) == 0
    created = capsys.readouterr().out
    assert main(["keys", "check", str(path)]) == 0
    assert created == f"wrote {path}\n{capsys.readouterr().out}"
    entries = read_key_file(path).entries
    assert [(entry.key_id, entry.kind, entry.state) for entry in entries] == [
        (1, KeyKind.MASTER, KeyState.ACTIVE),
        (2, KeyKind.MASTER, KeyState.ACTIVE),
        (128, KeyKind.SESSION, KeyState.ACTIVE),
        (129, KeyKind.SESSION, KeyState.ACTIVE),
        (130, KeyKind.SESSION, KeyState.ACTIVE),
        (131, KeyKind.SESSION, KeyState.PREACTIVE),
    ]
    secrets = [entry.secret for entry in entries if entry.secret is not None]
    assert len({secret.reveal() for secret in secrets}) == 6
    for secret in secrets:
        assert len(secret) == 32
        assert secret.check_value in created
        assert not any(secret.reveal().hex()[at : at + 8] in created for at in range(57))


def test_two_files_have_no_key_in_common(tmp_path: Path) -> None:
    """Each file is made of keys of its own."""
    files = [tmp_path / "one.keys", tmp_path / "other.keys"]
    for path in files:
        assert main(["keys", "create", str(path)]) == 0
    one, other = ({entry.secret for entry in read_key_file(path).entries} for path in files)
    assert len(one) == 8
    assert one.isdisjoint(other)


def test_what_cannot_be_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there is not overwritten, and one that others may read is not read."""
    path = tmp_path / "mission.keys"
    assert main(["keys", "check", str(path)]) == 2
    assert main(["keys", "create", str(path)]) == 0
    before = path.read_bytes()
    assert main(["keys", "create", str(path)]) == 2
    assert path.read_bytes() == before
    path.chmod(0o644)
    assert main(["keys", "check", str(path)]) == 2
    complaints = capsys.readouterr().err.splitlines()
    assert [each.rpartition(f"{path}: ")[2].split(";")[0] for each in complaints] == [
        "No such file or directory",
        "is there already, and is not overwritten",
        "has mode 0644",
    ]


def test_keys_of_a_simulation_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever checks a file of derived keys is told that they are no secret; destroyed keys have no check value."""
    keys, path = derive_simulation_keys(1, [1], [128], [140]), tmp_path / "simulation.keys"
    keys.destroy([140])
    create_key_file(path, keys)
    assert main(["keys", "check", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("FOR SIMULATIONS ONLY")
    assert printed.splitlines()[-1].split() == ["140", "session", "destroyed", "-", "-"]


@pytest.mark.parametrize(
    "arguments",
    [["--masters", "0"], ["--masters", "128"], ["--sessions", "0"], ["--sessions", "65"], ["--spares", "-1"]],
)
def test_numbers_have_limits(arguments: list[str], tmp_path: Path) -> None:
    """Numbers of keys beyond what ids and ring hold are refused before anything is made."""
    with pytest.raises(SystemExit):
        main(["keys", "create", str(tmp_path / "mission.keys"), *arguments])
    assert list(tmp_path.iterdir()) == []


def test_the_usual_file_has_what_the_reference_mission_needs(tmp_path: Path) -> None:
    """Whoever makes a file without another word can fly with it."""
    path = tmp_path / "mission.keys"
    assert main(["keys", "create", str(path)]) == 0
    links = Mission.load(reference_mission() / "mission.toml").file.links
    plan, ring = key_plan(links), read_key_file(path)
    check_link_keys(links, ring)
    assert tuple(entry.key_id for entry in ring.entries) == (*plan.masters, *plan.sessions, *plan.spares)


@pytest.mark.parametrize("key_id", [0, 1, 5, 127, 130, 200, 65_535])
@pytest.mark.parametrize("algorithm", ["aes-128-cmac", "aes-256-cmac"])
def test_a_file_for_a_mission_has_what_its_links_begin_with(tmp_path: Path, key_id: int, algorithm: str) -> None:
    """Whatever ids its keys have, and whatever lengths its algorithms need: what is advised if a key is missing."""
    mission, path = tmp_path / "mission.toml", tmp_path / "mission.keys"
    key = f'{{ key_id = {key_id}, algorithm = "{algorithm}", sequence_octets = 4, window = 1024 }}'
    mission.write_text(f'extends = "apps.missions.urbanwatch"\n[links.x_band]\ntelemetry_security = {key}\n')
    links = Mission.load(mission).file.links
    assert main(["keys", "create", str(path), "--mission", str(mission)]) == 0
    check_link_keys(links, read_key_file(path))
    masters = [entry for entry in read_key_file(path).entries if entry.kind is KeyKind.MASTER]
    assert [len(entry.secret or b"") for entry in masters] == [32]


def test_numbers_of_keys_are_refused_beside_a_mission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how many there are; and a mission without protected links needs no file."""
    path, mission, bench = tmp_path / "mission.keys", reference_mission() / "mission.toml", tmp_path / "bench.toml"
    assert main(["keys", "create", str(path), "--mission", str(mission), "--spares", "4"]) == 2
    assert "neither --masters, --sessions nor --spares" in capsys.readouterr().err
    protected = mission.read_text().replace('profile = "flight"', 'profile = "lab"')
    bench.write_text("".join(line for line in protected.splitlines(keepends=True) if "_security = " not in line))
    assert main(["keys", "create", str(path), "--mission", str(bench)]) == 2
    assert "no link of the mission is protected" in capsys.readouterr().err
    assert main(["keys", "create", str(path), "--mission", str(tmp_path / "none.toml")]) == 2
    assert not path.exists()


@pytest.mark.parametrize("action", ["create", "check"])
def test_the_help_of_each_action_has_examples_and_exit_codes(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own."""
    with pytest.raises(SystemExit):
        main(["keys", action, "--help"])
    printed = capsys.readouterr().out
    assert f"examples:\n  flightsw keys {action} mission.keys\n" in printed
    assert "\nexit codes: 0 " in printed
