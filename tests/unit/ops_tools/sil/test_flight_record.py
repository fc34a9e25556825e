"""What is kept of the truth of a flight."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from ops_tools.sil.flight_record import FlightRecord
from ops_tools.sil.scenario import Limits

if TYPE_CHECKING:
    from bus_sim.truth import Truth


def truth(second: int, soc: float, celsius: float) -> Truth:
    """One second."""
    return cast(
        "Truth",
        SimpleNamespace(
            time_ns=second * 10**9,
            latitude_deg=0.0,
            longitude_deg=0.0,
            illumination=1.0,
            array_power_w=0.0,
            load_power_w=0.0,
            battery_soc=soc,
            compute_power_w=0.0,
            node_temperatures_c=(celsius,),
            station=None,
            elevation_deg=0.0,
        ),
    )


def test_the_history_has_the_extremes_that_lie_between_samples() -> None:
    """What the limits judge every second, the plots show too: lowest charge, hottest and coldest node, each once."""
    record = FlightRecord(Limits(), ("board",), 100)
    for second in range(40):
        soc = 0.80 if second == 13 else 0.9
        celsius = {25: 50.0, 27: -20.0}.get(second, 10.0)
        record.observe_truth(truth(second, soc, celsius))
    assert [sample.time_s for sample in record.samples] == [0, 10, 20, 30]
    assert [sample.time_s for sample in record.history] == [0, 10, 13, 20, 25, 27, 30]
    assert min(sample.battery_soc for sample in record.history) == record.limits.lowest_soc == 0.80
    assert max(sample.temperatures_c[0] for sample in record.history) == record.limits.hottest_c["board"]
