"""Key files that lack what the links of a mission begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from flightsw.mission import Mission
from flightsw.mission_links import MissionLinks
from ops_tools.cli import main
from ops_tools.link_keys import LinkKeyMissingError, check_link_keys
from ops_tools.reference_mission import reference_mission
from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import SecretKey
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

ADVICE = "'flightsw keys create FILE --mission MISSION' makes a file that has it"


@pytest.fixture(scope="module")
def links() -> MissionLinks:
    """Three protected directions, with keys 128, 129 and 130."""
    return Mission.load(reference_mission() / "mission.toml").file.links


def ring_with(*entries: KeyEntry) -> KeyRing:
    """A ring that has what the S-band needs, and more."""
    return KeyRing([*derive_simulation_keys(1, [1], [128, 129]).entries, *entries])


def test_a_file_with_all_keys_is_good(links: MissionLinks) -> None:
    """Whatever else is in it."""
    check_link_keys(links, derive_simulation_keys(1, [1, 2], [128, 129, 130], [131]))


@pytest.mark.parametrize(
    ("ring", "problem"),
    [
        (ring_with(), "and the key file has no such session key"),
        (ring_with(KeyEntry(130, KeyKind.SESSION, KeyState.PREACTIVE, SecretKey(bytes(32)))), "it is preactive"),
        (ring_with(KeyEntry(130, KeyKind.SESSION, KeyState.DESTROYED)), "it is destroyed"),
        (ring_with(KeyEntry(130, KeyKind.MASTER, KeyState.ACTIVE, SecretKey(bytes(32)))), "no such session key"),
        (
            ring_with(KeyEntry(130, KeyKind.SESSION, KeyState.ACTIVE, SecretKey(bytes(16)))),
            "in the key file it has 128",
        ),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(links: MissionLinks, ring: KeyRing, problem: str) -> None:
    """Which association, which key, and the command that makes a good file."""
    with pytest.raises(LinkKeyMissingError, match=r"^association 3 needs key 130 active, ") as caught:
        check_link_keys(links, ring)
    assert problem in str(caught.value)
    assert f": {ADVICE}" in str(caught.value)


@pytest.mark.parametrize("made", [["--sessions", "2"], ["--sessions", "1", "--spares", "1"]])
@pytest.mark.parametrize("what", [["run", "--headless"], ["yamcs", "--gateway-protects"], ["yamcs"]])
def test_such_a_file_starts_nothing(
    made: list[str], what: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a flight, of which some radio would send nothing, nor a Yamcs with a key that is not in use."""
    keys, station = tmp_path / "mission.keys", tmp_path / "station"
    assert main(["keys", "create", str(keys), *made]) == 0
    output = ["-o", str(station)] if "yamcs" in what else []
    assert main([*what, *output, "--link-keys", str(keys)]) == 2
    complaint = capsys.readouterr().err
    assert "needs key 1" in complaint
    assert ADVICE in complaint
    assert not station.exists() or list(station.iterdir()) == []
