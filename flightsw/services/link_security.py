"""Security of one end of a radio link on board, with a memory that no reset erases.

A key that protects two frames with one number protects nothing, and a frame that is accepted twice is a command
executed twice. So what numbers were used is kept apart from checkpoints: a power-on reset, which begins with everything
else anew, begins here where it was. It is kept in two copies, both written before it counts, so that damage to one of
them loses nothing; and which keys were ever used is noted with the keys, so that damage to both, no copy at all, or a
memory that knows only others of them is never taken for a beginning.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from enum import StrEnum, unique

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.hal.errors import PortError
from flightsw.services.key_note import KeyNote
from flightsw.services.key_safe import KeySafe, LinkSecurityError
from flightsw.services.store import Recalled, Store, StoreError
from tlm_cmd.sdls.association import AssociationParameters, AssociationState, Role
from tlm_cmd.sdls.frame_security import FrameSecurity, FrameSecurityState
from tlm_cmd.sdls.key_use import UNBOUND_SPI
from tlm_cmd.sdls.management import Outcome, SecurityManagement

_TWICE = "keys could protect two frames with one number"


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
    """Protects what one app sends, or verifies what it receives; and has its keys and associations managed.

    Several may share keys and store, each with an entry of its own: none takes a key from another, or uses the same.
    Who reads what another has kept cannot see what that one does at this very moment: of all that share keys, only one
    may change them, and requests for the others come one after the other.

    Args:
        keys: of this end.
        associations: of the app's end of the link.
        store: what no reset erases.
        entry: the app's place in it.

    Attributes:
        frames: the protocol.
        management: executes extended procedures.
        note: of the keys that were used.
        forgotten: whether what was kept is damaged or gone, or knows nothing of a key that was used before, so that
            replayed frames of before could be accepted.

    Raises:
        FlightSoftwareError: there are no keys that can be used.
        LinkSecurityError: it is forgotten, and a sender could use numbers again.
    """

    def __init__(self, keys: KeySafe, associations: Sequence[AssociationParameters], store: Store, entry: str) -> None:
        self.frames = FrameSecurity(keys.read(), associations)
        self.management = SecurityManagement(self.frames, elsewhere=_KeptElsewhere(store, entry))
        self._keys, self._store, self._entry = keys, store, entry
        self.note = KeyNote(keys, entry)
        recalled = store.recall(entry)
        state = _decoded(recalled.data)
        doubt = self._doubt(recalled, state)
        self.forgotten = bool(doubt)
        if self.forgotten and any(each.role is Role.SENDER for each in associations):
            raise LinkSecurityError(f"security memory {entry!r} {doubt}")
        if state is not None:
            self.frames.state = state
        if self.forgotten:
            return
        if recalled.copies == 2:
            self._note_keys()
            return
        with contextlib.suppress(StoreError, PortError):  # it is tried again with what is used or accepted first
            self.keep()  # so that the others see which keys are held here, and that there are two copies again

    def keep(self) -> None:
        """Store what was used and accepted; before that, nothing that came with a frame is to be done.

        That the note of used keys cannot be written stops nothing: it is needed only where this memory is lost.

        Raises:
            StoreError, PortError: it was not stored.
        """
        self._store.save_twice(self._entry, msgspec.msgpack.encode(self.frames.state))
        self._note_keys()
        self.frames.saved()

    def prepare(self) -> None:
        """Reserve numbers for the frames to come, if few are left.

        Raises:
            StoreError, PortError: the reservation was not stored; frames are refused when the last one is used up.
        """
        if self.frames.reservation_due and self.frames.reserve():
            self.keep()

    def follow_keys(self) -> None:
        """Take the keys as they are kept now: another part of this end has changed them.

        Raises:
            FlightSoftwareError: they cannot be read.
        """
        self.frames.table.follow_keys(self._keys.read())

    def store_keys(self) -> None:
        """Keep the keys as they are now; if that is not possible they are as they were kept before.

        Raises:
            FlightSoftwareError: they cannot be kept.
        """
        try:
            self._keys.write(self.frames.table.ring)
        except FlightSoftwareError:
            self.follow_keys()
            raise

    def receive(self, unit: bytes, carrier_spi: int, now_ns: int) -> Outcome:
        """Execute an extended procedure that came up the link, and store what it has changed.

        Args:
            unit: the request.
            carrier_spi: the association that vouches for it.
            now_ns: for the log.

        Raises:
            FlightSoftwareError: it was executed, but not stored; keys are as they were before.
        """
        return self._store_effect(self.management.receive(unit, carrier_spi, now_ns))

    def apply(self, unit: bytes, now_ns: int) -> Outcome:
        """Execute an extended procedure that nobody need vouch for any more, and store what it has changed.

        Raises:
            FlightSoftwareError: as `receive`.
        """
        return self._store_effect(self.management.apply(unit, now_ns))

    def _note_keys(self) -> None:
        self.note.add(self.frames.state.table.key_uses)

    def _doubt(self, recalled: Recalled, state: FrameSecurityState | None) -> str:
        """Why numbers could be used or accepted again, and what to do about it; empty if that cannot be."""
        if state is None and (recalled.data is not None or recalled.corrupt):
            return f"is damaged: its {_TWICE}; give the link new keys and delete the entry"
        if state is None and not self.note.is_readable:
            return (
                f"is not there, and whether its keys were used before is not known: {self.note} is damaged or cannot "
                "be read; make it readable, or give the link new keys and delete it"
            )
        lost = self.note.lost_keys(self.frames.table.ring, () if state is None else state.table.key_uses)
        if not lost:
            return ""
        if state is None:
            return f"is gone: its {_TWICE}; give the link new keys"
        ids = ", ".join(map(str, lost))
        return f"knows nothing of keys {ids}, which were used before: these {_TWICE}; give the link new keys"

    def _store_effect(self, outcome: Outcome) -> Outcome:
        if outcome.refusal is not None:
            return outcome
        if outcome.keys_changed:
            self.store_keys()
        self.frames.reserve()
        self.keep()
        return outcome


class _KeptElsewhere:
    """What the others have kept in the same store: which keys they have, and which they have used.

    An entry that cannot be read speaks for every key.
    """

    def __init__(self, store: Store, own_entry: str) -> None:
        self._store, self._own_entry = store, own_entry

    def is_held(self, key_id: int) -> bool:
        """Whether an association elsewhere has the key."""
        return any(
            state is None
            or any(
                record.key_id == key_id and record.state is not AssociationState.UNKEYED
                for record in state.table.records.values()
            )
            for state in self._states()
        )

    def has_served(self, check_value: str) -> bool:
        """Whether an association elsewhere has used the key."""
        for state in self._states():
            use = None if state is None else state.table.key_uses.get(check_value)
            if state is None or (use is not None and use.spi != UNBOUND_SPI):
                return True
        return False

    def _states(self) -> list[FrameSecurityState | None]:
        return [_decoded(self._store.load(name) or b"") for name in self._store.names() if name != self._own_entry]


def _decoded(data: bytes | None) -> FrameSecurityState | None:
    if data is None:
        return None
    try:
        return msgspec.msgpack.decode(data, type=FrameSecurityState)
    except msgspec.DecodeError:
        return None
