"""The mission report as data: everything a report shows, and nothing about how it looks.

The runner of a flight fills a ``MissionReport``; ``render`` turns it into a page. What the page derives
(margins, shares, totals, eclipse intervals) is derived in one place and never stored beside its source.
Units are in the names; angles are degrees, times are mission elapsed time (MET) in seconds.
"""

import math
from itertools import pairwise

import msgspec
from msgspec import Struct

from ops_tools.sil.report.errors import ReportError, SeriesShapeError, TimeOrderError
from ops_tools.sil.report.records import (
    CommandRecord,
    EventRecord,
    Expectation,
    FaultRecord,
    GalleryItem,
    ImageRecord,
    JobRecord,
    LinkPass,
    ProductRecord,
    Verdict,
)


class Series(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns of samples over one time axis.

    Raises:
        SeriesShapeError: A column has another length than the time axis.
        TimeOrderError: The time axis does not strictly increase.
    """

    time_s: list[int]
    """MET of each sample [s], strictly increasing; the steps need not be equal."""
    columns: dict[str, list[float | None]]
    """Samples by column name, as long as the time axis each. None is a gap, and so is a value not finite."""

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if len(column) != len(self.time_s):
                raise SeriesShapeError(name, len(self.time_s), len(column))
        for index, (before_s, found_s) in enumerate(pairwise(self.time_s), start=1):
            if found_s <= before_s:
                raise TimeOrderError(index, before_s, found_s)

    def require(self, *names: str) -> None:
        """Raise SeriesShapeError unless every named column is there."""
        for name in names:
            if name not in self.columns:
                raise SeriesShapeError(name, len(self.time_s), None)

    def present(self, name: str) -> list[tuple[int, float]]:
        """Time and value of each sample of a column that is no gap."""
        pairs = zip(self.time_s, self.columns[name], strict=True)
        return [(at_s, value) for at_s, value in pairs if value is not None and math.isfinite(value)]


class Station(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ground station."""

    name: str
    latitude_deg: float
    longitude_deg: float
    mask_deg: float = 5.0
    """Lowest elevation at which it works."""


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place on the list to be imaged."""

    name: str
    latitude_deg: float
    longitude_deg: float


class Orbit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the spacecraft was, and in what light."""

    track: Series
    """Columns ``latitude_deg`` (geodetic, -90..90), ``longitude_deg`` (east, -180..180) and ``sunlit``
    (visible part of the solar disc: 1 in sunlight, between in penumbra, 0 in umbra). 10 s steps or finer
    show the penumbra."""
    altitude_km: float
    """Mean altitude, for the visibility circles."""
    stations: list[Station] = []
    targets: list[Target] = []

    def __post_init__(self) -> None:
        self.track.require("latitude_deg", "longitude_deg", "sunlit")


class Power(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The electrical power of the spacecraft."""

    history: Series
    """Columns ``array_w`` and ``load_w`` [W], ``soc`` (state of charge of the battery, 0..1)."""
    soc_floor: float
    """State of charge that must never be undercut [0..1]."""
    battery_wh: float
    """Capacity of the battery [Wh]."""

    def __post_init__(self) -> None:
        self.history.require("array_w", "load_w", "soc")


class ThermalNode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node of the thermal network and what it survives."""

    name: str
    """Column of the temperature history."""
    low_c: float | None = None
    """Lowest allowed temperature [degC]."""
    high_c: float | None = None
    """Highest allowed temperature [degC]."""


class Thermal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Temperatures."""

    history: Series
    """One column per node, named after it [degC]."""
    nodes: list[ThermalNode]
    """In the order in which they are shown."""
    compute_node: str = ""
    """Name of the node that is the compute board."""

    def __post_init__(self) -> None:
        self.history.require(*(node.name for node in self.nodes))


class ModeSpan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An interval spent in one mode."""

    mode: str
    start_s: float
    end_s: float


class Compute(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The compute board."""

    modes: list[ModeSpan]
    """What it did, in order."""
    history: Series | None = None
    """Column ``power_w``: power drawn by the board [W]."""

    def __post_init__(self) -> None:
        if self.history is not None:
            self.history.require("power_w")


class Downlink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the images weigh, and what was sent instead."""

    raw_bytes: int
    """Volume of all images taken, had they been sent whole."""
    sent_bytes: int
    """Volume of the products sent."""
    settled_images: int
    """Images that need no more downlink: discarded on board, or their product is on the ground."""
    settled_bytes: int
    """Volume of those, had they been sent whole."""

    @property
    def saved(self) -> float | None:
        """Part of the settled images' volume that needed no sending [<= 1]; None while no image is settled."""
        return 1 - self.sent_bytes / self.settled_bytes if self.settled_bytes > 0 else None


class LedgerRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account of one message to one destination."""

    message: str
    destination: str
    sent: int
    """Messages sent to this destination."""
    delivered: int
    dropped: dict[str, int] = {}
    """Messages dropped, by reason."""

    @property
    def lost(self) -> int:
        """Messages dropped for any reason."""
        return sum(self.dropped.values())

    @property
    def closed(self) -> bool:
        """True when every message sent was delivered or counted as dropped."""
        return self.sent == self.delivered + self.lost


class Ledger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account of the bus: sent = delivered + dropped, for each message and destination."""

    rows: list[LedgerRow]

    @property
    def sent(self) -> int:
        """Messages times destinations."""
        return sum(row.sent for row in self.rows)

    @property
    def delivered(self) -> int:
        """Messages that reached an inbox."""
        return sum(row.delivered for row in self.rows)

    @property
    def dropped(self) -> dict[str, int]:
        """Messages dropped, by reason, in order of the reasons' names."""
        totals: dict[str, int] = {}
        for row in self.rows:
            for reason, count in row.dropped.items():
                totals[reason] = totals.get(reason, 0) + count
        return dict(sorted(totals.items()))

    @property
    def closed(self) -> bool:
        """True when every row closes; rows that err in opposite directions do not cancel out."""
        return all(row.closed for row in self.rows)


class MissionReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One simulated flight, as told at its end. An empty list or None means: nothing was recorded."""

    mission: str
    spacecraft: str
    seed: int
    """Master seed of the flight."""
    start_utc_s: int
    """UTC of MET zero as Unix time [s]. Labels add MET to it; a leap second in flight is not shown."""
    span_s: int
    """Simulated time [s]."""
    verdict: Verdict
    verdict_reason: str = ""
    """The verdict's why, in one sentence."""
    trace_hash: str = ""
    """SHA-256 over every packet, event and command, hexadecimal."""
    dictionary_hash: str = ""
    """SHA-256 of the mission dictionary, hexadecimal."""
    scenario: str = ""
    software: str = ""
    """Version of the flight software."""
    cpu_s: float | None = None
    """Processor time the simulation took [s]."""
    expectations: list[Expectation] = []
    orbit: Orbit | None = None
    power: Power | None = None
    thermal: Thermal | None = None
    compute: Compute | None = None
    spacecraft_modes: list[ModeSpan] = []
    jobs: list[JobRecord] = []
    commands: list[CommandRecord] = []
    passes: list[LinkPass] = []
    downlink: Downlink | None = None
    products: list[ProductRecord] = []
    images: list[ImageRecord] = []
    gallery: list[GalleryItem] = []
    events: list[EventRecord] = []
    ledger: Ledger | None = None
    faults: list[FaultRecord] = []


def to_json(report: MissionReport) -> bytes:
    """The report as JSON, to be rendered again later; bytes are base64, values not finite become null."""
    return msgspec.json.encode(report)


def from_json(data: bytes) -> MissionReport:
    """A report written by ``to_json``.

    Raises:
        ReportError: The data are no report, with the place and the reason.
    """
    try:
        return msgspec.json.decode(data, type=MissionReport)
    except msgspec.DecodeError as error:
        raise ReportError(f"not a mission report: {error}") from error
