"""Keys proved by challenge and answer (CCSDS 355.1-B-1, 3.2 and 5.3)."""

from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.sdls.algorithms import GCM_IV_OCTETS, MAC_OCTETS
from tlm_cmd.sdls.key_lists import KEY_ID_OCTETS, cut_into_pieces
from tlm_cmd.sdls.key_ring import MAX_KEY_ID
from tlm_cmd.sdls.secret_key import SecretKey

CHALLENGE_OCTETS = 16

_ANSWER_OCTETS = KEY_ID_OCTETS + GCM_IV_OCTETS + CHALLENGE_OCTETS + MAC_OCTETS


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
        return self.key_id.to_bytes(KEY_ID_OCTETS, "big") + self.challenge

    @classmethod
    def unpack_all(cls, octets: bytes) -> list[Self]:
        """Read the data of a verification request.

        Raises:
            LengthMismatchError: they are no whole number of challenges, 1 to 32.
        """
        pieces = cut_into_pieces("key challenges", octets, KEY_ID_OCTETS + CHALLENGE_OCTETS)
        return [cls(int.from_bytes(piece[:KEY_ID_OCTETS], "big"), piece[KEY_ID_OCTETS:]) for piece in pieces]


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
        return self.key_id.to_bytes(KEY_ID_OCTETS, "big") + self.iv + self.sealed

    @classmethod
    def unpack_all(cls, octets: bytes) -> list[Self]:
        """Read the data of a verification reply.

        Raises:
            LengthMismatchError: they are no whole number of answers, 1 to 32.
        """
        start = KEY_ID_OCTETS + GCM_IV_OCTETS
        return [
            cls(int.from_bytes(piece[:KEY_ID_OCTETS], "big"), piece[KEY_ID_OCTETS:start], piece[start:])
            for piece in cut_into_pieces("key answers", octets, _ANSWER_OCTETS)
        ]
