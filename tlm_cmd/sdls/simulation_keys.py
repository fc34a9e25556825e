"""Keys for simulations only, derived by HKDF (RFC 5869): anybody who knows the seed knows them.

Two simulated flights of one seed must be alike to the last octet, so their keys are derived. A ring made here says so
(`KeyRing.simulation`), and so does its key file; whatever flies must refuse it.
"""

from collections.abc import Iterable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tlm_cmd.errors import check_range
from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import KEY_OCTETS, SecretKey

_SALT = b"flightsw SIMULATION ONLY"


def derive_simulation_keys(
    seed: int,
    master_key_ids: Iterable[int],
    session_key_ids: Iterable[int],
    spare_key_ids: Iterable[int] = (),
    key_octets: int = KEY_OCTETS[1],
) -> KeyRing:
    """Derive a ring from a seed, by HKDF with SHA-256 (RFC 5869). NEVER for anything but a simulation.

    Args:
        seed: of the simulation, 0 to 2^64 - 1.
        master_key_ids: ids of master keys, active.
        session_key_ids: ids of session keys, active.
        spare_key_ids: ids of session keys, preactive.
        key_octets: length of the session keys, 16 or 32; master keys have 32.

    Raises:
        FieldRangeError: the seed or a key id is out of range.
        WrongValueError: keys have another length.
        KeyRefusedError: a key id comes twice, or there are more than 256.
    """
    check_range("seed", seed, 0, 2**64 - 1)
    plan = [(key_id, KeyKind.MASTER, KeyState.ACTIVE, KEY_OCTETS[1]) for key_id in master_key_ids]
    plan += [(key_id, KeyKind.SESSION, KeyState.ACTIVE, key_octets) for key_id in session_key_ids]
    plan += [(key_id, KeyKind.SESSION, KeyState.PREACTIVE, key_octets) for key_id in spare_key_ids]
    entries = [
        KeyEntry(key_id, kind, state, _derive(seed, key_id, kind, octets)) for key_id, kind, state, octets in plan
    ]
    return KeyRing(entries, simulation=True)


def _derive(seed: int, key_id: int, kind: KeyKind, octets: int) -> SecretKey:
    information = f"{kind.name.lower()} key {key_id}".encode()
    return SecretKey(HKDF(SHA256(), octets, _SALT, information).derive(seed.to_bytes(8, "big")))
