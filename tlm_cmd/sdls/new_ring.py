"""A ring of new keys: which there are, what state each begins in (CCSDS 355.1-B-1, 3.2), and how long each is."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import KEY_OCTETS, SecretKey

LONGEST = KEY_OCTETS[1]
ALL_LONG: Mapping[int, int] = MappingProxyType({})
"""Lengths of session keys where each has 32 octets."""


def new_ring(
    masters: Iterable[int],
    sessions: Iterable[int],
    spares: Iterable[int],
    session_octets: Mapping[int, int],
    make: Callable[[int, KeyKind, int], SecretKey],
    *,
    simulation: bool = False,
) -> KeyRing:
    """Have keys made by their ids: masters and sessions active, spares preactive.

    Args:
        masters: ids of master keys; they have 32 octets.
        sessions: ids of session keys that are in use.
        spares: ids of session keys for later.
        session_octets: lengths of session keys by id; those that are not named have 32 octets.
        make: gives the secret for an id, a kind and a length.
        simulation: whether the keys are good for simulations only.

    Raises:
        FieldRangeError: an id is out of range.
        KeyRefusedError: an id comes twice, or there are more than 256.
    """
    plan = [(key_id, KeyKind.MASTER, KeyState.ACTIVE, LONGEST) for key_id in masters]
    for key_ids, state in ((sessions, KeyState.ACTIVE), (spares, KeyState.PREACTIVE)):
        plan += [(key_id, KeyKind.SESSION, state, session_octets.get(key_id, LONGEST)) for key_id in key_ids]
    entries = [KeyEntry(key_id, kind, state, make(key_id, kind, octets)) for key_id, kind, state, octets in plan]
    return KeyRing(entries, simulation=simulation)
