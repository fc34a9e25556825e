"""What frames say of the receiver of commands, in their control word: its report, and in turn that of its security."""

from __future__ import annotations

import msgspec

from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import CLCW_OCTETS, Clcw

REPORTS_PER_SECURITY_REPORT = 7
"""Frames in a row with the receiver's report, before one with the report of its security."""
PATIENCE_NS = 5_000_000_000
"""How long frames wait after a restart for a report of the receiver; its app sends one each second."""


class ReceiverReportsState(msgspec.Struct):
    """The newest reports.

    Attributes:
        clcw: the receiver's, None before the first.
        security: that of its security, 0 before the first and on an open link.
    """

    clcw: int | None = None
    security: int = 0


class ReceiverReports:
    """Works on a state.

    Args:
        state: memory.
        unknown: stands in for the receiver's report while there is none: one that nothing can be built on.
        now_ns: monotonic time; reports in the memory are from before it.
    """

    def __init__(self, state: ReceiverReportsState, unknown: Clcw, now_ns: int) -> None:
        self._state, self._unknown = state, unknown
        self._old, self._since_ns = state.clcw is not None, now_ns

    def take(self, clcw: int, security: int) -> None:
        """The receiver has reported."""
        self._old = False
        self._state.clcw, self._state.security = clcw, security

    def outdated(self, now_ns: int) -> bool:
        """Whether the newest report is one from before a restart, and a newer one may still come.

        A ground that was told of an older state would begin its sequence anew there, and have commands discarded as
        repeated which the next report then seems to confirm.
        """
        if not self._old:
            return False
        if 0 <= now_ns - self._since_ns < PATIENCE_NS:
            return True
        self._old, self._state.clcw, self._state.security = False, None, 0
        return False

    def control_words(self) -> list[bytes]:
        """What the next frames carry, one each, over and over."""
        words = [self._clcw().pack()] * REPORTS_PER_SECURITY_REPORT
        security = self._state.security
        return [*words, security.to_bytes(CLCW_OCTETS, "big")] if security else words[:1]

    def _clcw(self) -> Clcw:
        try:
            if self._state.clcw is not None:
                return Clcw.unpack(self._state.clcw.to_bytes(CLCW_OCTETS, "big"))
        except ProtocolError:
            self._state.clcw = None
        return self._unknown
