"""Keys that nobody knows, from the operating system's generator."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import KEY_OCTETS, SecretKey

ALL_LONG: Mapping[int, int] = MappingProxyType({})


def fresh_keys(
    masters: Iterable[int],
    sessions: Iterable[int],
    spares: Iterable[int] = (),
    session_octets: Mapping[int, int] = ALL_LONG,
) -> KeyRing:
    """Make keys by their ids: masters and sessions active, spares preactive.

    Args:
        masters: ids of master keys; they have 32 octets.
        sessions: ids of session keys that are in use.
        spares: ids of session keys for later.
        session_octets: lengths of session keys by id, 16 or 32; those that are not named have 32.

    Raises:
        FieldRangeError: an id is out of range.
        WrongValueError: a key has another length.
        KeyRefusedError: an id comes twice, or there are more than 256.
    """
    longest = KEY_OCTETS[1]
    plan = [(key_id, KeyKind.MASTER, KeyState.ACTIVE, longest) for key_id in masters]
    for key_ids, state in ((sessions, KeyState.ACTIVE), (spares, KeyState.PREACTIVE)):
        plan += [(key_id, KeyKind.SESSION, state, session_octets.get(key_id, longest)) for key_id in key_ids]
    return KeyRing(
        [KeyEntry(key_id, kind, state, SecretKey(secrets.token_bytes(octets))) for key_id, kind, state, octets in plan]
    )
