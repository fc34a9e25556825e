"""The compute board as the app handles it: a device error is counted and turned into an answer, never raised."""

from __future__ import annotations

from collections.abc import Callable

from apps.payload.errors import PayloadError
from apps.payload.state import PayloadState
from flightsw.devices.compute_board import ComputeBoard, JobProgress, PowerMode
from flightsw.devices.errors import DeviceError, RefusedError
from flightsw.devices.framing import Status


class LostWorkError(PayloadError):
    """The board knows nothing of the work it was given."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the board knows nothing of run {number}")
        self.number = number


class BoardKeeper:
    """Asks and commands the board; errors go to the state's counter."""

    def __init__(self, board: ComputeBoard, state: PayloadState) -> None:
        self._board = board
        self._state = state

    def listen(self, now_ns: int) -> None:
        """Take the board's status, when it gives one."""
        try:
            status = self._board.status()
        except DeviceError:
            self._state.errors += 1
            return
        self._state.heard.board, self._state.heard.board_ns = status, now_ns

    def progress(self, number: int) -> JobProgress | None:
        """How far the work is; None when the board does not tell.

        Raises:
            LostWorkError: the board has lost it.
        """
        try:
            return self._board.progress(number)
        except DeviceError as error:
            self._state.errors += 1
            if isinstance(error, RefusedError) and error.status is Status.NOT_FOUND:
                raise LostWorkError(number) from error
            return None

    def set_power(self, power_w: int) -> bool:
        """Choose the power mode; whether the board has taken it."""
        return self._done(lambda: self._board.set_power_mode(PowerMode(power_w)))

    def begin(self, number: int, power_w: int, work_s: float) -> bool:
        """Let it work; whether it does."""
        return self.set_power(power_w) and self._done(lambda: self._board.start(number, work_s))

    def abort(self, number: int) -> None:
        """End the work. A board that does not obey is to be switched off."""
        try:
            self._board.abort(number)
        except DeviceError as error:
            self._state.errors += 1
            # A board that is off or boots has nothing to abort.
            if not (isinstance(error, RefusedError) and error.status is Status.WRONG_STATE):
                self._state.power_cycle = True

    def _done(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except DeviceError:
            self._state.errors += 1
            return False
        return True
