"""Security of one end of a radio link on board, with a memory that no reset erases.

A key that protects two frames with one number protects nothing, and a frame that is accepted twice is a command
executed twice. So what numbers were used is kept apart from checkpoints: a power-on reset, which begins with everything
else anew, begins here where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, unique

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.services.store import Store
from tlm_cmd.sdls.association import AssociationParameters, Role
from tlm_cmd.sdls.frame_security import FrameSecurity, FrameSecurityState
from tlm_cmd.sdls.key_ring import KeyRing


class LinkSecurityError(FlightSoftwareError):
    """A link that cannot be protected; says what to change."""


@unique
class SecurityProfile(StrEnum):
    """How much a mission demands of its links."""

    FLIGHT = "flight"
    """Every command is authenticated; a mission without that is refused."""
    LAB = "lab"
    """Links may be open, for a bench; the ground says so on every contact."""


class SecurityEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mission file says of security.

    Attributes:
        profile: how much is demanded.
    """

    profile: SecurityProfile = SecurityProfile.LAB


class LinkSecurity:
    """Protects what one app sends, or verifies what it receives.

    Args:
        ring: the keys of this end.
        associations: of the app's end of the link.
        store: what no reset erases.
        entry: the app's place in it.

    Attributes:
        frames: the protocol.
        forgotten: whether what was kept could not be read, so that replayed frames of before would be accepted.

    Raises:
        LinkSecurityError: what was kept cannot be read, and a sender would use numbers again.
    """

    def __init__(self, ring: KeyRing, associations: Sequence[AssociationParameters], store: Store, entry: str) -> None:
        self.frames = FrameSecurity(ring, associations)
        self._store, self._entry = store, entry
        recalled = store.recall(entry)
        state = _decoded(recalled.data)
        self.forgotten = state is None and (recalled.data is not None or recalled.corrupt > 0)
        if self.forgotten and any(each.role is Role.SENDER for each in associations):
            raise LinkSecurityError(
                f"security memory {entry!r} is damaged: its keys could protect two frames with one number; "
                "give the link new keys and delete the entry"
            )
        if state is not None:
            self.frames.state = state

    def keep(self) -> None:
        """Store what was used and accepted; before that, nothing that came with a frame is to be done.

        Raises:
            StoreError, PortError: it was not stored.
        """
        self._store.save(self._entry, msgspec.msgpack.encode(self.frames.state))
        self.frames.saved()

    def prepare(self) -> None:
        """Reserve numbers for the frames to come, if few are left.

        Raises:
            StoreError, PortError: the reservation was not stored; frames are refused when the last one is used up.
        """
        if self.frames.reservation_due and self.frames.reserve():
            self.keep()


def _decoded(data: bytes | None) -> FrameSecurityState | None:
    if data is None:
        return None
    try:
        return msgspec.msgpack.decode(data, type=FrameSecurityState)
    except msgspec.DecodeError:
        return None
