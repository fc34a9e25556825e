import json
from pathlib import Path

import pytest

from ops_tools.bench import bus_inproc, catalogue
from ops_tools.bench.effort import Effort
from ops_tools.bench.figures import Better, Figure, figure
from ops_tools.cli import main
from ops_tools.cli_commands.bench import short


def measured(effort: Effort) -> list[Figure]:
    """A figure that is good and one that is not."""
    values = [1.5e6] * effort.runs
    return [
        figure(("bus.rtt", "fast"), "1/s", values, Better.HIGHER, must=1e6, aim=2e6, reference=("peer", [3e6])),
        figure(("bus.rtt", "slow"), "us", values, Better.LOWER, must=1),
    ]


@pytest.fixture(autouse=True)
def one_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure nothing in earnest."""
    benchmark = catalogue.Benchmark("bus.rtt", "round trip", measured)
    monkeypatch.setattr(catalogue, "BENCHMARKS", (benchmark,))
    assert bus_inproc.round_trip is not measured


def test_figures_are_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table for people and a document for machines; a figure that is not reached is no failure of the command."""
    target = tmp_path / "figures.json"
    assert main(["bench", "--runs", "6", "--json", str(target)]) == 0
    document = json.loads(target.read_text())
    assert [result["ok"] for result in document["results"]] == [True, False]
    assert document["results"][0] == {
        "bench": "bus.rtt",
        "figure": "fast",
        "unit": "1/s",
        "median": 1.5e6,
        "min": 1.5e6,
        "max": 1.5e6,
        "runs": 6,
        "reference": {"name": "peer", "median": 3e6},
        "must": 1e6,
        "aim": 2e6,
        "better": "higher",
        "ok": True,
    }
    printed = capsys.readouterr().out
    assert "1.5 M" in printed
    assert "3 M peer" in printed
    assert "NOT REACHED" in printed


def test_benchmarks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without measuring."""
    assert main(["bench", "--list"]) == 0
    assert capsys.readouterr().out == "bus.rtt  round trip\n"


def test_what_cannot_be_measured_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name, and too few runs for a median, with what is allowed."""
    assert main(["bench", "bus"]) == 2
    assert "there is bus.rtt" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["bench", "--runs", "4"])
    assert "4 is less than 5" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "text"), [(None, ""), (0.5, "0.5"), (1234.5, "1.23 k"), (2.5e6, "2.5 M")])
def test_numbers_are_short(value: float | None, text: str) -> None:
    """Three significant digits."""
    assert short(value) == text
