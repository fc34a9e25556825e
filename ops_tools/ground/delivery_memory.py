"""What the ground's file delivery remembers over a restart."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tlm_cmd.cfdp.entity_state import EntityState

MEMORY_FILE = ".file_delivery"
"""Beside the files."""


class DeliveryMemory:
    """Keeps the memory of an entity in a file, which is replaced as a whole.

    Without the numbers of its earlier transactions an entity would begin again with ones that the other end takes for
    old, so whoever keeps files keeps this too.

    Attributes:
        errors: times that it could not be written or read.
    """

    def __init__(self, directory: Path) -> None:
        self.errors = 0
        self._file = directory / MEMORY_FILE

    def load(self) -> EntityState | None:
        """What was saved last, None if nothing was or it cannot be read."""
        try:
            return msgspec.msgpack.decode(self._file.read_bytes(), type=EntityState)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError):
            self.errors += 1
            return None

    def save(self, state: EntityState) -> None:
        """Save it."""
        part = self._file.with_suffix(".new")
        try:
            part.write_bytes(msgspec.msgpack.encode(state))
            part.replace(self._file)
        except OSError:
            self.errors += 1
