"""The plots of a report as data for the page: what is drawn, in which meaning of colour, on one time axis."""

import math
from typing import Literal

import msgspec
from msgspec import Struct

from ops_tools.sil.report.ground_track import Light, light_spans
from ops_tools.sil.report.model import MissionReport, ModeSpan, Power, Series, ThermalNode
from ops_tools.sil.report.thinning import MAX_POINTS, MAX_SPANS, merge_spans, thin
from ops_tools.sil.report.wording import number, percent

MAX_NODES = 24
"""Thermal nodes plotted; the table names all of them."""

MAX_LANES = 24
"""Rows of one timeline."""

MAX_MARKS = 50
"""Faults marked on the time axes."""

_SIGNIFICANT = 5
"""Significant digits of a plotted value."""

MODE_TONES = {
    "OFF": "mode-off",
    "IDLE": "mode-idle",
    "NOMINAL": "mode-idle",
    "STANDBY": "mode-idle",
    "BOOTING": "mode-rise",
    "WARMING": "mode-rise",
    "RUNNING": "load",
    "THROTTLED": "warn",
    "COOLING": "mode-cool",
    "SAFE": "warn",
    "FAULT": "bad",
}
"""Colour of a mode by its name; other modes are neutral. Each mode has a lane, so colour never tells alone."""

COMPUTE_ORDER = ("OFF", "BOOTING", "IDLE", "WARMING", "RUNNING", "THROTTLED", "COOLING", "SAFE", "FAULT")
"""Lanes of the compute board from top to bottom."""


class Trace(Struct, frozen=True):
    """One line of a plot."""

    label: str
    tone: str
    values: list[float | None]
    fill: bool = False
    step: bool = False


class LimitLine(Struct, frozen=True):
    """A value that must not be passed."""

    value: float
    label: str


class LinePlot(Struct, frozen=True, tag="lines", tag_field="kind"):
    """Values over time."""

    id: str
    title: str
    unit: str
    time: list[int]
    traces: list[Trace]
    limits: list[LimitLine] = []
    digits: int = 1
    height: int = 210
    compact: bool = False
    zero: bool = False
    """True when the axis starts at zero."""
    ceiling: float | None = None
    """Highest value that can be, where the axis ends."""

    def span_of(self, trace: Trace) -> str:
        """Lowest and highest value of a trace, in words."""
        values = [value for value in trace.values if value is not None and math.isfinite(value)]
        if not values:
            return "no values"
        low, high = number(min(values), self.digits), number(max(values), self.digits)
        return f"{low} to {high}" if low != high else low


class Lane(Struct, frozen=True):
    """One row of a timeline: intervals of MET [s]."""

    label: str
    tone: str
    spans: list[tuple[float, float]]


class LanePlot(Struct, frozen=True, tag="lanes", tag_field="kind"):
    """Intervals over time, one row for each state."""

    id: str
    title: str
    lanes: list[Lane]


class TrackPoints(Struct, frozen=True):
    """The ground track, for the marker that follows the cursor."""

    time: list[int]
    latitude: list[float | None]
    longitude: list[float | None]


class PageData(Struct, frozen=True):
    """All that the scripts of the page work on."""

    start_utc_s: int
    span_s: int
    shadows: list[tuple[int, int, Literal[1, 2]]]
    """Start, end [s MET] and light (1 penumbra, 2 umbra)."""
    marks: list[tuple[float, str]]
    """Faults: time [s MET] and name."""
    track: TrackPoints | None
    plots: list[LinePlot | LanePlot]


def _rounded(column: list[float | None], factor: float = 1.0) -> list[float | None]:
    """Values short enough for the page; a value not finite becomes a gap when encoded."""
    return [None if value is None else float(f"{value * factor:.{_SIGNIFICANT}g}") for value in column]


def _power(power: Power) -> list[LinePlot]:
    watts = thin(Series(time_s=power.history.time_s, columns=_only(power.history, "array_w", "load_w")))
    charge = thin(Series(time_s=power.history.time_s, columns=_only(power.history, "soc")))
    floor = LimitLine(power.soc_floor * 100, f"floor {percent(power.soc_floor, 0)}")
    return [
        LinePlot(
            id="plot-power",
            title="Array and load",
            unit="W",
            time=watts.time_s,
            traces=[
                Trace("Array", "sun", _rounded(watts.columns["array_w"]), fill=True),
                Trace("Load", "load", _rounded(watts.columns["load_w"])),
            ],
            zero=True,
        ),
        LinePlot(
            id="plot-charge",
            title="Battery state of charge",
            unit="%",
            time=charge.time_s,
            traces=[Trace("State of charge", "battery", _rounded(charge.columns["soc"], 100))],
            limits=[floor],
            ceiling=100.0,
        ),
    ]


