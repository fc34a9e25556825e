"""Which keys one part of an end has used, noted with the keys and apart from the memory of what was used of them.

From it is known that a memory must be there, and what it must know: one that is gone, was deleted or comes from another
time is not taken for a beginning. A note only grows: keys that were replaced may be put back.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from flightsw.hal.errors import PortError
from flightsw.services.key_safe import KeySafe
from flightsw.services.store import StoreError
from tlm_cmd.sdls.key_ring import KeyRing

MAX_NOTED_KEYS = 4096
"""Keys that are noted, four times those that one memory knows. Of more, the newest are; an older one that is put back
behind the loss of the memory is taken for a key that never was used."""


class KeyNoteState(msgspec.Struct):
    """What the note has counted.

    Attributes:
        written: times that it was written.
        failed: times that it could not be.
        dropped: keys that are noted no more since there are too many.
    """

    written: int = 0
    failed: int = 0
    dropped: int = 0


class KeyNote:
    """The note of one part.

    Args:
        keys: where it is kept.
        entry: the part's place there.

    Attributes:
        state: counters.
        is_readable: whether it is known what was noted; if not, every key may have been used.
        problem: why the note could not be written when that was last tried, empty if it could.

    Raises:
        FlightSoftwareError: there are no keys that could be used.
    """

    def __init__(self, keys: KeySafe, entry: str) -> None:
        self.state = KeyNoteState()
        self.is_readable = True
        self.problem = ""
        self._uses, self._place, self._entry = keys.uses(), keys.uses_place(), entry
        self._noted: dict[str, None] = {}
        self._is_kept = False
        self._recall()

    def __str__(self) -> str:
        return f"note {self._entry!r} in {self._place}"

    def lost_keys(self, ring: KeyRing, known: Collection[str]) -> list[int]:
        """Keys of a ring that were used, while whose memory it is knows only others.

        Args:
            ring: the keys.
            known: check values of the keys that the memory knows.
        """
        present = [(each.key_id, each.secret.check_value) for each in ring.entries if each.secret is not None]
        return [key_id for key_id, check_value in present if check_value in self._noted and check_value not in known]

    def add(self, check_values: Collection[str]) -> None:
        """Note keys as used, if they are not noted yet; what cannot be written is tried again with the next call."""
        if self._has(check_values):
            return
        self._recall()
        if not self._has(check_values):
            self._write(check_values)

    def _has(self, check_values: Collection[str]) -> bool:
        return self._is_kept and all(each in self._noted for each in check_values)

    def _recall(self) -> None:
        recalled = self._uses.recall(self._entry)
        self.is_readable = recalled.data is not None or not recalled.corrupt
        self._is_kept = recalled.copies == 2
        noted = (recalled.data or b"").decode(errors="replace").split("\n")
        self._noted = dict.fromkeys(each for each in [*noted, *self._noted] if each)

    def _write(self, check_values: Collection[str]) -> None:
        noted = [*self._noted, *(each for each in check_values if each not in self._noted)]
        newest = noted[-MAX_NOTED_KEYS:]
        try:
            self._uses.save_twice(self._entry, "\n".join(newest).encode())
        except (StoreError, PortError) as error:
            self.state.failed += 1
            self.problem = f"{self}: {error}"
            return
        self.state.written += 1
        self.state.dropped += len(noted) - len(newest)
        self._noted, self._is_kept, self.is_readable, self.problem = dict.fromkeys(newest), True, True, ""
