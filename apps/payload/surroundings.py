"""What the rooms of the payload need of the app around them: its tables, and a voice."""

from __future__ import annotations

from typing import Protocol

from apps.payload.jobs import Job
from apps.payload.messages import GuardReason, JobOutcome, ProductReady
from apps.payload.tables import BoardTable, ForecastRules, GuardLimits, JobRules
from apps.payload.worker_messages import WorkRequest


class PayloadTables(Protocol):
    """The tables that are active now."""

    @property
    def board(self) -> BoardTable:
        """The compute board."""
        ...

    @property
    def limits(self) -> GuardLimits:
        """What the guard protects."""
        ...

    @property
    def expected(self) -> ForecastRules:
        """How forecasts are made."""
        ...

    @property
    def rules(self) -> JobRules:
        """What becomes of images."""
        ...


class Voice(Protocol):
    """Tells others what has happened, and what they should do."""

    def job_ended(self, job: Job, outcome: JobOutcome, reason: str, value: float, cloud_fraction: float) -> None:
        """A job has left the queue; ``value`` is what it has earned."""
        ...

    def product_ready(self, product: ProductReady) -> None:
        """A product lies in the mass memory."""
        ...

    def model_unusable(self, reason: str) -> None:
        """The worker has no model to work with."""
        ...

    def board_failed(self, reason: str, failures: int) -> None:
        """The board did not boot, hung or was lost, for the ``failures``-th time in a row."""
        ...

    def planner_replaced(self, reason: str) -> None:
        """The planner failed for a new reason."""
        ...

    def cut_off(self, reason: GuardReason) -> None:
        """The guard has stopped running work."""
        ...

    def start_work(self, request: WorkRequest, takes_s: float) -> None:
        """The worker is to do something."""
        ...

    def switch_line(self, line: int, on: bool) -> None:  # noqa: FBT001 - the field's own term
        """The power app is to switch a line."""
        ...
