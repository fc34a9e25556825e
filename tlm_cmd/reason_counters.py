"""How often something was so, counted by reason: one field for each member of an enumeration."""

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

Reason = TypeVar("Reason", bound=StrEnum)


class ReasonCounters(msgspec.Struct, Generic[Reason]):
    """Counters whose fields are named by the values of an enumeration, and nothing else."""

    @property
    def total(self) -> int:
        """For any reason."""
        return sum(msgspec.structs.astuple(self))

    def of(self, reason: Reason) -> int:
        """For one reason."""
        return int(getattr(self, reason.value))

    def count(self, reason: Reason) -> None:
        """Count one more."""
        setattr(self, reason.value, self.of(reason) + 1)