def _only(series: Series, *names: str) -> dict[str, list[float | None]]:
    return {name: series.columns[name] for name in names}


def _node(index: int, node: ThermalNode, history: Series) -> LinePlot:
    samples = thin(Series(time_s=history.time_s, columns=_only(history, node.name)), MAX_POINTS // 2)
    bounds = [("low", node.low_c), ("high", node.high_c)]
    return LinePlot(
        id=f"plot-node-{index}",
        title=node.name,
        unit="\u00b0C",
        time=samples.time_s,
        traces=[Trace(node.name, "heat", _rounded(samples.columns[node.name]))],
        limits=[LimitLine(v, f"{name} {number(v, 0)}") for name, v in bounds if v is not None],
        height=148,
        compact=True,
    )


def mode_lanes(spans: list[ModeSpan], span_s: int, order: tuple[str, ...] = ()) -> list[Lane]:
    """One lane for each mode that occurs: those of ``order`` first, the others as they appear."""
    by_mode: dict[str, list[ModeSpan]] = {name: [] for name in order}
    for span in sorted(spans, key=lambda span: span.start_s):
        by_mode.setdefault(span.mode, []).append(span)
    return [
        Lane(
            label=mode,
            tone=MODE_TONES.get(mode.upper(), "neutral"),
            spans=[(s.start_s, s.end_s) for s in merge_spans(mine, span_s, MAX_SPANS // 4)],
        )
        for mode, mine in by_mode.items()
        if mine
    ][:MAX_LANES]


def _pass_lanes(report: MissionReport) -> list[Lane]:
    known = [station.name for station in report.orbit.stations] if report.orbit else []
    contacts: dict[str, list[tuple[float, float]]] = {name: [] for name in known}
    for each in report.passes:
        contacts.setdefault(each.station, []).append((each.aos_s, each.los_s))
    return [Lane(name, "link", sorted(spans)[:MAX_SPANS]) for name, spans in contacts.items()][:MAX_LANES]


def _plots(report: MissionReport) -> list[LinePlot | LanePlot]:
    plots: list[LinePlot | LanePlot] = []
    if report.power and report.power.history.time_s:
        plots += _power(report.power)
    if report.thermal and report.thermal.history.time_s:
        history = report.thermal.history
        plots += [_node(i, node, history) for i, node in enumerate(report.thermal.nodes[:MAX_NODES])]
    if report.spacecraft_modes:
        lanes = mode_lanes(report.spacecraft_modes, report.span_s)
        plots.append(LanePlot("plot-modes", "Spacecraft mode", lanes))
    if report.compute and report.compute.modes:
        lanes = mode_lanes(report.compute.modes, report.span_s, COMPUTE_ORDER)
        plots.append(LanePlot("plot-compute", "Compute mode", lanes))
    if report.compute and report.compute.history and report.compute.history.time_s:
        board = thin(Series(time_s=report.compute.history.time_s, columns=_only(report.compute.history, "power_w")))
        trace = Trace("Compute board", "load", _rounded(board.columns["power_w"]), fill=True, step=True)
        plots.append(LinePlot("plot-board", "Compute board power", "W", board.time_s, [trace], height=150, zero=True))
    if report.passes:
        plots.append(LanePlot("plot-passes", "Contact", _pass_lanes(report)))
    return plots


def page_data(report: MissionReport) -> PageData:
    """Everything the page draws with scripts."""
    track = None
    shadows: list[tuple[int, int, Literal[1, 2]]] = []
    if report.orbit and report.orbit.track.time_s:
        thinned = thin(report.orbit.track)
        track = TrackPoints(
            time=thinned.time_s,
            latitude=_rounded(thinned.columns["latitude_deg"]),
            longitude=_rounded(thinned.columns["longitude_deg"]),
        )
        shadows = [
            (span.start_s, span.end_s, 1 if span.light is Light.PENUMBRA else 2)
            for span in light_spans(report.orbit.track)
            if span.light is not Light.SUNLIT
        ]
    return PageData(
        start_utc_s=report.start_utc_s,
        span_s=max(report.span_s, 1),
        shadows=shadows[:MAX_SPANS],
        marks=[(fault.at_s, fault.fault) for fault in report.faults[:MAX_MARKS]],
        track=track,
        plots=_plots(report),
    )


def to_script(data: PageData) -> str:
    """The data as JSON that may stand inside a script element: no ``<`` is left that could end it."""
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")
