"""Numbers that never come twice, whatever is reset: they are reserved ahead in a store that no reset erases.

Who restarts goes on behind what was reserved, so that a number which may have been used is not used again. Some numbers
are skipped with each restart.
"""

from __future__ import annotations

from struct import Struct

from flightsw.services.store import Store

RESERVED = 256
"""Numbers reserved at a time; half of them are left when the next ones are reserved."""
_NUMBER = Struct(">Q")


class NumberReservation:
    """The reservation of one count, which wraps.

    Args:
        store: what no reset erases.
        entry: its place there.
        modulo: numbers that there are, at least 256.

    Attributes:
        forgotten: whether what was reserved cannot be read: numbers then go on half of their range ahead.
    """

    def __init__(self, store: Store, entry: str, modulo: int) -> None:
        self._store, self._entry, self._modulo = store, entry, modulo
        self._ahead = min(RESERVED, modulo // 4)
        recalled = store.recall(entry)
        known = recalled.data is not None and len(recalled.data) == _NUMBER.size
        self.forgotten = not known and (recalled.data is not None or recalled.corrupt > 0)
        self._first = recalled.data is None and not self.forgotten
        self._until = 0
        if known and recalled.data is not None:
            (until,) = _NUMBER.unpack(recalled.data)
            # An older generation in place of one that is damaged says less than was reserved.
            self._until = (until + (self._ahead if recalled.corrupt else 0)) % modulo

    def begin(self, number: int) -> int:
        """The number to begin with, by what is kept; ``number`` is the next one as far as the caller remembers.

        None is left of those that were reserved, so `prepare` for it stores the next ones, in place of what is damaged.
        """
        if self._first:
            self._until = number
        elif self.forgotten:
            self._until = (number + self._modulo // 2) % self._modulo
        return self._until

    def prepare(self, number: int) -> None:
        """Reserve numbers if few are left; ``number`` is the next one to be used.

        Raises:
            StoreError, PortError: that was not stored; numbers used beyond what was reserved come again after a reset.
        """
        if self._ahead // 2 <= (self._until - number) % self._modulo <= self._ahead:
            return
        until = (number + self._ahead) % self._modulo
        self._store.save_twice(self._entry, _NUMBER.pack(until))
        self._until = until
