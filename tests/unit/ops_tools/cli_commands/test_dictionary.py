from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path

import pytest

from flightsw.mission import Mission
from ops_tools.cli import main
from ops_tools.cli_commands import dictionary
from ops_tools.cli_commands.dictionary import MAX_DIFFERENCES, MAX_LINE_CHARACTERS, default_mission
from ops_tools.cli_commands.dictionary_differences import compare
from ops_tools.cli_commands.dictionary_show import show
from ops_tools.cli_commands.output import table, value_text
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface
from tlm_cmd.definition.message import Command


class OpenVault(Command, code=2, hazardous=True, secret=True):
    """Open the door."""


MISSION = """
name = "small"
version = "1"
[time]
epoch_utc = "2026-01-01T00:00:00Z"
[links.s_band]
spacecraft_id = 1
[apps.{first}]
package = "apps.power"
apid = 0x30
[apps.thermal]
package = "apps.thermal"
apid = {apid}
"""


def shell(*words: str) -> int:
    """Run a line of the shell."""
    parser = ArgumentParser(prog="flightsw")
    dictionary.register(parser.add_subparsers())
    arguments = parser.parse_args(["dictionary", *words])
    assert arguments.run is dictionary.run
    return dictionary.run(arguments)


@pytest.fixture
def mission(tmp_path: Path) -> Path:
    """A mission of two apps."""
    path = tmp_path / "mission.toml"
    path.write_text(MISSION.format(first="power", apid="0x40"))
    return path


def test_the_reference_mission_is_exported_and_agrees_with_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What export writes, check accepts."""
    path = tmp_path / "dictionary.json"
    assert shell("export", "--format", "json", "-o", str(path)) == 0
    summary = capsys.readouterr().out
    assert f"{path}: " in summary
    assert Mission.load(default_mission()).dictionary.content_hash[:16] in summary
    assert shell("check", str(path)) == 0
    assert "agrees with the mission" in capsys.readouterr().out


def test_export_writes_to_standard_output(mission: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON that programs read, and Markdown that people read."""
    assert shell("export", "-o", "-", "--mission", str(mission)) == 0
    document = json.loads(capsys.readouterr().out)
    assert "POWER.SWITCH_LINE" in [entry["name"] for entry in document["commands"]]
    assert shell("export", "--format", "markdown", "-o", "-", "--mission", str(mission)) == 0
    assert "POWER.SWITCH_LINE" in capsys.readouterr().out


