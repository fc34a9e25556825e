"""The keys of one end: which there are, and what state each is in (CCSDS 355.1-B-1, 3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum, unique

import msgspec

from tlm_cmd.errors import ProtocolError, check_range
from tlm_cmd.sdls.secret_key import SecretKey

MAX_KEY_ID = 0xFFFF
MAX_KEYS = 256
"""Keys that one ring holds, destroyed ones included."""


@unique
class KeyKind(IntEnum):
    """What a key is for."""

    MASTER = 0
    """Encrypts session keys on their way; never leaves its ring, and no procedure changes it."""
    SESSION = 1
    """Protects frames."""


@unique
class KeyState(IntEnum):
    """The life of a key; the values are those of the key inventory."""

    PREACTIVE = 0
    ACTIVE = 1
    DEACTIVATED = 2
    DESTROYED = 3


@unique
class KeyProblem(IntEnum):
    """Why a ring refuses something."""

    UNKNOWN = 0
    IS_MASTER = 1
    IS_SESSION = 2
    WRONG_STATE = 3
    ALREADY_THERE = 4
    RING_FULL = 5
    NAMED_TWICE = 6


class KeyRefusedError(ProtocolError):
    """The ring refuses something about one key; names the key by its id, never by its octets."""

    def __init__(self, key_id: int, problem: KeyProblem) -> None:
        super().__init__(f"key {key_id}: {problem.name.lower().replace('_', ' ')}")
        self.key_id, self.problem = key_id, problem


class KeyEntry(msgspec.Struct):
    """One key of a ring; ``secret`` is None once it is destroyed.

    Raises:
        FieldRangeError: the key id does not fit 16 bits.
    """

    key_id: int
    kind: KeyKind
    state: KeyState
    secret: SecretKey | None = None

    def __post_init__(self) -> None:
        check_range("key id", self.key_id, 0, MAX_KEY_ID)


class KeyRing:
    """Keys by id. Every change is made for all keys that are named, or for none.

    Args:
        entries: the keys.
        simulation: whether anybody can derive these keys, because they are made for a simulation.

    Raises:
        KeyRefusedError: two entries have one id, or one key; or there are more than 256.
    """

    def __init__(self, entries: Iterable[KeyEntry] = (), *, simulation: bool = False) -> None:
        self.simulation = simulation
        self._entries: dict[int, KeyEntry] = {}
        for entry in entries:
            if entry.key_id in self._entries:
                raise KeyRefusedError(entry.key_id, KeyProblem.NAMED_TWICE)
            self._check_new(entry.key_id, entry.secret)
            self._entries[entry.key_id] = entry

    @property
    def entries(self) -> list[KeyEntry]:
        """All keys, by ascending id."""
        return [self._entries[key_id] for key_id in sorted(self._entries)]

    def entry(self, key_id: int) -> KeyEntry | None:
        """Return the key of an id, or None."""
        return self._entries.get(key_id)

    def secret(self, key_id: int, kind: KeyKind, *states: KeyState) -> SecretKey:
        """Return a key that must be of a kind and in one of some states.

        Raises:
            KeyRefusedError: it is not.
        """
        entry = self._entries.get(key_id)
        if entry is None:
            raise KeyRefusedError(key_id, KeyProblem.UNKNOWN)
        if entry.kind is not kind:
            raise KeyRefusedError(key_id, KeyProblem.IS_SESSION if kind is KeyKind.MASTER else KeyProblem.IS_MASTER)
        if entry.state not in states or entry.secret is None:
            raise KeyRefusedError(key_id, KeyProblem.WRONG_STATE)
        return entry.secret

    def store(self, keys: Sequence[tuple[int, SecretKey]]) -> None:
        """Take session keys in, as preactive ones (355.1-B-1, OTAR).

        The place of a key must be free: never used, preactive, or destroyed. A key that is in the ring already is
        refused under any other id: it might be used twice. The same key once more under its id changes nothing.

        Raises:
            KeyRefusedError: one of the keys cannot be taken; none was.
        """
        check_all_different([key_id for key_id, _ in keys])
        check_all_different([key_id for key_id, _ in keys], [secret for _, secret in keys])
        for key_id, secret in keys:
            check_range("key id", key_id, 0, MAX_KEY_ID)
            entry = self._entries.get(key_id)
            if entry is not None and entry.kind is KeyKind.MASTER:
                raise KeyRefusedError(key_id, KeyProblem.IS_MASTER)
            if entry is not None and entry.state in {KeyState.ACTIVE, KeyState.DEACTIVATED}:
                raise KeyRefusedError(key_id, KeyProblem.WRONG_STATE)
            self._check_new(key_id, secret)
        free = MAX_KEYS - len(self._entries)
        new = [key_id for key_id, _ in keys if key_id not in self._entries]
        if len(new) > free:
            raise KeyRefusedError(new[free], KeyProblem.RING_FULL)
        for key_id, secret in keys:
            self._entries[key_id] = KeyEntry(key_id, KeyKind.SESSION, KeyState.PREACTIVE, secret)

    def activate(self, key_ids: Sequence[int]) -> None:
        """Let preactive session keys be used (355.1-B-1, key activation).

        Raises:
            KeyRefusedError: one of them is no preactive session key, or is named twice; none was changed.
        """
        self._move(key_ids, (KeyState.PREACTIVE,), KeyState.ACTIVE)

    def deactivate(self, key_ids: Sequence[int]) -> None:
        """Let active session keys be used no more (355.1-B-1, key deactivation).

        Raises:
            KeyRefusedError: one of them is no active session key, or is named twice; none was changed.
        """
        self._move(key_ids, (KeyState.ACTIVE,), KeyState.DEACTIVATED)

    def destroy(self, key_ids: Sequence[int]) -> None:
        """Forget session keys that are not active; their ids stay known (355.1-B-1, key destruction).

        Raises:
            KeyRefusedError: one of them is active, a master key or unknown, or is named twice; none was changed.
        """
        self._move(key_ids, (KeyState.PREACTIVE, KeyState.DEACTIVATED), KeyState.DESTROYED)
        for key_id in key_ids:
            self._entries[key_id].secret = None

    def without_spares(self) -> KeyRing:
        """Return a copy without preactive keys: what the other end holds before any were sent to it."""
        entries = [each for each in self.entries if each.state is not KeyState.PREACTIVE]
        copies = [KeyEntry(each.key_id, each.kind, each.state, each.secret) for each in entries]
        return KeyRing(copies, simulation=self.simulation)

    def follow(self, newer: KeyRing) -> list[int]:
        """Hold what a newer copy of this ring holds, whose own entries stay its own.

        Returns:
            Ids of keys whose octets are no longer what they were: whoever uses them must let go.
        """
        gone = []
        for key_id in sorted(self._entries):
            entry, followed = self._entries[key_id], newer.entry(key_id)
            if followed is not None and (entry.kind, entry.secret) == (followed.kind, followed.secret):
                entry.state = followed.state
            else:
                gone.append(key_id)
                del self._entries[key_id]
        for followed in newer.entries:
            if followed.key_id not in self._entries:
                copy = KeyEntry(followed.key_id, followed.kind, followed.state, followed.secret)
                self._entries[followed.key_id] = copy
        self.simulation = newer.simulation
        return gone

    def _move(self, key_ids: Sequence[int], before: tuple[KeyState, ...], after: KeyState) -> None:
        check_all_different(key_ids)
        for key_id in key_ids:
            self.secret(key_id, KeyKind.SESSION, *before)
        for key_id in key_ids:
            self._entries[key_id].state = after

    def _check_new(self, key_id: int, secret: SecretKey | None) -> None:
        """Refuse one key too many, and a key that another id holds.

        Raises:
            KeyRefusedError: the ring is full, or holds this key under another id.
        """
        if key_id not in self._entries and len(self._entries) >= MAX_KEYS:
            raise KeyRefusedError(key_id, KeyProblem.RING_FULL)
        if secret is not None and any(
            other.secret == secret for other in self._entries.values() if other.key_id != key_id
        ):
            raise KeyRefusedError(key_id, KeyProblem.ALREADY_THERE)


def check_all_different(key_ids: Sequence[int], values: Sequence[object] | None = None) -> None:
    """Refuse a list that names a key twice, or holds a value twice.

    Raises:
        KeyRefusedError: it does; names the id of the second one.
    """
    values = key_ids if values is None else values
    for index, value in enumerate(values):
        if value in values[:index]:
            raise KeyRefusedError(key_ids[index], KeyProblem.NAMED_TWICE)
