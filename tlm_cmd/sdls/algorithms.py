"""The algorithms that protect frames (CCSDS 355.0-B-2, annex E; 352.0-B-2): AES-GCM, GMAC and AES-CMAC.

GCM and GMAC are those of NIST SP 800-38D, CMAC is that of NIST SP 800-38B.

There is no algorithm that does nothing, and none that encrypts without authenticating (355.0-B-2, 2.3.3 warns of it).
"""

from enum import StrEnum, unique
from typing import Protocol, assert_never

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from tlm_cmd.errors import WrongValueError
from tlm_cmd.sdls.secret_key import SecretKey

GCM_IV_OCTETS = 12
MAC_OCTETS = 16


@unique
class Algorithm(StrEnum):
    """What an association does to the data of a frame."""

    AES_256_GCM = "aes-256-gcm"
    """Encrypts and authenticates: the baseline of TM and AOS (355.0-B-2, E1 and E3)."""
    AES_256_GMAC = "aes-256-gmac"
    """Authenticates only, with an initialisation vector."""
    AES_256_CMAC = "aes-256-cmac"
    """Authenticates only: the baseline of TC (355.0-B-2, E2)."""
    AES_128_CMAC = "aes-128-cmac"
    """Authenticates only, with a short key."""

    @property
    def key_octets(self) -> int:
        """Octets of its keys."""
        return 16 if self is Algorithm.AES_128_CMAC else 32

    @property
    def iv_octets(self) -> int:
        """Octets of its initialisation vector in the security header; a CMAC has none."""
        return GCM_IV_OCTETS if self in {Algorithm.AES_256_GCM, Algorithm.AES_256_GMAC} else 0


class Cipher(Protocol):
    """An algorithm with its key."""

    def seal(self, iv: bytes, header: bytes, data: bytes) -> bytes:
        """Return the data, encrypted or not, and the MAC over the masked header and them."""
        ...

    def open(self, iv: bytes, header: bytes, sealed: bytes) -> bytes | None:
        """Return the data, or None if the MAC is wrong; ``sealed`` has the octets of a MAC at least.

        MACs are compared in constant time.
        """
        ...


class GcmCipher:
    """AES-GCM: data encrypted and authenticated."""

    def __init__(self, key: SecretKey) -> None:
        self._aead = AESGCM(key.reveal())

    def seal(self, iv: bytes, header: bytes, data: bytes) -> bytes:
        """Return the encrypted data and the MAC."""
        return self._aead.encrypt(iv, data, header)

    def open(self, iv: bytes, header: bytes, sealed: bytes) -> bytes | None:
        """Return the decrypted data, or None if the MAC is wrong."""
        try:
            return self._aead.decrypt(iv, sealed, header)
        except InvalidTag:
            return None


class GmacCipher:
    """GMAC: AES-GCM without anything to encrypt."""

    def __init__(self, key: SecretKey) -> None:
        self._aead = AESGCM(key.reveal())

    def seal(self, iv: bytes, header: bytes, data: bytes) -> bytes:
        """Return the data as they are, and the MAC."""
        return data + self._aead.encrypt(iv, b"", header + data)

    def open(self, iv: bytes, header: bytes, sealed: bytes) -> bytes | None:
        """Return the data, or None if the MAC is wrong."""
        data = sealed[:-MAC_OCTETS]
        try:
            self._aead.decrypt(iv, sealed[-MAC_OCTETS:], header + data)
        except InvalidTag:
            return None
        return data


class CmacCipher:
    """AES-CMAC (RFC 4493, NIST SP 800-38B)."""

    def __init__(self, key: SecretKey) -> None:
        self._mac = CMAC(AES(key.reveal()))

    def seal(self, iv: bytes, header: bytes, data: bytes) -> bytes:
        """Return the data as they are, and the MAC; there is no initialisation vector."""
        mac = self._mac.copy()
        mac.update(header + data)
        return data + mac.finalize()

    def open(self, iv: bytes, header: bytes, sealed: bytes) -> bytes | None:
        """Return the data, or None if the MAC is wrong."""
        data = sealed[:-MAC_OCTETS]
        mac = self._mac.copy()
        mac.update(header + data)
        try:
            mac.verify(sealed[-MAC_OCTETS:])
        except InvalidSignature:
            return None
        return data


def make_cipher(algorithm: Algorithm, key: SecretKey) -> Cipher:
    """Give an algorithm its key.

    Raises:
        WrongValueError: the key has another length than the algorithm's.
    """
    if len(key) != algorithm.key_octets:
        raise WrongValueError("key octets", len(key), f"{algorithm.key_octets} for {algorithm.value}")
    match algorithm:
        case Algorithm.AES_256_GCM:
            return GcmCipher(key)
        case Algorithm.AES_256_GMAC:
            return GmacCipher(key)
        case Algorithm.AES_256_CMAC | Algorithm.AES_128_CMAC:
            return CmacCipher(key)
        case _:
            assert_never(algorithm)
