"""The sections of a report and what each of their tables shows."""

from collections.abc import Callable
from typing import assert_never

from msgspec import Struct

from ops_tools.sil.report import selection, sentences, tallies
from ops_tools.sil.report.model import MissionReport
from ops_tools.sil.report.records import (
    CommandRecord,
    CommandVerdict,
    JobOutcome,
    JobRecord,
    Severity,
    Stage,
    Verdict,
)
from ops_tools.sil.report.world_map import Marker

MAX_STAGES = 8
"""Verification stages shown for one command."""

SHORT_TABLE = 24
"""Rows up to which a table stands in full; a longer one scrolls inside its own frame."""

MAX_KINDS = 50
"""Kinds of product in the table of kinds."""


class Section(Struct, frozen=True):
    """A section: ``id`` names its anchor and its template."""

    id: str
    title: str
    number: int | None
    sentence: str


def _expectations(report: MissionReport) -> str:
    held = sum(each.verdict is Verdict.PASS for each in report.expectations)
    if not report.expectations:
        return "The scenario stated no expectations."
    return f"What the scenario demanded: {held} of {len(report.expectations)} held."


_SECTIONS: tuple[tuple[str, str, Callable[[MissionReport], str]], ...] = (
    ("orbit", "Orbit track", sentences.orbit),
    ("power", "Power", sentences.power),
    ("temperatures", "Temperatures", sentences.thermal),
    ("modes", "Modes", sentences.modes),
    ("jobs", "Inference jobs", sentences.jobs),
    ("commands", "Commands", sentences.commands),
    ("passes", "Link passes", sentences.passes),
    ("downlink", "Downlink volume", sentences.downlink),
    ("gallery", "Products gallery", sentences.gallery),
    ("events", "Events", sentences.events),
    ("ledger", "Bus ledger", sentences.ledger),
    ("faults", "Faults", sentences.faults),
)


def sections(report: MissionReport) -> list[Section]:
    """All sections in order. One without data stays and says so."""
    numbered = [
        Section(name, title, number, say(report)) for number, (name, title, say) in enumerate(_SECTIONS, start=1)
    ]
    return [Section("expectations", "Expectations", None, _expectations(report)), *numbered]


VERDICT_TONES = {
    Verdict.PASS: "ok",
    Verdict.FAIL: "bad",
    Verdict.INCONCLUSIVE: "warn",
    Verdict.ERROR: "bad",
}
SEVERITY_TONES = {
    Severity.DEBUG: "neutral",
    Severity.INFO: "neutral",
    Severity.ERROR: "bad",
    Severity.CRITICAL: "bad",
}
JOB_TONES = {
    JobOutcome.COMPLETED: "ok",
    JobOutcome.DISCARDED: "mode-cool",
    JobOutcome.REFUSED: "warn",
    JobOutcome.EXPIRED: "mode-idle",
    JobOutcome.FAILED: "bad",
}
JOB_WORDS = {
    JobOutcome.COMPLETED: "Completed",
    JobOutcome.DISCARDED: "Discarded, cloudy",
    JobOutcome.REFUSED: "Refused by the guard",
    JobOutcome.EXPIRED: "Expired",
    JobOutcome.FAILED: "Failed",
}
COMMAND_WORDS = {verdict: verdict.value for verdict in CommandVerdict} | {CommandVerdict.NONE: "no verdict"}
STAGE_NOUNS = {
    Stage.ACCEPTED: "acceptance",
    Stage.STARTED: "start",
    Stage.PROGRESS: "progress",
    Stage.COMPLETED: "completion",
}
MARKER_WORDS = {
    Marker.PROCESSED: "imaged and processed",
    Marker.WAITING: "imaged, waiting",
    Marker.DISCARDED: "discarded, cloudy",
    Marker.FAILED: "failed",
    Marker.NOT_IMAGED: "not imaged",
}


def command_tone(command: CommandRecord) -> str:
    """Colour of a verdict; the refusal of a command that should be refused is what was wanted."""
    match command.verdict:
        case CommandVerdict.COMPLETED:
            return "warn" if command.invalid else "ok"
        case CommandVerdict.REJECTED | CommandVerdict.REFUSED_ON_GROUND:
            return "ok" if command.invalid else "warn"
        case CommandVerdict.FAILED | CommandVerdict.TIMED_OUT | CommandVerdict.NONE:
            return "bad"
        case _:
            assert_never(command.verdict)


def _unfinished(job: JobRecord) -> int:
    return int(job.outcome is not JobOutcome.COMPLETED)


def tables(report: MissionReport) -> dict[str, object]:
    """The rows of every table, by the name under which its template knows them."""
    gravity = {severity: rank for rank, severity in enumerate(Severity)}
    ledger = report.ledger.rows if report.ledger else []
    select = selection.select
    return {
        "expectations": select(
            report.expectations, selection.MAX_EXPECTATIONS, lambda row: row.verdict is not Verdict.PASS
        ),
        "nodes": tallies.node_tallies(report),
        "jobs": select(report.jobs, selection.MAX_JOBS, _unfinished),
        "job_tallies": tallies.job_tallies(report.jobs),
        "commands": select(
            report.commands,
            selection.MAX_COMMANDS,
            lambda row: (row.verdict is not CommandVerdict.COMPLETED) + (row.verdict is CommandVerdict.NONE),
        ),
        "images": select(report.images, selection.MAX_IMAGES, lambda _: 0),
        "passes": select(report.passes, selection.MAX_PASSES, lambda row: bool(row.lost)),
        "products": select(report.products, selection.MAX_PRODUCTS, lambda row: row.received_s is not None),
        "product_tallies": tallies.product_tallies(report.products),
        "gallery": selection.select_within(
            report.gallery,
            selection.MAX_PICTURES,
            selection.MAX_PICTURE_BYTES,
            lambda item: len(item.scene_png) + len(item.mask_png),
        ),
        "events": select(report.events, selection.MAX_EVENTS, lambda row: gravity[row.severity]),
        "severities": [
            (severity, sum(event.severity is severity for event in report.events)) for severity in reversed(Severity)
        ],
        "ledger": select(ledger, selection.MAX_LEDGER_ROWS, lambda row: 2 * (not row.closed) + bool(row.dropped)),
        "faults": select(report.faults, selection.MAX_FAULTS, lambda row: row.detected_s is None),
        "verdict_tones": VERDICT_TONES,
        "severity_tones": SEVERITY_TONES,
        "job_tones": JOB_TONES,
        "job_words": JOB_WORDS,
        "verdict_words": COMMAND_WORDS,
        "marker_words": MARKER_WORDS,
        "command_tone": command_tone,
        "stage_nouns": STAGE_NOUNS,
        "max_stages": MAX_STAGES,
        "short_table": SHORT_TABLE,
        "max_kinds": MAX_KINDS,
    }
