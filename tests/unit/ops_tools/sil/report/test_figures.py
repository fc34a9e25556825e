import msgspec

from ops_tools.sil.report import render, sentences
from ops_tools.sil.report.key_figures import State, key_figures
from ops_tools.sil.report.model import Downlink, Ledger, LedgerRow, MissionReport, Power, Series, Thermal, ThermalNode
from ops_tools.sil.report.plots import LanePlot, LinePlot, page_data
from ops_tools.sil.report.records import (
    CommandRecord,
    CommandVerdict,
    Expectation,
    FaultRecord,
    Verdict,
)
from ops_tools.sil.report.sections import command_tone
from ops_tools.sil.report.selection import select, select_within
from ops_tools.sil.report.tallies import extremes, node_tallies


def _changed(report: MissionReport, **fields: object) -> MissionReport:
    return msgspec.structs.replace(report, **fields)


def test_nothing_recorded_is_unknown_and_not_zero(empty_report: MissionReport) -> None:
    """A flight without data has no figure that looks like a measurement."""
    assert {figure.state for figure in key_figures(empty_report)} == {State.UNKNOWN}


def test_a_nominal_flight_is_good(orbit_report: MissionReport) -> None:
    """Every figure of the nominal flight is good, and every gauge lies on its rail."""
    figures = key_figures(orbit_report)
    assert {figure.state for figure in figures} == {State.GOOD}
    assert all(figure.gauge is not None and 0 <= figure.gauge.share <= 1 for figure in figures)


def test_what_broke_is_bad(orbit_report: MissionReport) -> None:
    """A battery below its floor, a board too hot, an open ledger, a silent command and a growth are bad."""
    history = Series(time_s=[0, 60], columns={"array_w": [0.0, 0.0], "load_w": [9.0, 9.0], "soc": [0.4, 0.28]})
    board = Series(time_s=[0, 60], columns={"board": [20.0, 81.5]})
    broken = _changed(
        orbit_report,
        power=Power(history=history, soc_floor=0.3, battery_wh=80),
        thermal=Thermal(history=board, nodes=[ThermalNode(name="board", high_c=75)], compute_node="board"),
        ledger=Ledger(rows=[LedgerRow(message="a", destination="b", sent=3, delivered=2)]),
        commands=[CommandRecord(sequence=1, name="A.B", sent_s=0, verdict=CommandVerdict.NONE)],
        downlink=Downlink(raw_bytes=10, sent_bytes=20, settled_images=1, settled_bytes=10),
        expectations=[Expectation(requirement="X", text="x", verdict=Verdict.INCONCLUSIVE)],
    )
    bad = {figure.label: figure.note for figure in key_figures(broken) if figure.state is State.BAD}
    assert set(bad) == {
        "Expectations met",
        "Commands",
        "Downlink saved",
        "Lowest state of charge",
        "Hottest compute board",
        "Bus ledger",
    }
    assert bad["Lowest state of charge"] == "below the floor 30\u202f%, at 0:01:00"
    assert bad["Hottest compute board"] == "above the limit 75\u202f\u00b0C, at 0:01:00"
    assert "2.0 points below its floor" in sentences.power(broken)
    assert sentences.thermal(broken) == "board went 6.5\u202fK beyond its limit."
    assert "1 without a verdict" in sentences.commands(broken)
    assert sentences.ledger(broken).endswith("the ledger is open.")


def test_extremes_skip_gaps() -> None:
    """Gaps and values not finite are no samples; the first of equal extremes is told."""
    series = Series(time_s=[0, 1, 2, 3, 4], columns={"a": [None, 2.0, float("nan"), 2.0, 1.0], "b": [None] * 5})
    found = extremes(series, "a")
    assert found is not None
    assert (found.low.at_s, found.high.at_s) == (4, 1)
    assert extremes(series, "b") is None


def test_margins_count_to_the_nearer_limit(orbit_report: MissionReport) -> None:
    """The margin is to the limit that is closer, and unknown without one."""
    history = Series(time_s=[0, 1], columns={"a": [5.0, 30.0], "b": [1.0, 2.0]})
    nodes = [ThermalNode(name="a", low_c=0, high_c=50), ThermalNode(name="b")]
    report = _changed(orbit_report, thermal=Thermal(history=history, nodes=nodes))
    assert [tally.margin_k for tally in node_tallies(report)] == [5.0, None]


