"""Whether the ciphers still give what they must: known answers (CCSDS 355.1-B-1, self-test)."""

from tlm_cmd.sdls.algorithms import Algorithm, make_cipher
from tlm_cmd.sdls.secret_key import SecretKey

# The GCM submission to NIST, test case 14: all zeros; SP 800-38B, D.1 and D.3, example 2.
_GCM_SEALED = bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
_GMAC = bytes.fromhex("530f8afbc74536b9a963b4f1c4cb738b")
_CMAC_DATA = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
_CMAC_CASES = (
    (Algorithm.AES_128_CMAC, "2b7e151628aed2a6abf7158809cf4f3c", "070a16b46b4d4144f79bdd9dd04a287c"),
    (
        Algorithm.AES_256_CMAC,
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "28a7023f452e8f82bd4bf28d8c37c35c",
    ),
)


def run_self_test() -> bool:
    """Whether every algorithm gives its known answer, and refuses it when one bit of it is changed."""
    zeros, iv = SecretKey(bytes(32)), bytes(12)
    cases = [
        (make_cipher(Algorithm.AES_256_GCM, zeros), iv, bytes(16), _GCM_SEALED),
        (make_cipher(Algorithm.AES_256_GMAC, zeros), iv, b"", _GMAC),
    ]
    cases += [
        (make_cipher(algorithm, SecretKey.from_hex(key)), b"", _CMAC_DATA, _CMAC_DATA + bytes.fromhex(mac))
        for algorithm, key, mac in _CMAC_CASES
    ]
    return all(
        cipher.seal(iv, b"", data) == sealed
        and cipher.open(iv, b"", sealed) == data
        and cipher.open(iv, b"", sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
        for cipher, iv, data, sealed in cases
    )
