import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.ends import flipped
from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, WrongValueError
from tlm_cmd.sdls.key_transport import KeyTransport
from tlm_cmd.sdls.secret_key import SecretKey

MASTER = SecretKey(b"m" * 32)
IV = bytes(range(12))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(min_size=32, max_size=32)), min_size=1, max_size=32))
def test_keys_come_back(keys: list[tuple[int, bytes]]) -> None:
    """What was sealed under a master key is opened with it, and with no other."""
    secrets = [(key_id, SecretKey(octets)) for key_id, octets in keys]
    transport = KeyTransport.unpack(KeyTransport.seal(7, MASTER, IV, secrets).pack())
    assert transport.master_key_id == 7
    assert transport.open(MASTER, 32) == secrets
    assert transport.open(SecretKey(b"n" * 32), 32) is None


def test_known_layout() -> None:
    """Master key id, initialisation vector, encrypted blocks of id and key, MAC: as CryptoLib and Yamcs read it."""
    octets = KeyTransport.seal(1, MASTER, IV, [(2, SecretKey(b"k" * 32)), (3, SecretKey(b"l" * 32))]).pack()
    sealed = AESGCM(MASTER.reveal()).encrypt(IV, b"\0\2" + b"k" * 32 + b"\0\3" + b"l" * 32, None)
    assert octets == b"\0\1" + IV + sealed
    assert len(sealed) == 2 * 34 + 16


def test_any_changed_bit_opens_nothing() -> None:
    """A bit changed in vector, keys or MAC: no key comes out; the id of the master key chooses another one."""
    octets = KeyTransport.seal(1, MASTER, IV, [(2, SecretKey(b"k" * 32))]).pack()
    for bit in range(16, 8 * len(octets)):
        assert KeyTransport.unpack(flipped(octets, bit)).open(MASTER, 32) is None


def test_short_keys() -> None:
    """Keys of 16 octets travel as well, where both ends expect them."""
    transport = KeyTransport.seal(1, MASTER, IV, [(2, SecretKey(b"k" * 16)), (3, SecretKey(b"l" * 16))])
    assert transport.open(MASTER, 16) == [(2, SecretKey(b"k" * 16)), (3, SecretKey(b"l" * 16))]
    with pytest.raises(LengthMismatchError):
        transport.open(MASTER, 32)


@given(st.binary(max_size=120))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Any octets open to nothing, or raise a declared error."""
    try:
        assert KeyTransport.unpack(octets).open(MASTER, 32) is None
    except ProtocolError:
        return


def test_what_is_not_sealed() -> None:
    """No keys, too many, keys of two lengths, and a vector of another length are refused."""
    key = SecretKey(b"k" * 32)
    for keys, iv, error in (
        ([], IV, FieldRangeError),
        ([(1, key)] * 33, IV, FieldRangeError),
        ([(1, key), (2, SecretKey(bytes(16)))], IV, WrongValueError),
        ([(1, key)], IV[:-1], WrongValueError),
        ([(65536, key)], IV, FieldRangeError),
    ):
        with pytest.raises(error):
            KeyTransport.seal(1, MASTER, iv, keys)
    assert "hidden" in repr([(1, key)])


def test_too_many_keys_are_not_opened() -> None:
    """More than 32 keys in one request are refused before anything is decrypted."""
    sealed = AESGCM(MASTER.reveal()).encrypt(IV, bytes(33 * 34), None)
    with pytest.raises(LengthMismatchError):
        KeyTransport(1, IV, sealed).open(MASTER, 32)
