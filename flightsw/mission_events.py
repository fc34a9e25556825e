"""How a mission treats the events of an app."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from flightsw.services.event_log import DEFAULT_ENTRIES
from flightsw.services.retained_ring import MAX_SLOTS, RingMode
from flightsw.services.squelch import DEFAULT_SQUELCH, Squelch


class EventEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events of one app, at first; commands may change it.

    Attributes:
        squelch: limits of floods.
        log_entries: most entries of the app's log, 1 to 4096.
        full_log: what the log does when it is full.
    """

    squelch: Squelch = DEFAULT_SQUELCH
    log_entries: Annotated[int, msgspec.Meta(ge=1, le=MAX_SLOTS)] = DEFAULT_ENTRIES
    full_log: Literal["overwrite", "discard"] = "overwrite"

    @property
    def log_mode(self) -> RingMode:
        """``full_log`` as the log has it."""
        return RingMode[self.full_log.upper()]
