"""Protected frames beside the standard's composition put together by hand from `cryptography`, octet by octet.

Everything is computed here from the layout of CCSDS 355.0-B-2: fields, mask, what is encrypted, what is authenticated.
"""

from __future__ import annotations

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import AssociationParameters, Role
from tlm_cmd.sdls.authentication_mask import aos_mask, tc_mask, tm_mask
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.refusals import ProcessRefusal
from tlm_cmd.sdls.secret_key import SecretKey

MODEST = settings(max_examples=60, deadline=None)
SPI = 0x2A17
KEY = bytes(range(32))
HEADERS = {
    # header of the frame, the mask of the room, and the same header as it is authenticated, written down by hand
    "tc": ("31230c0a05", tc_mask(), "00000c0000"),
    "tc with segment header": ("31230c0a05c7", tc_mask(segment_header=True), "00000c0000c7"),
    "tm": ("123507091fff", tm_mask(), "000400000000"),
    "tm with secondary header": ("12350709800001aa", tm_mask(2), "0004000000000000"),
    "aos": ("6a8200000500", aos_mask(), "000200000000"),
    "aos with header control and insert zone": (
        "6abf00000500fc2e77",
        aos_mask(header_error_control=True, insert_zone_octets=1),
        "003f00000000000000",
    ),
}
CHANNEL = GlobalChannel(0x123, 1)


def ends(
    mask: bytes, algorithm: Algorithm, sequence_octets: int, pad_length_octets: int = 0, block_octets: int = 1
) -> tuple[FrameSecurity, FrameSecurity]:
    """Sender and receiver of one association under the known key."""
    key = KEY[: algorithm.key_octets]
    parameters = AssociationParameters(
        spi=SPI,
        role=Role.SENDER,
        algorithm=algorithm,
        channels=(CHANNEL,),
        header_mask=mask,
        key_id=9,
        sequence_octets=sequence_octets,
        pad_length_octets=pad_length_octets,
        block_octets=block_octets,
        window=2**32 - 1,
    )
    both = [
        FrameSecurity(KeyRing([KeyEntry(9, KeyKind.SESSION, KeyState.ACTIVE, SecretKey(key))]), [each])
        for each in (parameters, parameters.mirrored())
    ]
    both[0].reserve()
    both[0].saved()
    return both[0], both[1]


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC."""
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def protected(algorithm: Algorithm, masked: bytes, number: int, sequence_octets: int, data: bytes) -> bytes:
    """Security header, data and trailer, put together by hand; without padding."""
    spi, sequence = SPI.to_bytes(2, "big"), number.to_bytes(sequence_octets, "big") if sequence_octets else b""
    vector = number.to_bytes(12, "big")
    if algorithm is Algorithm.AES_256_GCM:
        return spi + vector + sequence + AESGCM(KEY).encrypt(vector, data, masked + spi + bytes(12) + sequence)
    if algorithm is Algorithm.AES_256_GMAC:
        covered = masked + spi + bytes(12) + sequence + data
        return spi + vector + sequence + data + AESGCM(KEY).encrypt(vector, b"", covered)
    return spi + sequence + data + cmac(KEY[: algorithm.key_octets], masked + spi + sequence + data)


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize(
    ("algorithm", "sequence_octets"),
    [
        (Algorithm.AES_256_GCM, 0),
        (Algorithm.AES_256_GCM, 4),
        (Algorithm.AES_256_GMAC, 0),
        (Algorithm.AES_256_GMAC, 2),
        (Algorithm.AES_256_CMAC, 4),
        (Algorithm.AES_128_CMAC, 4),
    ],
)
@MODEST
@given(data=st.binary(min_size=1, max_size=200), number=st.integers(0, 1000))
def test_same_octets(kind: str, algorithm: Algorithm, sequence_octets: int, data: bytes, number: int) -> None:
    """The sender gives the octets that are put together by hand, and the receiver takes them, once."""
    header, mask, masked = (bytes.fromhex(each) if isinstance(each, str) else each for each in HEADERS[kind])
    near, far = ends(mask, algorithm, sequence_octets)
    by_hand = protected(algorithm, masked, number, sequence_octets, data)
    near.table.state.key_uses[SecretKey(KEY[: algorithm.key_octets]).check_value].next_counter = number
    assert near.protect(CHANNEL, header, data) == by_hand
    assert far.process(CHANNEL, header, by_hand).data == data
    assert far.process(CHANNEL, header, by_hand).refusal is ProcessRefusal.REPLAYED


@MODEST
@given(data=st.binary(min_size=1, max_size=100))
def test_padding(data: bytes) -> None:
    """Padding is encrypted with the data, and its length is authenticated in the clear."""
    header, mask, masked = bytes.fromhex(HEADERS["tc"][0]), tc_mask(), bytes.fromhex(HEADERS["tc"][2])
    near, far = ends(mask, Algorithm.AES_256_GCM, 0, pad_length_octets=1, block_octets=16)
    pad = -len(data) % 16
    spi = SPI.to_bytes(2, "big")
    sealed = AESGCM(KEY).encrypt(bytes(12), data + bytes(pad), masked + spi + bytes(12) + bytes([pad]))
    by_hand = spi + bytes(12) + bytes([pad]) + sealed
    assert near.protect(CHANNEL, header, data) == by_hand
    assert far.process(CHANNEL, header, by_hand).data == data


def test_a_number_of_another_sender() -> None:
    """Where there is a sequence number, a sender may choose its vectors by itself: the receiver counts the number."""
    header, mask, masked = bytes.fromhex(HEADERS["tc"][0]), tc_mask(), bytes.fromhex(HEADERS["tc"][2])
    _, far = ends(mask, Algorithm.AES_256_GCM, 4)
    spi, vector, sequence = SPI.to_bytes(2, "big"), b"any 12 bytes", b"\0\0\0\5"
    sealed = AESGCM(KEY).encrypt(vector, b"data", masked + spi + bytes(12) + sequence)
    assert far.process(CHANNEL, header, spi + vector + sequence + sealed).data == b"data"
    assert far.process(CHANNEL, header, spi + vector + sequence + sealed).refusal is ProcessRefusal.REPLAYED
