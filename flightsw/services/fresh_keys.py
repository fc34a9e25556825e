"""Keys that nobody knows, from the operating system's generator."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import SecretKey

KEY_OCTETS = 32


def fresh_keys(masters: Iterable[int], sessions: Iterable[int], spares: Iterable[int] = ()) -> KeyRing:
    """Make keys of 256 bits by their ids: masters and sessions active, spares preactive.

    Raises:
        FieldRangeError: an id is out of range.
        KeyRefusedError: an id comes twice, or there are more than 256.
    """
    plan = [(key_id, KeyKind.MASTER, KeyState.ACTIVE) for key_id in masters]
    plan += [(key_id, KeyKind.SESSION, KeyState.ACTIVE) for key_id in sessions]
    plan += [(key_id, KeyKind.SESSION, KeyState.PREACTIVE) for key_id in spares]
    return KeyRing(
        [KeyEntry(key_id, kind, state, SecretKey(secrets.token_bytes(KEY_OCTETS))) for key_id, kind, state in plan]
    )
