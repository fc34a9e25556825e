"""How far a key has been used: the counter of its sender or receiver, kept so that no restart repeats a number.

No initialisation vector may ever come twice under one key (NIST SP 800-38D, section 8), and no sequence number be
accepted twice (CCSDS 355.0-B-2, 4.2.4).

It belongs to the key and not to the association: an association that gets an old key again, or a key that comes under
another id, goes on where that key was. A key serves one association for all its life, since two senders with one key
would repeat each other's initialisation vectors.
"""

import msgspec

from tlm_cmd.sdls.association import MAX_COUNTER

RESERVATION = 1024
"""Numbers that a sender reserves ahead: so many frames can it send between two times that its state is saved."""
UNBOUND_SPI = 0
"""In the use of a key that has served no association yet."""
MAX_KEY_USES = 1024
"""Keys that are remembered, for ever; a new key behind them is refused."""


class KeyUse(msgspec.Struct):
    """The counters of one key at one end."""

    spi: int
    """The association that it serves, `UNBOUND_SPI` if none yet."""
    next_counter: int = 0
    """Sender: the number of the next frame. Receiver: the lowest number that is still accepted."""
    reserved_until: int = 0
    """Sender: numbers below it may have been used by now. It is this that must be stored before they are."""
    next_verification: int = 0
    """The number of the next answer to a challenge."""
    exhausted: bool = False
    """Sender: whether it has been logged that no number is left."""

    def reserve(self, last_counter: int) -> None:
        """Reserve numbers ahead, up to ``last_counter``, when fewer than half of a reservation are left."""
        if self.reserved_until - self.next_counter >= RESERVATION // 2:
            return
        self.reserved_until = max(min(self.next_counter + RESERVATION, last_counter + 1), self.reserved_until)

    def skip_reserved(self) -> None:
        """Take all numbers that may have been used for used: what is done after a restart."""
        self.next_counter = max(self.next_counter, self.reserved_until)
        self.next_verification = min(self.next_verification + RESERVATION, MAX_COUNTER)

    def advance(self, counter: int) -> bool:
        """Go on behind a number, ``counter``; False if that would be a step back, which is never taken."""
        if counter + 1 < max(self.next_counter, self.reserved_until) or counter >= MAX_COUNTER:
            return False
        self.next_counter = counter + 1
        return True
