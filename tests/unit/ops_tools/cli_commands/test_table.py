from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from apps.thermal.app import Thermal
from flightsw.messages.tables import ActivateTable, LoadTable, LoadTableFile, ValidateTable
from flightsw.services.tables.image_file import TableImage
from ops_tools.cli import main
from tests.unit.ops_tools.tables.test_toml_text import MISSION
from tlm_cmd.definition.arguments import build
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.crc import crc32

SOURCE = MISSION.table_folder("thermal") / "setpoints.toml"
RULES = Thermal.tables["setpoints"].rules("thermal")
IMAGE = RULES.image_of(RULES.read(SOURCE))


def commands(printed: str) -> list[Command]:
    """The commands that were printed, as the ground would send them."""
    found = []
    for line in printed.splitlines():
        if line.startswith("flightsw cmd "):
            name, *arguments = shlex.split(line)[2:]
            entry = MISSION.dictionary.command(name)
            found.append(build(entry.record, dict(argument.split("=", 1) for argument in arguments)))
    return found


def test_an_image_is_built_and_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is what the board takes, and its text builds the same file."""
    file = tmp_path / "setpoints.tbl"
    assert main(["table", "build", "thermal.setpoints", "-o", str(file)]) == 0
    assert commands(capsys.readouterr().out) == [
        LoadTableFile("setpoints", "setpoints.tbl"),
        ValidateTable("setpoints"),
        ActivateTable("setpoints"),
    ]
    image = TableImage.unpack(file.read_bytes(), "file")
    assert (image.app, image.table, image.layout, image.part) == ("thermal", "setpoints", RULES.layout, IMAGE)
    assert main(["table", "show", str(file)]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"# thermal.setpoints: {len(IMAGE)} octets, CRC-32 {crc32(IMAGE):#010x}, layout ")
    again = tmp_path / "setpoints.toml"
    again.write_text(text)
    assert main(["table", "build", "thermal.setpoints", str(again), "-o", str(tmp_path / "again.tbl")]) == 0
    assert (tmp_path / "again.tbl").read_bytes() == file.read_bytes()
    assert main(["table", "show", str(again)]) == 0


def test_the_commands_for_a_load_without_a_file_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Together they make the image; the last two announce and activate it."""
    assert main(["table", "build", "camera.targets", "--commands"]) == 0
    *parts, validate, activate = commands(capsys.readouterr().out)
    octets = b"".join(part.data for part in parts if isinstance(part, LoadTable))
    assert validate == ValidateTable("targets", len(octets), crc32(octets))
    assert activate == ActivateTable("targets")
    assert len(octets) == len(
        MISSION.app_class("camera").tables["targets"].open("camera", MISSION.table_folder("camera")).image
    )


def test_a_part_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It announces the whole; shown it says so; as no whole it is not checked on the ground."""
    file = tmp_path / "patch.tbl"
    assert main(["table", "build", "thermal.setpoints", "-o", str(file), "--part", "3:4", "--commands"]) == 0
    assert LoadTable("setpoints", 3, IMAGE[3:7]) in commands(capsys.readouterr().out)
    image = TableImage.unpack(file.read_bytes(), "file")
    assert (image.offset, image.part, image.octets, image.checksum) == (3, IMAGE[3:7], len(IMAGE), crc32(IMAGE))
    assert main(["table", "show", str(file)]) == 0
    assert f"part of 4 octets at 3 of {len(IMAGE)}" in capsys.readouterr().out
    assert main(["table", "check", str(file)]) == 1
    assert "checked on board" in capsys.readouterr().err


def test_every_table_of_the_mission_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each."""
    assert main(["table", "check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("thermal.setpoints: ") for line in lines)
    assert len(lines) == sum(len(MISSION.app_class(app).tables) for app in MISSION.file.apps)


def test_what_is_not_allowed_is_not_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The app's own rule and the ranges are asked; nothing is written, and the status says so."""
    source, file = tmp_path / "setpoints.toml", tmp_path / "setpoints.tbl"
    for wrong, cause in (
        ("on_below = 90.0", "must be under off_above"),
        ("on_below = 900.0", "allowed are -100 to 150"),
    ):
        source.write_text(SOURCE.read_text().replace("on_below = 5.0", wrong))
        assert main(["table", "build", "thermal.setpoints", str(source), "-o", str(file)]) == 1
        assert cause in capsys.readouterr().err
        assert main(["table", "check", str(source)]) == 1
    assert not file.exists()


def test_a_damaged_or_strange_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One flipped bit, a missing file, a source of unknown purpose: each is named."""
    good = TableImage.of(RULES, IMAGE).pack()
    (tmp_path / "bad.tbl").write_bytes(good[:-1] + bytes((good[-1] ^ 1,)))
    (tmp_path / "odd.toml").write_text("")
    (tmp_path / "rules.toml").write_text("")
    for file, status, cause in (
        ("bad.tbl", 1, "corrupt, CRC-32"),
        ("none.tbl", 2, f"flightsw table check: {tmp_path / 'none.tbl'}: No such file or directory\n"),
        ("none.toml", 2, f"flightsw table check: {tmp_path / 'none.toml'}: No such file or directory\n"),
        ("odd.toml", 2, "no table of the mission has a file of this name"),
        ("rules.toml", 2, "say which by --table APP.TABLE"),
    ):
        assert main(["table", "show", str(tmp_path / file)]) == status
        assert main(["table", "check", str(tmp_path / file)]) == status
        assert cause in capsys.readouterr().err
    assert main(["table", "check", str(tmp_path / "none.tbl"), str(tmp_path / "bad.tbl")]) == 2
    assert main(["table", "check", "--table", "products.rules", str(tmp_path / "rules.toml")]) == 1
    assert "needs the argument" in capsys.readouterr().err


def test_a_table_that_there_is_not_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    assert main(["table", "build", "thermal.none"]) == 2
    assert "flightsw table build: no table thermal.none, the mission has attitude.axes, " in capsys.readouterr().err
    for wrong in (["build", "thermal"], ["build", "thermal.setpoints", "--part", "x"]):
        with pytest.raises(SystemExit):
            main(["table", *wrong])
    assert main(["table", "build", "thermal.setpoints", "-o", "/nowhere/x.tbl"]) == 2
    assert "/nowhere/x.tbl cannot be written: No such file or directory\n" in capsys.readouterr().err
