"""What the command ingest says of the memory of its link security: that it has forgotten, and that it takes nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from apps.command_ingest.messages import KeyUseNotNoted, ReplaysPossible, SecurityNotStored
from flightsw.hal.errors import PortError
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import StoreError
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.verification import shorten


class SecurityMemoryState(msgspec.Struct):
    """What was said already.

    Attributes:
        is_refused: the memory took nothing when it was last written.
        is_note_refused: the note of used keys neither.
    """

    is_refused: bool = False
    is_note_refused: bool = False


class SecurityMemory:
    """Has stored what was accepted, and says once when that begins to fail.

    Args:
        security: of the telecommands.
        state: the memory to work on.
        say: publishes an event.
    """

    def __init__(self, security: LinkSecurity, state: SecurityMemoryState, say: Callable[[Event], None]) -> None:
        self._security = security
        self._state = state
        self._say = say
        if security.forgotten:
            say(ReplaysPossible())
        self._look_at_note()

    def keep(self) -> bool:
        """See that no frame accepted so far can be accepted again; before that nothing of it may be executed."""
        if not self._security.frames.unsaved_acceptances:
            return True
        try:
            self._security.keep()
        except (StoreError, PortError) as error:
            if not self._state.is_refused:
                self._say(SecurityNotStored(shorten(str(error))))
            self._state.is_refused = True
            return False
        self._state.is_refused = False
        self._look_at_note()
        return True

    def _look_at_note(self) -> None:
        problem = self._security.note.problem
        if problem and not self._state.is_note_refused:
            self._say(KeyUseNotNoted(shorten(problem)))
        self._state.is_note_refused = bool(problem)
