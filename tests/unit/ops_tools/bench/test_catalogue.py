import pytest

from flightsw.errors import FlightSoftwareError
from ops_tools.bench.catalogue import BENCHMARKS, Benchmark, chosen
from ops_tools.bench.effort import Effort

LITTLE = Effort(runs=1, share=0.01)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda benchmark: benchmark.name)
def test_every_benchmark_measures(benchmark: Benchmark) -> None:
    """It runs to its end, closes its ledgers, and gives figures under its own name; how good they are is no matter."""
    figures = benchmark.run(LITTLE)
    assert figures
    assert all(figure.bench == benchmark.name for figure in figures)
    assert all(figure.runs == 1 and figure.median > 0 for figure in figures)
    names = [figure.figure for figure in figures]
    assert len(set(names)) == len(names)


def test_benchmarks_are_chosen_by_name() -> None:
    """All when none is named, in the order of the catalogue; an unknown name is refused with those there are."""
    assert chosen(()) == BENCHMARKS
    assert [benchmark.name for benchmark in chosen(("store", "bus.rtt"))] == ["bus.rtt", "store"]
    with pytest.raises(FlightSoftwareError, match=r"no benchmark bus; there is bus\.inproc, bus\.rtt"):
        chosen(("store", "bus"))
