"""NOOP and the counters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.messages.life import Noop, NoopDone, ResetCounters
from tlm_cmd.definition.message import Command

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class BasicCommands:
    """Shows that an app lives, and sets its counters back.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            Noop: self._noop,
            ResetCounters: self._reset_counters,
        }

    def _noop(self, _: Noop) -> None:
        surroundings = self._container.surroundings
        self._container.report(NoopDone(surroundings.dictionary.mission, surroundings.version))

    def _reset_counters(self, _: ResetCounters) -> None:
        state = self._container.state
        state.accepted = state.completed = state.failed = state.errors = 0
        state.messages = state.activities = state.refused_sends = state.store_faults = 0
        state.events_unlogged = state.event_lines_lost = 0
        state.slots.clear()
        self._container.filter.reset_counts()
