"""The command line: flights, help and errors."""

from __future__ import annotations

import json
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
    assert (tmp_path / "out" / "short-3.html").exists()


def test_sil_fails_when_a_command_gets_another_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict says which command, and what was expected."""
    assert main(["sil", str(scenario(tmp_path, expect="completed"))]) == 1
    assert "EXECUTIVE.NOOP: timed_out, expected completed" in capsys.readouterr().out


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
    assert "is missing" in capsys.readouterr().err


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


@pytest.mark.parametrize("command", ["demo", "sil", "run", "cmd", "tlm", "events", "dictionary", "new-app"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help prints usage and ends well."""
    with pytest.raises(SystemExit) as end:
        parser().parse_args([command, "--help"])
    assert end.value.code == 0
    assert "usage: flightsw" in capsys.readouterr().out
