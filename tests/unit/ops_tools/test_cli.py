"""The command line: flights, help and errors."""

from __future__ import annotations

import importlib.resources
import json
import re
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest

from ops_tools.cli import main, parser

SHORT = """
name = "short"
mission = "{mission}"
duration_s = {duration}

[[commands]]
at_s = 5
name = "EXECUTIVE.NOOP"
expect = "{expect}"

[[expectations]]
requirement = "T-1"
text = "The ledger closes."
value = "{value}"
equals = true
"""
MISSION = Path(__file__).resolve().parents[3] / "apps" / "missions" / "urbanwatch" / "mission.toml"


def scenario(tmp_path: Path, *, expect: str = "timed_out", value: str = "ledger.closed", duration: int = 90) -> Path:
    """A short flight without contact: its command cannot arrive."""
    path = tmp_path / "short.toml"
    path.write_text(SHORT.format(mission=MISSION, expect=expect, value=value, duration=duration))
    return path


def test_demo_writes_result_and_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the promised keys, the report is a page, and the summary names both hash and report."""
    result, reports = tmp_path / "r.json", tmp_path / "reports"
    status = main(["demo", "--headless", "--orbits", "0.02", "--json", str(result), "--report", str(reports)])
    assert status == 1  # too short for any contact: commands unsent, expectations unmet
    found = json.loads(result.read_text())
    assert {
        *("trace_hash", "seed", "simulated_s", "cpu_s", "wall_s", "rss_mb", "commands", "ledger", "limits"),
        *("images", "products", "downlink", "report"),
    } <= set(found)
    assert found["ledger"]["closed"] is True
    assert Path(found["report"]).read_text().lower().startswith("<!doctype html>")
    told = capsys.readouterr().out
    assert found["trace_hash"] in told


def test_demo_without_a_terminal_prints_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the view on but no terminal, progress comes line by line."""
    main(["demo", "--orbits", "0.015", "--report", str(tmp_path)])
    told = capsys.readouterr().out
    assert "100 %" in told


def test_sil_prints_verdict_and_hash_and_writes_what_it_is_asked_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scenario whose expectations hold passes; trace, report and JSON are written."""
    path, trace, result = scenario(tmp_path), tmp_path / "trace", tmp_path / "r.json"
    out = ["--out", str(tmp_path / "out"), "--trace", str(trace), "--json", str(result)]
    assert main(["sil", str(path), "--seed", "3", *out]) == 0
    told = capsys.readouterr().out
    found = json.loads(result.read_text())
    assert "short.toml: pass" in told
    assert found["trace_hash"] in told
    assert found["commands"][0]["verdict"] == "timed_out"
    assert trace.stat().st_size > 1000
    report = tmp_path / "out" / "urbanwatch-short-3.html"
    assert report.exists()
    assert f"report {report}" in told
    assert "EXECUTIVE.NOOP" in told
    assert "T-1" in told


def test_sil_fails_when_a_command_gets_another_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict says which command, and what was expected."""
    assert main(["sil", str(scenario(tmp_path, expect="completed"))]) == 1
    told = capsys.readouterr().out
    assert "EXECUTIVE.NOOP: timed_out (no report at all" in told
    assert "), expected completed" in told
    assert "timed_out, expected completed" in told


def test_a_misspelt_command_is_refused_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict says what is wrong with the name, not only that it was refused."""
    path = scenario(tmp_path, expect="completed")
    path.write_text(path.read_text().replace("EXECUTIVE.NOOP", "EXECUTIVE.NOOOP"))
    assert main(["sil", str(path)]) == 1
    told = capsys.readouterr().out
    assert "refused_on_ground (" in told
    assert "'EXECUTIVE.NOOOP'; did you mean EXECUTIVE.NOOP" in told


@pytest.mark.parametrize(
    ("value", "verdict"), [("events.EXECUTIVE.APP_RESTARTED", "fail"), ("events.EXECUTIVE.NOTHING", "error")]
)
def test_an_event_that_has_not_happened_counts_as_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str, verdict: str
) -> None:
    """Events are figures, zero of those that there are; one that no app has is an error."""
    path = scenario(tmp_path, value=value, duration=20)
    path.write_text(path.read_text().replace("equals = true", "at_least = 1").replace("at_s = 5", "at_s = 500"))
    assert main(["sil", str(path)]) == 1
    assert f"{verdict}  T-1" in capsys.readouterr().out


def test_reports_of_other_flights_have_other_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A longer flight of the same seed does not overwrite the shorter one, and its report says how long it is."""
    for orbits in ("0.012", "0.013"):
        main(["demo", "--headless", "--orbits", orbits, "--report", str(tmp_path)])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["urbanwatch-0.012-orbits-7.html", "urbanwatch-0.013-orbits-7.html"]
    assert "0.012 orbits" in (tmp_path / names[0]).read_text()
    assert capsys.readouterr().err == ""


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the package's version and ends well."""
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"flightsw {version('flightsw')}\n"


