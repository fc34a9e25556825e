"""Session keys on their way, encrypted under a master key: OTAR (CCSDS 355.1-B-1, 3.2 and 5.3)."""

from collections.abc import Sequence
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tlm_cmd.errors import LengthMismatchError, WrongValueError, check_range
from tlm_cmd.sdls.algorithms import GCM_IV_OCTETS, MAC_OCTETS
from tlm_cmd.sdls.key_lists import KEY_ID_OCTETS, MAX_KEYS_PER_UNIT, pack_key_ids
from tlm_cmd.sdls.key_ring import MAX_KEY_ID
from tlm_cmd.sdls.secret_key import KEY_OCTETS, SecretKey


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
        block_octets = KEY_ID_OCTETS + key_octets
        octets = len(self.sealed) - MAC_OCTETS
        if octets % block_octets or not 0 < octets <= MAX_KEYS_PER_UNIT * block_octets:
            raise LengthMismatchError("encrypted keys", block_octets, octets)
        try:
            blocks = AESGCM(master.reveal()).decrypt(self.iv, self.sealed, None)
        except InvalidTag:
            return None
        return [
            (
                int.from_bytes(blocks[at : at + KEY_ID_OCTETS], "big"),
                SecretKey(blocks[at + KEY_ID_OCTETS : at + block_octets]),
            )
            for at in range(0, len(blocks), block_octets)
        ]

    def pack(self) -> bytes:
        """Return the octets: master key id (2), initialisation vector (12), encrypted keys, MAC (16)."""
        return self.master_key_id.to_bytes(KEY_ID_OCTETS, "big") + self.iv + self.sealed

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the data.

        Raises:
            LengthMismatchError: there is not even one key.
        """
        start = KEY_ID_OCTETS + GCM_IV_OCTETS
        least = start + KEY_ID_OCTETS + KEY_OCTETS[0] + MAC_OCTETS
        if len(octets) < least:
            raise LengthMismatchError("OTAR data", least, len(octets))
        return cls(int.from_bytes(octets[:KEY_ID_OCTETS], "big"), octets[KEY_ID_OCTETS:start], octets[start:])
