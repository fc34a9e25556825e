"""Keys for simulations only, derived by HKDF (RFC 5869): anybody who knows the seed knows them.

Two simulated flights of one seed must be alike to the last octet, so their keys are derived. A ring made here says so
(`KeyRing.simulation`), and so does its key file; whatever flies must refuse it.
"""

from collections.abc import Iterable, Mapping

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tlm_cmd.errors import check_range
from tlm_cmd.sdls.key_ring import KeyKind, KeyRing
from tlm_cmd.sdls.new_ring import LONGEST, new_ring
from tlm_cmd.sdls.secret_key import SecretKey

_SALT = b"flightsw SIMULATION ONLY"


def derive_simulation_keys(
    seed: int,
    master_key_ids: Iterable[int],
    session_key_ids: Iterable[int],
    spare_key_ids: Iterable[int] = (),
    key_octets: int | Mapping[int, int] = LONGEST,
) -> KeyRing:
    """Derive a ring from a seed, by HKDF with SHA-256 (RFC 5869). NEVER for anything but a simulation.

    Args:
        seed: of the simulation, 0 to 2^64 - 1.
        master_key_ids: ids of master keys, active.
        session_key_ids: ids of session keys, active.
        spare_key_ids: ids of session keys, preactive.
        key_octets: length of the session keys, 16 or 32: of all, or by id, where those that are not named have 32.
            Master keys have 32.

    Raises:
        FieldRangeError: the seed or a key id is out of range.
        WrongValueError: keys have another length.
        KeyRefusedError: a key id comes twice, or there are more than 256.
    """
    check_range("seed", seed, 0, 2**64 - 1)
    sessions, spares = tuple(session_key_ids), tuple(spare_key_ids)
    octets = dict.fromkeys((*sessions, *spares), key_octets) if isinstance(key_octets, int) else key_octets
    return new_ring(
        master_key_ids, sessions, spares, octets, lambda *key: SecretKey(_derive(seed, *key)), simulation=True
    )


def _derive(seed: int, key_id: int, kind: KeyKind, octets: int) -> bytes:
    information = f"{kind.name.lower()} key {key_id}".encode()
    return HKDF(SHA256(), octets, _SALT, information).derive(seed.to_bytes(8, "big"))