@pytest.mark.parametrize("command", ["demo", "sil", "run"])
def test_paths_in_the_help_are_there(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the examples name can be typed in the clone."""
    with pytest.raises(SystemExit):
        parser().parse_args([command, "--help"])
    told = "".join(capsys.readouterr().out.split())
    paths = re.findall(r"apps/missions/[a-z_/]+\.toml", told)
    assert paths or command == "demo"
    assert all((MISSION.parents[3] / path).is_file() for path in paths)


def test_sil_is_inconclusive_while_a_verdict_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flight that ends before the command's verdict does not pass."""
    assert main(["sil", str(scenario(tmp_path, duration=10))]) == 1
    assert "no verdict" in capsys.readouterr().out


def test_an_expectation_on_an_unknown_figure_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It neither passes nor is it overlooked."""
    assert main(["sil", str(scenario(tmp_path, value="ledger.shut"))]) == 1
    assert "the result has no figure 'ledger.shut'" in capsys.readouterr().out


def test_a_scenario_that_is_missing_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2 and a sentence, no traceback."""
    assert main(["sil", str(tmp_path / "none.toml")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("flightsw sil: ")
    assert "is missing" in told


def test_a_mission_with_an_unknown_key_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the key and the allowed ones."""
    mission = tmp_path / "mission.toml"
    mission.write_text('extends = "apps.missions.urbanwatch"\ncolour = "blue"\n')
    path = tmp_path / "short.toml"
    path.write_text(SHORT.format(mission=mission, expect="timed_out", value="ledger.closed", duration=5))
    assert main(["sil", str(path)]) == 2
    told = capsys.readouterr().err
    assert "colour" in told
    assert "allowed are name, version" in told


def test_a_limit_on_an_unknown_node_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt node is named with the ones there are, instead of being judged as always cool."""
    path = scenario(tmp_path)
    path.write_text(path.read_text() + "\n[limits]\nnode_highest_c = { nope = 3.0 }\n")
    assert main(["sil", str(path)]) == 2
    assert "no thermal node is called 'nope', there are structure" in capsys.readouterr().err


def test_an_expectation_that_compares_what_has_no_order_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A text cannot be at least 1; the flight's result is kept all the same."""
    path = scenario(tmp_path, value="trace_hash")
    path.write_text(path.read_text().replace("equals = true", "at_least = 1"))
    assert main(["sil", str(path)]) == 1
    assert "error" in capsys.readouterr().out


def test_results_flown_before_a_bad_scenario_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second scenario's mission cannot be flown: exit status 2, and the first one's result is in the file."""
    first, result = scenario(tmp_path, duration=10), tmp_path / "r.json"
    second = tmp_path / "second.toml"
    second.write_text(first.read_text().replace(str(MISSION), "nowhere.toml"))
    assert main(["sil", str(first), str(second), "--json", str(result)]) == 2
    assert "nowhere.toml is missing" in capsys.readouterr().err
    assert json.loads(result.read_text())["scenario"] == "short"


def test_a_scenario_that_is_none_stops_all_before_the_first_flies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All files are read before anything is flown."""
    assert main(["sil", str(scenario(tmp_path)), str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert "directory" in told.err
    assert told.out == ""


def test_two_scenarios_cannot_share_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second would overwrite the first."""
    path = str(scenario(tmp_path))
    assert main(["sil", path, path, "--trace", str(tmp_path / "t")]) == 2
    assert "--trace takes one scenario, 2 are to be flown" in capsys.readouterr().err


def test_reports_of_scenarios_with_one_name_are_all_kept(tmp_path: Path) -> None:
    """Files of the same name in two folders give two reports and two results."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    paths = [str(scenario(tmp_path / folder, duration=5)) for folder in ("a", "b")]
    result = tmp_path / "r.json"
    main(["sil", *paths, "--out", str(tmp_path / "out"), "--json", str(result)])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "urbanwatch-short-7.html",
        "urbanwatch-short-7-2.html",
    }
    assert len({found["report"] for found in json.loads(result.read_text())}) == 2


def test_a_simulation_that_ends_early_is_an_error_with_its_result(tmp_path: Path) -> None:
    """A spacecraft that leaves its models: verdict error, the reason, and everything up to then."""
    craft = (importlib.resources.files("bus_sim") / "urbanwatch.toml").read_text()
    craft = craft.replace("inertia_kg_m2 = [0.28, 0.34, 0.24]", "inertia_kg_m2 = [1e-3, 1e-3, 1e-3]")
    (tmp_path / "craft.toml").write_text(craft.replace("[2.0e-7, -4.0e-7, 1.0e-7]", "[2.0e-3, 0.0, 0.0]"))
    path, result = scenario(tmp_path), tmp_path / "r.json"
    path.write_text(path.read_text().replace("duration_s", 'spacecraft = "craft.toml"\nduration_s', 1))
    assert main(["sil", str(path), "--json", str(result), "--out", str(tmp_path)]) == 1
    found = json.loads(result.read_text())
    assert found["verdict"] == "error"
    assert "the simulation ended after" in found["verdict_reason"]
    assert "body rate" in found["verdict_reason"]
    assert 5 < found["simulated_s"] < 60
    assert found["ledger"]["closed"]


def test_a_spacecraft_that_is_none_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the file, the field and what is allowed; nothing is started."""
    craft = tmp_path / "craft.toml"
    text = (importlib.resources.files("bus_sim") / "urbanwatch.toml").read_text()
    craft.write_text(text.replace("boot_s = 20.0", "boot_s = nan"))
    assert main(["run", "--spacecraft", str(craft), "--duration", "1"]) == 2
    assert "craft.toml: compute_board.boot_s: Expected" in (told := capsys.readouterr().err)
    assert "allowed: above 0, up to 1e+06" in told
    assert main(["run", "--spacecraft", str(tmp_path / "none.toml"), "--duration", "1"]) == 2
    assert "none.toml: cannot be read: No such file" in capsys.readouterr().err


def test_a_temporary_folder_with_a_long_path_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets have short paths; the error says what to set, and no folder is left."""
    long = tmp_path / ("d" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert main(["run", "--duration", "1"]) == 2
    assert "set TMPDIR to a folder with a shorter path" in capsys.readouterr().err
    assert list(long.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--orbits", "nan"],
        ["demo", "--orbits", "-5"],
        ["demo", "--speed", "-1"],
        ["demo", "--json", "/"],
        ["demo", "--report", "/dev/null"],
        ["sil", "--trace", "/dev/null/x"],
        ["sil", "--out", "/dev/null"],
        ["run", "--json", "/"],
    ],
)
def test_what_cannot_be_written_or_flown_is_refused_before_the_flight(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The option is named; nothing is flown for nothing."""
    with pytest.raises(SystemExit) as end:
        main([*arguments, *(["x.toml"] if arguments[0] == "sil" else [])])
    assert end.value.code == 2
    assert f"argument {arguments[1]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speed", "0"],
        ["--speed", "nan"],
        ["--duration", "inf"],
        ["--listen", "8800"],
        ["--listen", "127.0.0.1:99999"],
    ],
)
def test_run_refuses_numbers_and_addresses_that_are_none(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is started, with the argument named."""
    with pytest.raises(SystemExit) as end:
        main(["run", *arguments])
    assert end.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["yamcs", "{mission}", "-o", "{folder}/station"],
        ["decode", "{folder}/p.bin", "--mission", "{mission}"],
        ["dictionary", "export", "--format", "xtce", "-o", "{folder}/d.xml", "--mission", "{mission}"],
    ],
)
def test_what_knows_other_headers_only_refuses_the_mission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """A configuration, columns and XTCE for packets that nobody sends are worse than none; nothing is written."""
    mission = tmp_path / "mission.toml"
    mission.write_text('extends = "apps.missions.urbanwatch"\npackets = "pus"\n')
    (tmp_path / "p.bin").write_bytes(b"")
    before = sorted(tmp_path.iterdir())
    assert main([each.format(mission=mission, folder=tmp_path) for each in arguments]) == 2
    assert "for packets with headers of cFS; those of the mission are pus" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        *(["dictionary", action] for action in ("export", "check", "show", "import")),
        *(["table", action] for action in ("build", "show", "check")),
    ],
)
def test_every_action_shows_examples_and_exit_codes(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Of its own, each line one that the command line understands."""
    with pytest.raises(SystemExit):
        parser().parse_args([*words, "--help"])
    told = capsys.readouterr().out
    assert "exit codes: 0 " in told
    examples = [line.split()[1:] for line in told.splitlines() if line.startswith("  flightsw ")]
    assert examples
    for example in examples:
        assert example[:2] == words
        assert parser().parse_args(example)


@pytest.mark.parametrize("command", ["demo", "sil", "run", "cmd", "tlm", "events", "dictionary", "new-app"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help prints usage and ends well."""
    with pytest.raises(SystemExit) as end:
        parser().parse_args([command, "--help"])
    assert end.value.code == 0
    assert "usage: flightsw" in capsys.readouterr().out