def test_incomplete_histories_are_told_without_a_guess(orbit_report: MissionReport) -> None:
    """A node without limits or without samples, and a power history of gaps, make no figure up."""
    history = Series(time_s=[0, 1], columns={"warm": [5.0, 30.0], "silent": [None, None]})
    gaps = Series(time_s=[0, 1], columns={name: [None, None] for name in ("array_w", "load_w", "soc")})
    nodes = [ThermalNode(name="warm"), ThermalNode(name="silent", high_c=9)]
    report = _changed(
        orbit_report,
        thermal=Thermal(history=history, nodes=nodes, compute_node="warm"),
        power=Power(history=gaps, soc_floor=0.3, battery_wh=80),
    )
    figures = {figure.label: figure for figure in key_figures(report)}
    assert figures["Hottest compute board"].note == "no limit stated, at 0:00:01"
    assert figures["Lowest state of charge"].state is State.UNKNOWN
    assert sentences.thermal(report) == "2 nodes, without limits to compare with."
    assert sentences.power(report) == "The power history holds no values."
    assert "no values" in render(report)


def test_several_nodes_beyond_their_limits_are_all_named(orbit_report: MissionReport) -> None:
    """The sentence names each, and the one that went farthest."""
    history = Series(time_s=[0], columns={"a": [60.0], "b": [-40.0]})
    nodes = [ThermalNode(name="a", high_c=50), ThermalNode(name="b", low_c=-20)]
    report = _changed(orbit_report, thermal=Thermal(history=history, nodes=nodes))
    assert sentences.thermal(report) == "Beyond their limits: a and b; farthest b, by 20.0\u202fK."


def test_rejecting_a_malformed_command_is_right() -> None:
    """The same verdict is good or bad by what was sent."""

    def tone(verdict: CommandVerdict, *, invalid: bool) -> str:
        return command_tone(CommandRecord(sequence=1, name="A", sent_s=0, verdict=verdict, invalid=invalid))

    assert tone(CommandVerdict.REJECTED, invalid=True) == tone(CommandVerdict.COMPLETED, invalid=False) == "ok"
    assert tone(CommandVerdict.REJECTED, invalid=False) == tone(CommandVerdict.COMPLETED, invalid=True) == "warn"
    assert tone(CommandVerdict.NONE, invalid=True) == tone(CommandVerdict.FAILED, invalid=False) == "bad"


def test_selection_keeps_the_heavy_rows_in_order() -> None:
    """Beyond the bound the heaviest stay, in their own order, and the rest is counted."""
    chosen = select([0, 5, 1, 5, 2], 3, lambda row: row)
    assert (chosen.rows, chosen.left_out) == ([5, 5, 2], 2)
    assert select([1, 2], 2, lambda row: row).left_out == 0


def test_selection_within_a_budget_passes_over_what_does_not_fit() -> None:
    """A large item does not keep smaller ones out."""
    chosen = select_within([4, 9, 3, 3], 10, 8, lambda size: size)
    assert (chosen.rows, chosen.total) == ([4, 3], 4)


def test_all_plots_share_one_time_axis(orbit_report: MissionReport) -> None:
    """Plots stay inside the flight and inside their bounds, and timelines hold every mode."""
    data = page_data(orbit_report)
    assert data.span_s == orbit_report.span_s
    for plot in data.plots:
        match plot:
            case LinePlot():
                assert len(plot.time) <= 2000
                assert all(len(trace.values) == len(plot.time) for trace in plot.traces)
            case LanePlot():
                spans = [span for lane in plot.lanes for span in lane.spans]
                assert all(0 <= start <= end <= data.span_s for start, end in spans)
    lanes = {plot.id: [lane.label for lane in plot.lanes] for plot in data.plots if isinstance(plot, LanePlot)}
    assert lanes["plot-compute"][:3] == ["OFF", "BOOTING", "IDLE"]
    assert lanes["plot-passes"] == ["Beijing", "Sanya", "Kashi"]


def test_unnoticed_faults_are_said(orbit_report: MissionReport) -> None:
    """The sentence counts detections and the slowest of them."""
    faults = [
        FaultRecord(at_s=1, fault="a", detected_s=3.5, recovered_s=9),
        FaultRecord(at_s=1, fault="b"),
    ]
    said = sentences.faults(_changed(orbit_report, faults=faults))
    assert said.startswith("2 faults injected, 1 detected, the slowest after 2.5\u202fs, 1 recovered from.")
