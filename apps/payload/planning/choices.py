"""What a planner may choose from, what it chose, and how long things take."""

from __future__ import annotations

import msgspec

from apps.payload.jobs import Job
from apps.payload.tables import PowerStep, Variant

NANOSECONDS = 1_000_000_000


class Plan(msgspec.Struct, frozen=True):
    """What to do next: a job, by which variant of the model, in which power mode [W]."""

    job: int
    variant: str
    power_w: int


class Board(msgspec.Struct, frozen=True):
    """The compute board as a planner sees it.

    Attributes:
        steps: its power modes, weakest first.
        variants: of the model.
        idle_w: power at rest.
        admitted_w: the strongest power mode that the guard would admit now; a hint, the guard has the last word.
        spare_wh: energy that may be used before the guard would refuse, by the forecast.
        overhead_s: time between the plan and the begin of the work, and between its end and the result.
    """

    steps: tuple[PowerStep, ...]
    variants: tuple[Variant, ...]
    idle_w: float
    admitted_w: float
    spare_wh: float
    overhead_s: float = 0.0

    def admitted_steps(self) -> tuple[PowerStep, ...]:
        """Power modes that the guard would admit now, weakest first; the weakest of all when it would admit none."""
        return tuple(step for step in self.steps if step.power_w <= self.admitted_w) or self.steps[:1]

    def variants_for(self, job: Job) -> tuple[Variant, ...]:
        """Variants that a job can be run by: one that is half done goes on as it began."""
        begun = tuple(variant for variant in self.variants if variant.name == job.variant)
        return begun if job.done > 0.0 and begun else self.variants

    def cheapest_for(self, job: Job) -> Variant:
        """The variant with the least work."""
        return min(self.variants_for(job), key=lambda variant: variant.work_s)

    def seconds(self, job: Job, variant: Variant, step: PowerStep) -> float:
        """Time from now until a job is done."""
        return remaining_work_s(job, variant) / step.speed + self.overhead_s

    def energy_wh(self, job: Job, variant: Variant, step: PowerStep) -> float:
        """Energy that a job takes beyond rest."""
        return remaining_work_s(job, variant) / step.speed * (step.power_w - self.idle_w) / 3600.0


def remaining_work_s(job: Job, variant: Variant) -> float:
    """Work still to be done, in seconds at full speed; what was done by another variant does not count."""
    done = job.done if job.variant == variant.name else 0.0
    return variant.work_s * (1.0 - done)


def seconds_left(job: Job, now_ns: int) -> float:
    """Time until the deadline."""
    return (job.deadline_ns - now_ns) / NANOSECONDS