def test_a_changed_dictionary_differs_by_name(
    mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is gone, what is new and what is otherwise, each in one line; exit code 1."""
    path = tmp_path / "dictionary.json"
    shell("export", "-o", str(path), "--mission", str(mission))
    document = json.loads(path.read_text())
    renamed, changed = document["commands"][0], document["commands"][1]
    renamed["name"], changed["code"] = "POWER.NEW", 99
    path.write_text(json.dumps(document))
    capsys.readouterr()
    assert shell("check", str(path), "--mission", str(mission)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "commands: POWER.NEW is only in the file" in lines
    assert "commands: POWER.NOOP is only in the mission" in lines
    assert f"commands: {changed['name']} differs in code" in lines


def test_differences_are_listed_up_to_a_bound(
    mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another mission altogether is not printed in full."""
    path = tmp_path / "dictionary.json"
    shell("export", "-o", str(path), "--mission", str(mission))
    capsys.readouterr()
    assert shell("check", str(path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == MAX_DIFFERENCES + 1
    assert lines[-1].startswith("and ")


def test_nothing_of_a_file_commands_the_terminal_or_fills_it(
    mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters in names and values, values without end, names without end."""
    path = tmp_path / "dictionary.json"
    shell("export", "-o", str(path), "--mission", str(mission))
    document = json.loads(path.read_text())
    document["x\x1b[31mred"], document["mission"] = 1, ["y" * 10_000]
    document["commands"].append({"name": "z\n" * 10_000})
    path.write_text(json.dumps(document))
    capsys.readouterr()
    assert shell("check", str(path), "--mission", str(mission)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "x?[31mred: 1 in the file, None in the mission" in lines
    assert f"mission: ['{'y' * 55}... in the file, 'small' in the mission" in lines
    assert [line[:17] for line in lines if len(line) == MAX_LINE_CHARACTERS] == ["commands: z?z?z?z"]
    assert len(lines) == 3


def test_other_parts_of_the_document_are_compared_too() -> None:
    """Whatever the documents hold."""
    found = {"mission": "a", "commands": [{"name": "X"}, "odd"]}
    assert compare(found, {"mission": "b", "commands": [{"name": "X"}]}) == [
        "mission: 'a' in the file, 'b' in the mission"
    ]


def test_a_mission_file_is_checked_by_building_it(mission: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good: its size and hash."""
    assert shell("check", str(mission)) == 0
    assert f"{mission} can be loaded: " in capsys.readouterr().out


def test_colliding_ids_are_named(mission: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both apps and the id; exit code 1, since the file is there and wrong."""
    mission.write_text(MISSION.format(first="power", apid="0x30"))
    assert shell("check", str(mission)) == 1
    error = capsys.readouterr().err
    assert "flightsw dictionary check: " in error
    assert "'power' and 'thermal' both claim" in error
    assert shell("export", "-o", "-", "--mission", str(mission)) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "absent.toml"], "absent.toml is missing"),
        (["check", "absent.json"], "flightsw dictionary check: absent.json: No such file or directory\n"),
        (["check", "absent.xml"], "flightsw dictionary check: absent.xml: No such file or directory\n"),
        (["import", "absent.xml"], "flightsw dictionary import: absent.xml: No such file or directory\n"),
        (["check", "folder.toml"], "flightsw dictionary check: "),
        (["check", "folder.xml"], "flightsw dictionary check: folder.xml: Is a directory"),
        (["check", "list.json"], "holds no dictionary"),
        (["check", "empty.json"], "holds no dictionary"),
        (["check", "lists.json"], "holds no dictionary"),
        (["check", "broken.json"], "broken.json: no JSON (Expecting property name"),
        (["check", "deep.json"], "deep.json: no JSON ("),
        (["check", "text.md"], "a mission file ends in .toml, an XTCE file in .xml, anything else is JSON"),
        (["export", "-o", "/dev/null/d.json"], "cannot be written"),
        (["export", "-o", "-", "--mission", "absent.toml"], "is missing"),
    ],
)
def test_what_cannot_be_done_is_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    """With the file and what is wrong with it."""
    monkeypatch.chdir(tmp_path)
    Path("folder.toml").mkdir()
    Path("folder.xml").mkdir()
    Path("list.json").write_text("[]")
    Path("empty.json").write_text("{}")
    Path("lists.json").write_text('{"commands": [], "telemetry": {}, "events": []}')
    Path("broken.json").write_text("{")
    Path("deep.json").write_text("[" * 100_000)
    Path("text.md").write_text("# Text\n")
    assert main(["dictionary", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_command_is_looked_up_with_its_arguments(mission: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Type, range and meaning of each, in any case of letters; columns that nobody needs are left out."""
    assert shell("show", "thermal.set_heater", "--mission", str(mission)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "THERMAL.SET_HEATER  command, APID 0x040, code 2",
        "  Overrule the thermostat of one heater, or give it back.",
        "  argument  type                          range   meaning",
        "  heater    u8                            0 to 7  number of the heater",
        "  control   u8: 0 AUTOMATIC, 1 OFF, 2 ON",
    ]
    assert shell("show", "power.switch_line", "--mission", str(mission)) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(", hazardous: needs --confirm REASON")
    assert shell("show", "POWER.NOOP", "--mission", str(mission)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "  no arguments"


def test_a_secret_command_is_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """By itself, and in the list of its app; it may be hazardous too."""
    assert shell("show", "COMMAND_INGEST.SECURITY_PROCEDURE") == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(", secret: its arguments are in no record")
    assert shell("show", "COMMAND_INGEST") == 0
    listed = {line.split()[0]: line.split()[1] for line in capsys.readouterr().out.splitlines() if line[0] == " "}
    assert [name for name, nature in listed.items() if nature == "(secret)"] == ["COMMAND_INGEST.SECURITY_PROCEDURE"]
    both = Dictionary("bank", [AppInterface("vault", 0x40, (OpenVault,))])
    assert show(both, "VAULT.OPEN_VAULT")[0].endswith(
        "code 2, hazardous: needs --confirm REASON, secret: its arguments are in no record"
    )
    assert show(both, "VAULT")[1].split()[1:3] == ["(hazardous,", "secret)"]


def test_packets_and_events_are_looked_up_with_their_fields(mission: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With unit and limits, period, severity and text."""
    assert shell("show", "POWER.POWER_STATUS", "--mission", str(mission)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "POWER.POWER_STATUS  packet, APID 0x037, every 1 s"
    assert lines[2].split() == ["field", "type", "unit", "range", *("yellow", "limits", "red", "limits"), "meaning"]
    assert "V     0 to 65.535" in lines[3]
    assert "26 to 33.4     24.5 to 33.8" in lines[3]
    assert shell("show", "THERMAL.TEMPERATURE_OUT_OF_LIMITS", "--mission", str(mission)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "THERMAL.TEMPERATURE_OUT_OF_LIMITS  event, APID 0x040, code 32, ERROR"
    assert lines[2] == "  sensor {sensor} at {temperature:.1f} degC is out of limits"


def test_an_app_is_looked_up_with_all_that_it_has(mission: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each; without a name the apps, and with a wrong one those that are near."""
    assert shell("show", "power", "--mission", str(mission)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("  ")] == ["commands:", "packets:", "events:"]
    assert next(line for line in lines if "POWER.SWITCH_LINE" in line).split()[1] == "(hazardous)"
    assert not any("THERMAL." in line for line in lines)
    assert shell("show", "--mission", str(mission)) == 0
    assert capsys.readouterr().out.splitlines() == ["POWER  APID 0x030", "THERMAL  APID 0x040"]
    assert shell("show", "THERMAL.SET_HEETER", "--mission", str(mission)) == 2
    assert "did you mean THERMAL.SET_HEATER" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["xtce", "xtce-plain"])
def test_xtce_is_exported_and_agrees_with_the_mission(
    form: str, mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What export writes, check accepts; what was changed, it does not."""
    path = tmp_path / "mission.xml"
    assert shell("export", "--format", form, "-o", str(path), "--mission", str(mission)) == 0
    said = capsys.readouterr().err
    assert ("messages are written without fields: POWER.MAILBOX_REPORT" in said) == (form == "xtce-plain")
    assert shell("check", str(path), "--mission", str(mission)) == 0
    assert "agrees with the mission" in capsys.readouterr().out
    path.write_text(path.read_text().replace("whole seconds", "seconds"))
    assert shell("check", str(path), "--mission", str(mission)) == 1
    assert "is not what export writes" in capsys.readouterr().out
    path.write_text("<SpaceSystem/>")
    assert shell("check", str(path), "--mission", str(mission)) == 2
    assert "line 1: SpaceSystem: has no attribute name" in capsys.readouterr().err


@pytest.mark.parametrize(("form", "packet"), [("xtce", "POWER.POWER_STATUS"), ("xtce-plain", "POWER_POWER_STATUS")])
def test_what_a_changed_xtce_file_has_otherwise_is_named(
    form: str, packet: str, mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By packet, as for JSON; where it stands in the file is no difference, and nothing is said of the other form."""
    path = tmp_path / "mission.xml"
    shell("export", "--format", form, "-o", str(path), "--mission", str(mission))
    text = path.read_text()
    field = text.index('name="PowerStatus_battery_voltage"')
    path.write_text(text[:field] + "\n" + text[field:].replace("<Unit>V<", "<Unit>mV<", 1))
    capsys.readouterr()
    assert shell("check", str(path), "--mission", str(mission)) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines()[:-1] == [f"telemetry: {packet} differs in fields"]


def test_a_changed_verifier_is_named(mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Though nothing here follows a command by it: the control system that gets the file does."""
    path = tmp_path / "mission.xml"
    shell("export", "--format", "xtce", "-o", str(path), "--mission", str(mission))
    path.write_text(path.read_text().replace("PT60S", "PT99S", 1))
    capsys.readouterr()
    assert shell("check", str(path), "--mission", str(mission)) == 1
    differences = capsys.readouterr().out.splitlines()[:-1]
    assert differences == ["commands: CcsdsCommand differs in VerifierSet"]


@pytest.mark.parametrize("form", ["xtce", "xtce-plain"])
def test_a_file_that_differs_in_nothing_that_is_read_says_where(
    form: str, mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first octet that differs, in the file or behind its end."""
    path = tmp_path / "mission.xml"
    shell("export", "--format", form, "-o", str(path), "--mission", str(mission))
    data = path.read_bytes()
    place = data.index(b"<ParameterTypeSet>")
    line = data[:place].count(b"\n") + 1
    for changed, octet, in_line in (
        (data + b"\n", len(data), data.count(b"\n") + 1),
        (data[:-1], len(data) - 1, data.count(b"\n")),
        (data[:place] + b" " + data[place:], place, line),
    ):
        path.write_bytes(changed)
        capsys.readouterr()
        assert shell("check", str(path), "--mission", str(mission)) == 1
        assert capsys.readouterr().out.splitlines()[0] == (
            f"nothing that is read differs; the files do from octet {octet}, line {in_line} on"
        )


def test_xtce_of_other_headers_is_refused(mission: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would describe packets that nobody sends."""
    mission.write_text(f'packets = "pus"\n{mission.read_text()}')
    assert shell("export", "--format", "json", "-o", "-", "--mission", str(mission)) == 0
    assert shell("export", "--format", "xtce", "-o", "-", "--mission", str(mission)) == 2
    assert "those of the mission are pus" in capsys.readouterr().err


def test_values_and_tables_are_written_for_people() -> None:
    """Numbers short, structures readable, columns aligned."""
    assert value_text({"a": [1.0, None, True, False], "b": "x"}) == "{a: [1, -, true, false], b: x}"
    assert table([("a", "long"), ("longer", "b")]) == ["a       long", "longer  b"]
    assert table([]) == []
