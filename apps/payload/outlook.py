"""What the app expects, and what the guard says to it: forecast, reserve and admissions over the app's state."""

from __future__ import annotations

import math

from apps.payload import guard
from apps.payload.forecast import NANOSECONDS, Averages, Forecast, look_ahead
from apps.payload.guard import Measured, Reserve
from apps.payload.messages import GuardReason
from apps.payload.senses import measured, sample
from apps.payload.state import PayloadState
from apps.payload.surroundings import PayloadTables
from apps.payload.tables import GuardLimits, PowerStep

NOTHING_FOR_A_BOARD_AT_REST = (
    GuardReason.SPACECRAFT_MODE,
    GuardReason.LOAD_SHEDDING,
    GuardReason.BATTERY_FLOOR,
    GuardReason.BUS_VOLTAGE,
)


class Outlook:
    """The guard and all that it is told, as of one control slot.

    Attributes:
        now_ns: time of the slot.
        measured: what the guard judges by.
    """

    def __init__(self, state: PayloadState, tables: PayloadTables) -> None:
        self._state = state
        self._tables = tables
        self._reserve: Reserve | None = None
        self._reserve_of: tuple[Forecast, GuardLimits] | None = None
        self.now_ns = 0
        self.measured: Measured = measured(state.heard, 0, tables.board, tables.limits)

    def renew(self, now_ns: int, seconds: float) -> None:
        """Begin a control slot, ``seconds`` after the one before."""
        state, tables = self._state, self._tables
        self.now_ns = now_ns
        self.measured = measured(state.heard, now_ns, tables.board, tables.limits)
        if state.averages is None:
            state.averages = Averages.expected(tables.expected)
        news = sample(state.heard, now_ns, tables.board, tables.limits)
        if news is not None:
            state.averages.learn(news, seconds, tables.expected)
        old = state.forecast
        if state.heard.orbit is not None and (
            old is None or now_ns - old.start_ns >= tables.expected.renew_s * NANOSECONDS
        ):
            state.forecast = look_ahead(now_ns, state.heard.orbit, state.averages, tables.expected)
        self._renew_reserve()

    def _renew_reserve(self) -> None:
        """The reserve follows from forecast and limits, and is kept while these are the same."""
        forecast, limits = self._state.forecast, self._tables.limits
        if forecast is None:
            self._reserve = self._reserve_of = None
        elif self._reserve_of is None or self._reserve_of[0] is not forecast or self._reserve_of[1] is not limits:
            self._reserve = guard.reserve(forecast, limits, self._tables.board.idle_w)
            self._reserve_of = (forecast, limits)

    def admits(self, power_w: float, *, starting: bool) -> GuardReason:
        """The guard's word on a power."""
        return guard.admit(power_w, self.measured, self._reserve, self.now_ns, self._tables.limits, starting=starting)

    def strongest(self, most_w: float = math.inf, *, starting: bool) -> tuple[PowerStep | None, GuardReason]:
        """The strongest admitted power mode of at most ``most_w``, or None and why not even the weakest is."""
        return guard.strongest(
            most_w,
            self.measured,
            self._reserve,
            self.now_ns,
            self._tables.limits,
            self._tables.board,
            starting=starting,
        )

    def spare_wh(self) -> float:
        """Energy that may be used now."""
        return guard.spare_wh(self.measured, self._reserve, self.now_ns, self._tables.limits)

    def forbids_rest(self, *, starting: bool) -> bool:
        """Whether there is nothing even for a board at rest."""
        return self.admits(self._tables.board.idle_w, starting=starting) in NOTHING_FOR_A_BOARD_AT_REST

    def admits_boot(self) -> bool:
        """Whether there is power for a boot and, behind it, for the weakest power mode."""
        boot = self.admits(self._tables.board.boot_w, starting=True)
        return boot is GuardReason.ADMITTED and self.strongest(starting=True)[0] is not None

    def too_hot(self) -> bool:
        """Whether even the weakest power mode would make the board too hot."""
        weakest = self._tables.board.steps[0].power_w
        return self.admits(weakest, starting=False) is GuardReason.BOARD_TEMPERATURE

    def cool(self) -> bool:
        """Whether heat forbids nothing any more, with the start margin; not when that is unknown."""
        weakest = self._tables.board.steps[0].power_w
        hot_or_unknown = (GuardReason.BOARD_TEMPERATURE, GuardReason.STALE_MEASUREMENT)
        return self.admits(weakest, starting=True) not in hot_or_unknown
