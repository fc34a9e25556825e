from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightsw.devices.framing import (
    NOTHING,
    REPLY_OVERHEAD,
    REQUEST_OVERHEAD,
    Nothing,
    Operation,
    Status,
    pack_reply,
    pack_request,
    payload_length,
    unpack_reply,
    unpack_request,
)
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.errors import ChecksumError, LengthMismatchError, ProtocolError, TooShortError

octet = st.integers(0, 255)


def test_request_octets() -> None:
    """A request is opcode, sequence, length, payload and CRC-16, big-endian, as written down."""
    assert pack_request(0x01, 0x02, b"\xab\xcd") == bytes.fromhex("01020002abcda836")


def test_reply_octets() -> None:
    """A reply is opcode, sequence, status, length, payload and CRC-16, big-endian, as written down."""
    assert pack_reply(0x01, 0x02, Status.BUSY, b"")[:-2] == bytes.fromhex("0102040000")
    assert len(pack_reply(0x01, 0x02, Status.BUSY, b"")) == REPLY_OVERHEAD


@given(octet, octet, st.binary(max_size=300))
def test_requests_come_back(opcode: int, sequence: int, payload: bytes) -> None:
    """Every request is unpacked to what was packed."""
    data = pack_request(opcode, sequence, payload)
    assert unpack_request(data) == (opcode, sequence, payload)
    assert len(data) == len(payload) + REQUEST_OVERHEAD


@given(octet, octet, octet, st.binary(max_size=300))
def test_replies_come_back(opcode: int, sequence: int, status: int, payload: bytes) -> None:
    """Every reply is unpacked to what was packed."""
    data = pack_reply(opcode, sequence, status, payload)
    assert unpack_reply(data) == (opcode, sequence, status, payload)
    assert payload_length(data) == len(payload)


PACKED = (
    (unpack_request, pack_request(0x11, 0x22, b"payload")),
    (unpack_reply, pack_reply(0x11, 0x22, 0, b"payload")),
)


@pytest.mark.parametrize(("unpack", "data"), PACKED)
def test_every_changed_octet_is_refused(unpack: Callable[[bytes], object], data: bytes) -> None:
    """No octet can take another value without being noticed."""
    for position in range(len(data)):
        for change in range(1, 256):
            spoiled = bytearray(data)
            spoiled[position] ^= change
            with pytest.raises(ProtocolError):
                unpack(bytes(spoiled))


@pytest.mark.parametrize(("unpack", "data"), PACKED)
def test_every_other_length_is_refused(unpack: Callable[[bytes], object], data: bytes) -> None:
    """Neither a shorter nor a longer frame passes, and the error tells the lengths."""
    for length in range(len(data)):
        with pytest.raises((TooShortError, LengthMismatchError)):
            unpack(data[:length])
    with pytest.raises(LengthMismatchError) as error:
        unpack(data + b"\0")
    assert (error.value.declared, error.value.found) == (len(data), len(data) + 1)


def test_wrong_checksum_tells_both() -> None:
    """The error of a damaged frame carries the CRC that is right and the one that was found."""
    data = pack_reply(0x11, 0x22, 0, b"payload")
    right = int.from_bytes(data[-2:], "big")
    with pytest.raises(ChecksumError) as error:
        unpack_reply(data[:-2] + (right ^ 1).to_bytes(2, "big"))
    assert (error.value.expected, error.value.found) == (right, right ^ 1)


def test_nothing_takes_no_octets() -> None:
    """The empty payload is empty, and an operation without a reply expects none."""
    assert codec_of(Nothing).encode(NOTHING) == b""
    assert Operation(1, Nothing, Nothing).most_octets == 0
