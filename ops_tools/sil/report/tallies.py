"""What the rows of a report add up to: the figures that its sentences, tiles and tables share."""

import math

from msgspec import Struct

from ops_tools.sil.report.ground_track import Light, light_spans
from ops_tools.sil.report.model import MissionReport, Series, ThermalNode
from ops_tools.sil.report.records import (
    CommandRecord,
    CommandVerdict,
    ImageOutcome,
    ImageRecord,
    JobOutcome,
    JobRecord,
    LinkPass,
    ProductRecord,
)


class Sample(Struct, frozen=True):
    """A value and when it was taken."""

    value: float
    at_s: int


class Extremes(Struct, frozen=True):
    """The lowest, the mean and the highest value of a column."""

    low: Sample
    mean: float
    high: Sample


def extremes(series: Series, column: str) -> Extremes | None:
    """Extremes of a column, each at its first occurrence; None when it is all gaps."""
    present = series.present(column)
    if not present:
        return None
    low = min(present, key=lambda pair: pair[1])
    high = max(present, key=lambda pair: pair[1])
    mean = math.fsum(value for _, value in present) / len(present)
    return Extremes(Sample(low[1], low[0]), mean, Sample(high[1], high[0]))


class NodeTally(Struct, frozen=True):
    """What a thermal node went through."""

    node: ThermalNode
    found: Extremes | None

    @property
    def margin_k(self) -> float | None:
        """Distance to the nearer limit [K], negative beyond it; None without samples or limits."""
        if self.found is None:
            return None
        margins = []
        if self.node.low_c is not None:
            margins.append(self.found.low.value - self.node.low_c)
        if self.node.high_c is not None:
            margins.append(self.node.high_c - self.found.high.value)
        return min(margins, default=None)


def node_tallies(report: MissionReport) -> list[NodeTally]:
    """The thermal nodes in the order in which they are shown."""
    if report.thermal is None:
        return []
    history = report.thermal.history
    return [NodeTally(node, extremes(history, node.name)) for node in report.thermal.nodes]


def shadow_s(report: MissionReport) -> int:
    """Time spent out of full sunlight [s]."""
    if report.orbit is None:
        return 0
    return sum(span.end_s - span.start_s for span in light_spans(report.orbit.track) if span.light is not Light.SUNLIT)


def commands_by_verdict(commands: list[CommandRecord]) -> dict[CommandVerdict, int]:
    """Commands by verdict, in the order of the enumeration."""
    return {verdict: sum(c.verdict is verdict for c in commands) for verdict in CommandVerdict}


def images_by_outcome(images: list[ImageRecord]) -> dict[ImageOutcome, int]:
    """Images by outcome, in the order of the enumeration."""
    return {outcome: sum(i.outcome is outcome for i in images) for outcome in ImageOutcome}


class JobTally(Struct, frozen=True):
    """The jobs of one outcome."""

    outcome: JobOutcome
    count: int
    value: float
    energy_wh: float
    duration_s: float | None
    """Mean time on the compute board; None when none of them ran."""
    reasons: dict[str, int]


def job_tallies(jobs: list[JobRecord]) -> list[JobTally]:
    """Jobs by outcome, in the order of the enumeration, outcomes without jobs included."""
    tallies = []
    for outcome in JobOutcome:
        mine = [job for job in jobs if job.outcome is outcome]
        ran_s = [job.duration_s for job in mine if job.duration_s is not None]
        reasons: dict[str, int] = {}
        for job in mine:
            if job.reason:
                reasons[job.reason] = reasons.get(job.reason, 0) + 1
        tallies.append(
            JobTally(
                outcome=outcome,
                count=len(mine),
                value=math.fsum(job.value for job in mine),
                energy_wh=math.fsum(job.energy_wh or 0.0 for job in mine),
                duration_s=math.fsum(ran_s) / len(ran_s) if ran_s else None,
                reasons=reasons,
            )
        )
    return tallies


class PassTally(Struct, frozen=True):
    """All contacts together."""

    contact_s: float
    frames_up: int
    frames_down: int
    lost: dict[str, int]


def pass_tally(passes: list[LinkPass]) -> PassTally:
    """Contact time, frames and losses of all passes."""
    lost: dict[str, int] = {}
    for each in passes:
        for reason, count in each.lost.items():
            lost[reason] = lost.get(reason, 0) + count
    return PassTally(
        contact_s=math.fsum(each.los_s - each.aos_s for each in passes),
        frames_up=sum(each.frames_up for each in passes),
        frames_down=sum(each.frames_down for each in passes),
        lost=lost,
    )


class ProductTally(Struct, frozen=True):
    """The products of one kind."""

    kind: str
    made: int
    received: int
    received_bytes: int


def product_tallies(products: list[ProductRecord]) -> list[ProductTally]:
    """Products by kind, in order of first appearance."""
    kinds = dict.fromkeys(product.kind for product in products)
    return [
        ProductTally(
            kind=kind,
            made=sum(p.kind == kind for p in products),
            received=sum(p.kind == kind and p.received_s is not None for p in products),
            received_bytes=sum(p.size_bytes for p in products if p.kind == kind and p.received_s is not None),
        )
        for kind in kinds
    ]
