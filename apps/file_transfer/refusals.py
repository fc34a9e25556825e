"""Why a file could not be read or written, and whether asking again may help."""

from __future__ import annotations

from flightsw.devices.errors import DeviceError, RefusedError
from flightsw.devices.framing import Status
from tlm_cmd.cfdp.errors import FilestoreError

LASTING = (Status.NOT_FOUND, Status.OUT_OF_RANGE, Status.FULL, Status.BAD_PAYLOAD, Status.UNKNOWN_REQUEST)
"""What the memory says where asking again would not help."""


class Refusals:
    """Makes the errors of a filestore, and remembers the last one.

    Attributes:
        passing: whether the last one was because the memory did not answer, which may pass.
        holding: whether the memory is not asked any more for now: each request in vain takes time.
        reason: of the last one, in words.
    """

    def __init__(self) -> None:
        self.passing = False
        self.holding = False
        self.reason = ""

    def refused(self, operation: str, name: str, reason: str) -> FilestoreError:
        """The error for what is not possible."""
        self.passing, self.reason = False, reason
        return FilestoreError(operation, name, reason)

    def failed(self, operation: str, name: str, error: DeviceError) -> FilestoreError:
        """The error for a memory that did not do it."""
        status = error.status if isinstance(error, RefusedError) else None
        self.passing = status not in LASTING
        self.holding = self.holding or self.passing
        self.reason = f"mass memory: {'no answer' if status is None else status.name.replace('_', ' ').lower()}"
        return FilestoreError(operation, name, self.reason)

    def check(self, operation: str, name: str) -> None:
        """Make sure that the memory may be asked.

        Raises:
            FilestoreError: it did not answer a moment ago.
        """
        if self.holding:
            self.passing, self.reason = True, "mass memory: no answer a moment ago"
            raise FilestoreError(operation, name, self.reason)
