"""A key of AES (CCSDS 352.0-B-2, 3.2) that cannot be printed, logged, pickled or packed by accident."""

import hashlib
import hmac
from typing import Never, Self

from tlm_cmd.errors import WrongValueError

KEY_OCTETS = (16, 32)
"""AES-128 and AES-256 (CCSDS 352.0-B-2, 3.2)."""
CHECK_VALUE_OCTETS = 8

_CHECK_LABEL = b"flightsw key check value"


class SecretKey:
    """The octets of one AES key.

    Whatever prints it shows no octet of it, and no serialiser of this project takes it: only `reveal` gives the
    octets away, to a cipher or to the key file. Python cannot wipe memory: a key that is dropped stays in memory until
    its place is used again.

    Raises:
        WrongValueError: the key has neither 16 nor 32 octets; the error says how many, and never which.
    """

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        if len(octets) not in KEY_OCTETS:
            raise WrongValueError("key octets", len(octets), "16 or 32")
        self._octets = bytes(octets)

    @classmethod
    def from_hex(cls, digits: str) -> Self:
        """Read a key from hexadecimal digits.

        Raises:
            WrongValueError: a digit is none, or the key has neither 16 nor 32 octets.
        """
        try:
            octets = bytes.fromhex(digits)
        except ValueError:
            octets = None
        if octets is None:  # outside of the handler, so that no traceback carries the digits
            raise WrongValueError("key digits", "hidden", "hexadecimal digits")
        return cls(octets)

    def reveal(self) -> bytes:
        """Return the octets; they must go nowhere but into a cipher or the key file."""
        return self._octets

    @property
    def check_value(self) -> str:
        """16 hexadecimal digits by which two people can see that they hold the same key; they do not tell the key.

        The first 8 octets of SHA-256 over a label, the length of the key and the key.
        """
        labelled = _CHECK_LABEL + bytes([len(self._octets)]) + self._octets
        return hashlib.sha256(labelled).digest()[:CHECK_VALUE_OCTETS].hex()

    def __len__(self) -> int:
        return len(self._octets)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretKey) and hmac.compare_digest(self._octets, other._octets)

    def __hash__(self) -> int:
        return hash(self.check_value)

    def __repr__(self) -> str:
        return f"SecretKey({8 * len(self._octets)} bits, hidden)"

    def __reduce__(self) -> Never:
        raise TypeError("a secret key cannot be pickled")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self
