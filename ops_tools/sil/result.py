"""The result of a flight, as machines read it. Later work adds keys; none goes."""

from __future__ import annotations

from typing import Any

import msgspec

from ops_tools.sil.command_judgement import UnsentCommand
from ops_tools.sil.report.records import Verdict


class CommandResult(msgspec.Struct, frozen=True):
    """One command and its verdict.

    Attributes:
        source: ``scenario``, or ``ground`` for one that the ground adds by itself.
        arms: the command that it arms, None if it is no arming.
    """

    name: str
    sequence: int
    verdict: str
    code: str
    reason: str
    expected: str
    hazardous: bool
    forced: bool
    source: str
    arms: int | None


class LedgerResult(msgspec.Struct, frozen=True):
    """The bus's ledger."""

    sent: int
    offered: int
    delivered: int
    queued: int
    dropped: dict[str, int]
    closed: bool


class LimitsResult(msgspec.Struct, frozen=True):
    """Seconds outside limits, by the truth."""

    violations: int
    battery_floor_s: int
    node_s: dict[str, int]
    lowest_state_of_charge: float
    hottest_c: dict[str, float]


class ImagesResult(msgspec.Struct, frozen=True):
    """What became of images."""

    taken: int
    discarded: int
    processed: int


class ProductsResult(msgspec.Struct, frozen=True):
    """What reached the ground, and what did not.

    Attributes:
        files: products on the ground whole.
        bytes: of those.
        alerts: sent.
        made: products made on board.
        waiting: products made, but not on the ground.
        waiting_bytes: of those.
        due: products that had time enough in contact to come down, see `product_account.DUE_S`.
        overdue: of those, not on the ground.
    """

    files: int
    bytes: int
    alerts: int
    made: int
    waiting: int
    waiting_bytes: int
    due: int
    overdue: int


class DownlinkResult(msgspec.Struct, frozen=True):
    """What the images weigh, and what was sent instead.

    Attributes:
        raw_bytes: all images taken.
        sent_bytes: segments of products sent.
        settled_images: images that need no more downlink: discarded, or their product is on the ground.
        settled_bytes: what those would have weighed.
    """

    raw_bytes: int
    sent_bytes: int
    settled_images: int
    settled_bytes: int

    @property
    def saved(self) -> float | None:
        """Part of the settled images' volume that needed no sending; None while none is settled."""
        return 1 - self.sent_bytes / self.settled_bytes if self.settled_bytes else None


class PayloadResult(msgspec.Struct, frozen=True):
    """The compute payload under its guard.

    Attributes:
        guard_refusals: slots that the planner wanted and the guard refused.
        highest_power_mode_w: highest power mode in which the board worked.
        energy_wh: used by inference.
    """

    guard_refusals: int
    highest_power_mode_w: int
    energy_wh: float


class ExpectationResult(msgspec.Struct, frozen=True):
    """One demand of the scenario, and whether it held."""

    requirement: str
    text: str
    verdict: Verdict
    detail: str


class FlightResult(msgspec.Struct, frozen=True):
    """Everything that a flight came to. ``events`` counts the events on board, by app and name."""

    scenario: str
    mission: str
    verdict: Verdict
    verdict_reason: str
    trace_hash: str
    dictionary_hash: str
    seed: int
    simulated_s: int
    cpu_s: float
    wall_s: float
    rss_mb: float
    worker_rss_mb: float
    commands: list[CommandResult]
    ledger: LedgerResult
    limits: LimitsResult
    images: ImagesResult
    jobs: dict[str, int]
    payload: PayloadResult
    products: ProductsResult
    downlink: DownlinkResult
    events: dict[str, dict[str, int]]
    expectations: list[ExpectationResult]
    unsent: list[UnsentCommand] = []
    report: str | None = None


def figure(result: FlightResult, path: str) -> Any:  # noqa: ANN401 - whatever the path leads to
    """A figure by its keys joined by dots, such as ``images.discarded``.

    Raises:
        KeyError: there is no such figure.
    """
    value: Any = msgspec.to_builtins(result)
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            raise KeyError(path)
        value = value[key]
    return value
