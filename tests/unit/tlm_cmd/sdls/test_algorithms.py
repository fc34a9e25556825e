import pytest

from tlm_cmd.errors import WrongValueError
from tlm_cmd.sdls import self_test
from tlm_cmd.sdls.algorithms import MAC_OCTETS, Algorithm, Cipher, make_cipher
from tlm_cmd.sdls.secret_key import SecretKey

# The GCM submission to NIST, test cases 13 to 16 (AES-256).
GCM_KEY = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
GCM_IV = "cafebabefacedbaddecaf888"
GCM_DATA = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
    "b16aedf5aa0de657ba637b391aafd255"
)
GCM_SEALED = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
    "c5f61e6393ba7a0abcc9f662898015ad"
)
GCM_HEADER = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
GCM_CASES = [
    ("00" * 32, "00" * 12, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00" * 32, "00" * 12, "", "00" * 16, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    (GCM_KEY, GCM_IV, "", GCM_DATA, GCM_SEALED + "b094dac5d93471bdec1a502270e3cc6c"),
    (GCM_KEY, GCM_IV, GCM_HEADER, GCM_DATA[:-8], GCM_SEALED[:-8] + "76fc6ece0f4e1768cddf8853bb2d551b"),
]
# RFC 4493, section 4; NIST SP 800-38B, D.3.
CMAC_DATA = (
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef"
    "f69f2445df4f9b17ad2b417be66c3710"
)
CMAC_128 = "2b7e151628aed2a6abf7158809cf4f3c"
CMAC_256 = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
CMAC_CASES = [
    (Algorithm.AES_128_CMAC, CMAC_128, 0, "bb1d6929e95937287fa37d129b756746"),
    (Algorithm.AES_128_CMAC, CMAC_128, 16, "070a16b46b4d4144f79bdd9dd04a287c"),
    (Algorithm.AES_128_CMAC, CMAC_128, 40, "dfa66747de9ae63030ca32611497c827"),
    (Algorithm.AES_128_CMAC, CMAC_128, 64, "51f0bebf7e3b9d92fc49741779363cfe"),
    (Algorithm.AES_256_CMAC, CMAC_256, 0, "028962f61b7bf89efc6b551f4667d983"),
    (Algorithm.AES_256_CMAC, CMAC_256, 16, "28a7023f452e8f82bd4bf28d8c37c35c"),
    (Algorithm.AES_256_CMAC, CMAC_256, 40, "aaf3d8f1de5640c232f5b169b9c911e6"),
    (Algorithm.AES_256_CMAC, CMAC_256, 64, "e1992190549f6ed5696a2c056c315410"),
]


def cipher(algorithm: Algorithm) -> Cipher:
    """Return an algorithm with a key of its length."""
    return make_cipher(algorithm, SecretKey(bytes(range(algorithm.key_octets))))


@pytest.mark.parametrize(("key", "iv", "header", "data", "sealed"), GCM_CASES)
def test_gcm_vectors(key: str, iv: str, header: str, data: str, sealed: str) -> None:
    """AES-256-GCM gives the octets of NIST's test cases, and takes them back."""
    gcm = make_cipher(Algorithm.AES_256_GCM, SecretKey.from_hex(key))
    arguments = bytes.fromhex(iv), bytes.fromhex(header)
    assert gcm.seal(*arguments, bytes.fromhex(data)).hex() == sealed
    assert gcm.open(*arguments, bytes.fromhex(sealed)) == bytes.fromhex(data)


def test_gmac_is_gcm_without_data() -> None:
    """GMAC over nothing is the tag of NIST's first case, and over header and data that of both as header."""
    gmac = make_cipher(Algorithm.AES_256_GMAC, SecretKey(bytes(32)))
    assert gmac.seal(bytes(12), b"", b"").hex() == GCM_CASES[0][4]
    gcm = make_cipher(Algorithm.AES_256_GCM, SecretKey(bytes(32)))
    assert gmac.seal(bytes(12), b"header", b"data") == b"data" + gcm.seal(bytes(12), b"headerdata", b"")


@pytest.mark.parametrize(("algorithm", "key", "octets", "mac"), CMAC_CASES)
def test_cmac_vectors(algorithm: Algorithm, key: str, octets: int, mac: str) -> None:
    """AES-CMAC gives the MACs of RFC 4493 and SP 800-38B, wherever header and data meet."""
    cmac, data = make_cipher(algorithm, SecretKey.from_hex(key)), bytes.fromhex(CMAC_DATA)[:octets]
    for cut in range(octets + 1):
        sealed = cmac.seal(b"", data[:cut], data[cut:])
        assert sealed == data[cut:] + bytes.fromhex(mac)
        assert cmac.open(b"", data[:cut], sealed) == data[cut:]


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_is_changed_is_not_opened(algorithm: Algorithm) -> None:
    """Another octet in header, data or MAC, another key, or another initialisation vector: nothing comes out."""
    iv = bytes(algorithm.iv_octets)
    sealed = cipher(algorithm).seal(iv, b"header", b"the data")
    assert cipher(algorithm).open(iv, b"header", sealed) == b"the data"
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        assert cipher(algorithm).open(iv, b"header", changed) is None
    assert cipher(algorithm).open(iv, b"headeR", sealed) is None
    assert make_cipher(algorithm, SecretKey(bytes(algorithm.key_octets))).open(iv, b"header", sealed) is None
    if iv:
        assert cipher(algorithm).open(bytes(11) + b"\1", b"header", sealed) is None


def test_only_gcm_encrypts() -> None:
    """Data are to be seen behind the algorithms that only authenticate, and not behind GCM; the MAC has 16 octets."""
    for algorithm in Algorithm:
        sealed = cipher(algorithm).seal(bytes(algorithm.iv_octets), b"", b"the data")
        assert sealed.startswith(b"the data") is (algorithm is not Algorithm.AES_256_GCM)
        assert len(sealed) == 8 + MAC_OCTETS


@pytest.mark.parametrize("algorithm", Algorithm)
def test_keys_of_another_length_are_refused(algorithm: Algorithm) -> None:
    """An algorithm takes keys of its own length only."""
    with pytest.raises(WrongValueError, match="key octets"):
        make_cipher(algorithm, SecretKey(bytes(48 - algorithm.key_octets)))


def test_self_test_passes() -> None:
    """The ciphers give their known answers."""
    assert self_test.run_self_test()


@pytest.mark.parametrize("answer", ["_GCM_SEALED", "_GMAC"])
def test_self_test_fails(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cipher that gives another answer than the known one is found out."""
    monkeypatch.setattr(self_test, answer, bytes(len(getattr(self_test, answer))))
    assert not self_test.run_self_test()
