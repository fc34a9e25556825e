"""The data of the key management procedures (CCSDS 355.1-B-1, 3.2 and 5.3)."""

from collections.abc import Sequence
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tlm_cmd.errors import LengthMismatchError, WrongValueError, check_range
from tlm_cmd.sdls.algorithms import GCM_IV_OCTETS, MAC_OCTETS
from tlm_cmd.sdls.key_ring import MAX_KEY_ID, MAX_KEYS, KeyState
from tlm_cmd.sdls.secret_key import KEY_OCTETS, SecretKey

CHALLENGE_OCTETS = 16
MAX_KEYS_PER_UNIT = 32
"""Keys that one request may name, so that request and reply fit a packet."""

_ID_OCTETS = 2
_ANSWER_OCTETS = _ID_OCTETS + GCM_IV_OCTETS + CHALLENGE_OCTETS + MAC_OCTETS
_INVENTORY_OCTETS = _ID_OCTETS + 1
_KEY_STATES = {state.value: state for state in KeyState}


class KeyTransport(msgspec.Struct, frozen=True, gc=False):
    """The data of an OTAR request: session keys, encrypted and authenticated under a master key with AES-GCM.

    Raises:
        FieldRangeError: the key id does not fit 16 bits.
        WrongValueError: the initialisation vector has not 12 octets.
    """

    master_key_id: int
    iv: bytes
    sealed: bytes
    """Encrypted blocks of key id and key, and their MAC."""

    def __post_init__(self) -> None:
        check_range("master key id", self.master_key_id, 0, MAX_KEY_ID)
        if len(self.iv) != GCM_IV_OCTETS:
            raise WrongValueError("initialisation vector octets", len(self.iv), GCM_IV_OCTETS)

    @classmethod
    def seal(cls, master_key_id: int, master: SecretKey, iv: bytes, keys: Sequence[tuple[int, SecretKey]]) -> Self:
        """Encrypt keys.

        Args:
            master_key_id: what the receiver knows the master key by.
            master: the master key.
            iv: 12 octets that were never used with this master key.
            keys: 1 to 32 keys with their ids, all of one length.

        Raises:
            FieldRangeError: a key id does not fit 16 bits, or there are none or too many keys.
            WrongValueError: the keys are not of one length, or the initialisation vector has not 12 octets.
        """
        check_range("keys", len(keys), 1, MAX_KEYS_PER_UNIT)
        if any(len(key) != len(keys[0][1]) for _, key in keys):
            raise WrongValueError("key octets", "mixed", "one length for all keys")
        blocks = b"".join(pack_key_ids([key_id]) + key.reveal() for key_id, key in keys)
        transport = cls(master_key_id, iv, b"")
        return msgspec.structs.replace(transport, sealed=AESGCM(master.reveal()).encrypt(iv, blocks, None))

    def open(self, master: SecretKey, key_octets: int) -> list[tuple[int, SecretKey]] | None:
        """Return the keys with their ids, or None if the MAC is wrong.

        Raises:
            LengthMismatchError: what was encrypted is no whole number of keys, 1 to 32.
        """
        block_octets = _ID_OCTETS + key_octets
        octets = len(self.sealed) - MAC_OCTETS
        if octets % block_octets or not 0 < octets <= MAX_KEYS_PER_UNIT * block_octets:
            raise LengthMismatchError("encrypted keys", block_octets, octets)
        try:
            blocks = AESGCM(master.reveal()).decrypt(self.iv, self.sealed, None)
        except InvalidTag:
            return None
        return [
            (
                int.from_bytes(blocks[at : at + _ID_OCTETS], "big"),
                SecretKey(blocks[at + _ID_OCTETS : at + block_octets]),
            )
            for at in range(0, len(blocks), block_octets)
        ]

    def pack(self) -> bytes:
        """Return the octets: master key id (2), initialisation vector (12), encrypted keys, MAC (16)."""
        return self.master_key_id.to_bytes(_ID_OCTETS, "big") + self.iv + self.sealed

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the data.

        Raises:
            LengthMismatchError: there is not even one key.
        """
        start = _ID_OCTETS + GCM_IV_OCTETS
        least = start + _ID_OCTETS + KEY_OCTETS[0] + MAC_OCTETS
        if len(octets) < least:
            raise LengthMismatchError("OTAR data", least, len(octets))
        return cls(int.from_bytes(octets[:_ID_OCTETS], "big"), octets[_ID_OCTETS:start], octets[start:])


class KeyChallenge(msgspec.Struct, frozen=True, gc=False):
    """A key that is to be proved, and 16 octets that were never asked before.

    Raises:
        FieldRangeError: the key id does not fit 16 bits.
        WrongValueError: the challenge has not 16 octets.
    """

    key_id: int
    challenge: bytes

    def __post_init__(self) -> None:
        check_range("key id", self.key_id, 0, MAX_KEY_ID)
        if len(self.challenge) != CHALLENGE_OCTETS:
            raise WrongValueError("challenge octets", len(self.challenge), CHALLENGE_OCTETS)

    def pack(self) -> bytes:
        """Return the octets: key id (2), challenge (16)."""
        return self.key_id.to_bytes(_ID_OCTETS, "big") + self.challenge

    @classmethod
    def unpack_all(cls, octets: bytes) -> list[Self]:
        """Read the data of a verification request.

        Raises:
            LengthMismatchError: they are no whole number of challenges, 1 to 32.
        """
        pieces = _pieces("key challenges", octets, _ID_OCTETS + CHALLENGE_OCTETS)
        return [cls(int.from_bytes(piece[:_ID_OCTETS], "big"), piece[_ID_OCTETS:]) for piece in pieces]


class KeyAnswer(msgspec.Struct, frozen=True, gc=False):
    """The proof that a key is held: the challenge, encrypted and authenticated under it.

    Raises:
        FieldRangeError: the key id does not fit 16 bits.
        WrongValueError: initialisation vector or encrypted challenge have another length than they must.
    """

    key_id: int
    iv: bytes
    sealed: bytes
    """The encrypted challenge and its MAC."""

    def __post_init__(self) -> None:
        check_range("key id", self.key_id, 0, MAX_KEY_ID)
        if len(self.iv) != GCM_IV_OCTETS:
            raise WrongValueError("initialisation vector octets", len(self.iv), GCM_IV_OCTETS)
        if len(self.sealed) != CHALLENGE_OCTETS + MAC_OCTETS:
            raise WrongValueError("encrypted challenge octets", len(self.sealed), CHALLENGE_OCTETS + MAC_OCTETS)

    @classmethod
    def to(cls, challenge: KeyChallenge, secret: SecretKey, iv: bytes) -> Self:
        """Answer a challenge; ``iv`` must never have been used with the key, not for frames either."""
        return cls(challenge.key_id, iv, AESGCM(secret.reveal()).encrypt(iv, challenge.challenge, None))

    def proves(self, challenge: KeyChallenge, secret: SecretKey) -> bool:
        """Whether this answers a challenge with the right key."""
        try:
            opened = AESGCM(secret.reveal()).decrypt(self.iv, self.sealed, None)
        except InvalidTag:
            return False
        return self.key_id == challenge.key_id and opened == challenge.challenge

    def pack(self) -> bytes:
        """Return the octets: key id (2), initialisation vector (12), encrypted challenge (16), MAC (16)."""
        return self.key_id.to_bytes(_ID_OCTETS, "big") + self.iv + self.sealed

    @classmethod
    def unpack_all(cls, octets: bytes) -> list[Self]:
        """Read the data of a verification reply.

        Raises:
            LengthMismatchError: they are no whole number of answers, 1 to 32.
        """
        start = _ID_OCTETS + GCM_IV_OCTETS
        return [
            cls(int.from_bytes(piece[:_ID_OCTETS], "big"), piece[_ID_OCTETS:start], piece[start:])
            for piece in _pieces("key answers", octets, _ANSWER_OCTETS)
        ]


def pack_key_ids(key_ids: Sequence[int]) -> bytes:
    """Return the data of a request that names keys, 2 octets each.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or there are none or too many.
    """
    check_range("keys", len(key_ids), 1, MAX_KEYS_PER_UNIT)
    for key_id in key_ids:
        check_range("key id", key_id, 0, MAX_KEY_ID)
    return b"".join(key_id.to_bytes(_ID_OCTETS, "big") for key_id in key_ids)


def unpack_key_ids(octets: bytes) -> list[int]:
    """Read the data of a request that names keys.

    Raises:
        LengthMismatchError: they are no whole number of key ids, 1 to 32.
    """
    return [int.from_bytes(piece, "big") for piece in _pieces("key ids", octets, _ID_OCTETS)]


def pack_key_range(first: int, last: int) -> bytes:
    """Return the data of an inventory request: all keys from one id to another.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or the last is before the first.
    """
    check_range("first key id", first, 0, MAX_KEY_ID)
    check_range("last key id", last, first, MAX_KEY_ID)
    return first.to_bytes(_ID_OCTETS, "big") + last.to_bytes(_ID_OCTETS, "big")


def unpack_key_range(octets: bytes) -> tuple[int, int]:
    """Read the data of an inventory request.

    Raises:
        LengthMismatchError: they are not four octets.
        FieldRangeError: the last key id is before the first.
    """
    if len(octets) != 2 * _ID_OCTETS:
        raise LengthMismatchError("inventory request", 2 * _ID_OCTETS, len(octets))
    first, last = int.from_bytes(octets[:_ID_OCTETS], "big"), int.from_bytes(octets[_ID_OCTETS:], "big")
    check_range("last key id", last, first, MAX_KEY_ID)
    return first, last


def pack_inventory(states: Sequence[tuple[int, KeyState]]) -> bytes:
    """Return the data of an inventory reply: number of keys (2 octets), then id (2) and state (1) of each.

    Raises:
        FieldRangeError: more keys than a ring holds, or a key id that does not fit 16 bits.
    """
    check_range("keys", len(states), 0, MAX_KEYS)
    for key_id, _ in states:
        check_range("key id", key_id, 0, MAX_KEY_ID)
    entries = (key_id.to_bytes(_ID_OCTETS, "big") + bytes([state]) for key_id, state in states)
    return len(states).to_bytes(2, "big") + b"".join(entries)


def unpack_inventory(octets: bytes) -> list[tuple[int, KeyState]]:
    """Read the data of an inventory reply.

    Raises:
        LengthMismatchError: the number of keys does not fit the octets given, or is more than a ring holds.
        WrongValueError: a key is in no known state.
    """
    count = int.from_bytes(octets[:2], "big")
    if len(octets) != 2 + count * _INVENTORY_OCTETS or count > MAX_KEYS:
        raise LengthMismatchError("key inventory", 2 + count * _INVENTORY_OCTETS, len(octets))
    found = []
    for at in range(2, len(octets), _INVENTORY_OCTETS):
        state = _KEY_STATES.get(octets[at + _ID_OCTETS])
        if state is None:
            raise WrongValueError("key state", octets[at + _ID_OCTETS], "one of KeyState")
        found.append((int.from_bytes(octets[at : at + _ID_OCTETS], "big"), state))
    return found


def _pieces(name: str, octets: bytes, piece_octets: int) -> list[bytes]:
    """Cut data into 1 to 32 pieces of one length."""
    if len(octets) % piece_octets or not 0 < len(octets) <= MAX_KEYS_PER_UNIT * piece_octets:
        raise LengthMismatchError(name, piece_octets, len(octets))
    return [octets[at : at + piece_octets] for at in range(0, len(octets), piece_octets)]
