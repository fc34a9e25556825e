"""Limit monitoring: which values left their limits, when, and which still are outside."""

from __future__ import annotations

from collections import deque

import msgspec

from ops_tools.ground.decoder import Sample
from ops_tools.ground.limits import LimitedField, LimitState, limit_state, limited_fields
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Telemetry

KEPT_TRANSITIONS = 512
"""Transitions listed; the oldest is forgotten first."""


class LimitTransition(msgspec.Struct, frozen=True):
    """A value went from one limit state to another."""

    field: str
    previous: LimitState
    state: LimitState
    value: float
    time_ns: int
    """Spacecraft time of the packet."""
    received_ns: int

    def describe(self) -> str:
        """What happened, as a person reads it."""
        return f"{self.field} {self.previous.name} to {self.state.name}: {self.value:g}"


class AlarmBook:
    """Watches every value with declared limits.

    Recorded packets change no state, since newer values are known; their values outside the limits are counted in
    ``recorded_violations``.

    Attributes:
        transitions: the newest transitions.
        counts: transitions into each state.
        recorded_violations: values outside their limits in recorded packets.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.transitions: deque[LimitTransition] = deque(maxlen=KEPT_TRANSITIONS)
        self.counts: dict[LimitState, int] = dict.fromkeys(LimitState, 0)
        self.recorded_violations = 0
        self._fields: dict[str, tuple[LimitedField, ...]] = {
            entry.name: fields for entry in dictionary.telemetry.values() if (fields := limited_fields(entry.record))
        }
        self._outside: dict[str, LimitTransition] = {}

    @property
    def active(self) -> list[LimitTransition]:
        """The values outside their limits now, each with the transition that brought it there; the worst first."""
        return sorted(self._outside.values(), key=lambda transition: (-transition.state, transition.received_ns))

    def check(self, sample: Sample) -> list[LimitTransition]:
        """Compare a packet's values with their limits and return what has changed."""
        changes: list[LimitTransition] = []
        message = sample.message
        if not isinstance(message, Telemetry):
            return changes
        for field in self._fields.get(sample.name, ()):
            if field.all_green(message) and (sample.recorded or not self._outside):
                continue
            for name, value in field.values(message):
                state = limit_state(field.limits, value)
                if sample.recorded:
                    self.recorded_violations += state > LimitState.GREEN
                else:
                    self._move(f"{sample.name}.{name}", state, value, sample, changes)
        return changes

    def _move(self, name: str, state: LimitState, value: float, sample: Sample, changes: list[LimitTransition]) -> None:
        before = self._outside.get(name)
        previous = LimitState.GREEN if before is None else before.state
        if state is previous:
            return
        transition = LimitTransition(name, previous, state, value, sample.time_ns, sample.received_ns)
        if state is LimitState.GREEN:
            del self._outside[name]
        else:
            self._outside[name] = transition
        self.counts[state] += 1
        self.transitions.append(transition)
        changes.append(transition)
