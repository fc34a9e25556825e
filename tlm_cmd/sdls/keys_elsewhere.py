"""What other associations of this end do with its keys, where they are in other tables.

A spacecraft may protect its directions in different places, each with an association table of its own, and all with one
ring. What the procedures of CCSDS 355.1-B-1 (3.2 and 3.3) do through one table must not harm the others.
"""

from typing import Protocol


class KeysElsewhere(Protocol):
    """Knows the other tables."""

    def is_held(self, key_id: int) -> bool:
        """Whether an association elsewhere has the key, in use or not: it must not be taken away."""
        ...

    def has_served(self, check_value: str) -> bool:
        """Whether an association elsewhere has used the key, by its check value, at any time: it serves no other."""
        ...


class NoKeysElsewhere:
    """There are no other tables."""

    def is_held(self, key_id: int) -> bool:
        """No."""
        del key_id
        return False

    def has_served(self, check_value: str) -> bool:
        """No."""
        del check_value
        return False
