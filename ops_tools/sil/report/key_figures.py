"""The row of figures at the top: what one wants to know first."""

from enum import StrEnum, unique

from msgspec import Struct

from ops_tools.sil.report import tallies
from ops_tools.sil.report.model import MissionReport
from ops_tools.sil.report.records import CommandVerdict, ImageOutcome, Verdict
from ops_tools.sil.report.wording import counted, met, number, percent, volume


@unique
class State(StrEnum):
    """How a figure is to be read."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


class Gauge(Struct, frozen=True):
    """A bar under a figure."""

    share: float
    """Filled part [0..1]."""
    limit: float | None = None
    """Where the limit stands on it [0..1]."""
    tone: str = "neutral"
    """Name of the colour."""


class KeyFigure(Struct, frozen=True):
    """One figure."""

    label: str
    value: str
    note: str
    state: State = State.GOOD
    gauge: Gauge | None = None


def _unknown(label: str, note: str) -> KeyFigure:
    return KeyFigure(label, "\u2013", note, State.UNKNOWN)


def _clamped(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _commands(report: MissionReport) -> KeyFigure:
    if not report.commands:
        return _unknown("Commands", "none sent")
    found = tallies.commands_by_verdict(report.commands)
    words = {CommandVerdict.NONE: "without verdict"}
    note = ", ".join(f"{number(n, 0)} {words.get(v, v.value)}" for v, n in found.items() if n)
    share = _share(found[CommandVerdict.COMPLETED], len(report.commands))
    state = State.BAD if found[CommandVerdict.NONE] else State.GOOD
    return KeyFigure("Commands", number(len(report.commands), 0), note, state, Gauge(share, tone="ok"))


def _images(report: MissionReport) -> KeyFigure:
    if not report.images:
        return _unknown("Images taken", "none taken")
    found = tallies.images_by_outcome(report.images)
    note = ", ".join(f"{number(n, 0)} {outcome.value}" for outcome, n in found.items() if n)
    share = _share(found[ImageOutcome.PROCESSED], len(report.images))
    return KeyFigure("Images taken", number(len(report.images), 0), note, gauge=Gauge(share, tone="ok"))


def _products(report: MissionReport) -> KeyFigure:
    if not report.products:
        return _unknown("Products down", "none made")
    down = [product for product in report.products if product.received_s is not None]
    note = f"of {number(len(report.products), 0)} made, {volume(sum(p.size_bytes for p in down))}"
    share = _share(len(down), len(report.products))
    return KeyFigure("Products down", number(len(down), 0), note, gauge=Gauge(share, tone="link"))


def _saved(report: MissionReport) -> KeyFigure:
    saved = report.downlink.saved if report.downlink else None
    if report.downlink is None or saved is None:
        return _unknown("Downlink saved", "no image is settled")
    settled = report.downlink.settled_images
    waiting = len(report.images) - settled
    rest = f"; {number(waiting, 0)} more not settled" if waiting > 0 else ""
    sent, whole = volume(report.downlink.sent_bytes), volume(report.downlink.settled_bytes)
    note = f"{sent} sent for {counted(settled, 'image')} of {whole}{rest}"
    gauge = Gauge(_clamped(saved), tone="link")
    return KeyFigure("Downlink saved", percent(saved), note, State.BAD if saved < 0 else State.GOOD, gauge)


def _battery(report: MissionReport) -> KeyFigure:
    label = "Lowest state of charge"
    found = tallies.extremes(report.power.history, "soc") if report.power else None
    if report.power is None or found is None:
        return _unknown(label, "not recorded")
    floor = report.power.soc_floor
    broken = found.low.value < floor
    note = f"{'below the' if broken else ''} floor {percent(floor, 0)}, at {met(found.low.at_s)}".strip()
    gauge = Gauge(_clamped(found.low.value), _clamped(floor), "battery")
    state = State.BAD if broken else State.GOOD
    return KeyFigure(label, percent(found.low.value), note, state, gauge)


def _board(report: MissionReport) -> KeyFigure:
    label = "Hottest compute board"
    name = report.thermal.compute_node if report.thermal else ""
    tally = next((t for t in tallies.node_tallies(report) if t.node.name == name), None)
    if tally is None or tally.found is None:
        return _unknown(label, "not recorded")
    high, limit = tally.found.high, tally.node.high_c
    value = f"{number(high.value)}\u202f\u00b0C"
    if limit is None:
        return KeyFigure(label, value, f"no limit stated, at {met(high.at_s)}")
    base = min(0.0, high.value) if tally.node.low_c is None else min(tally.node.low_c, high.value)
    span = 1.1 * (max(limit, high.value) - base) or 1.0
    gauge = Gauge(_clamped((high.value - base) / span), _clamped((limit - base) / span), "heat")
    broken = high.value > limit
    note = f"{'above the' if broken else ''} limit {number(limit, 0)}\u202f\u00b0C, at {met(high.at_s)}"
    return KeyFigure(label, value, note.strip(), State.BAD if broken else State.GOOD, gauge)


def _ledger(report: MissionReport) -> KeyFigure:
    if report.ledger is None or not report.ledger.rows:
        return _unknown("Bus ledger", "not recorded")
    ledger = report.ledger
    dropped = sum(ledger.dropped.values())
    note = f"{number(ledger.sent, 0)} sent, {number(ledger.delivered, 0)} delivered, {number(dropped, 0)} dropped"
    gauge = Gauge(_clamped(_share(ledger.delivered, ledger.sent)), tone="ok")
    state = State.GOOD if ledger.closed else State.BAD
    return KeyFigure("Bus ledger", "closed" if ledger.closed else "open", note, state, gauge)


def _expectations(report: MissionReport) -> KeyFigure:
    if not report.expectations:
        return _unknown("Expectations met", "none stated")
    held = sum(each.verdict is Verdict.PASS for each in report.expectations)
    total = len(report.expectations)
    note = f"of {counted(total, 'expectation')}"
    state = State.GOOD if held == total else State.BAD
    return KeyFigure("Expectations met", number(held, 0), note, state, Gauge(_share(held, total), tone="ok"))


def key_figures(report: MissionReport) -> list[KeyFigure]:
    """The figures in the order in which they stand."""
    build = (_expectations, _commands, _images, _products, _saved, _battery, _board, _ledger)
    return [make(report) for make in build]
