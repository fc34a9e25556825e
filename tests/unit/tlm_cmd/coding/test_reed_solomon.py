"""Reed-Solomon blocks with errors; ``FLIGHTSW_SOAK=N`` multiplies the cases of the campaign, ``make soak`` does."""

import os
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.reed_solomon import CORRECTABLE, INTERLEAVES, DecodedBlock, ReedSolomon, UncorrectableError
from tlm_cmd.errors import WrongValueError
from tlm_cmd.packets.crc import crc16

MODEST = settings(max_examples=50, deadline=None)
SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))

codes = st.builds(
    ReedSolomon,
    correctable=st.sampled_from(CORRECTABLE),
    interleave=st.sampled_from(INTERLEAVES),
    dual_basis=st.booleans(),
)


def with_errors(block: bytes, code: ReedSolomon, errors: list[int], source: random.Random) -> bytes:
    """A block with so many wrong symbols in each code word."""
    wrong = bytearray(block)
    for number, count in enumerate(errors):
        for place in source.sample(range(number, len(block), code.interleave), count):
            wrong[place] ^= source.randrange(1, 256)
    return bytes(wrong)


def decoded_or_refusal(code: ReedSolomon, block: bytes) -> DecodedBlock | UncorrectableError:
    """What becomes of a block of a length that the code has."""
    try:
        return code.decode(block)
    except UncorrectableError as error:
        return error


def test_known_block_of_five_code_words() -> None:
    """The octets 00, 01 and so on, in five code words of the dual basis, have a block with a known checksum."""
    block = ReedSolomon().encode(bytes(place % 256 for place in range(1115)))
    assert len(block) == 1275
    assert crc16(block) == 0x7B67


def test_known_code_word() -> None:
    """A code word of its own is the data and the known parity."""
    data = bytes(range(223))
    parity = "4ffb92dd557ec67f27fb8982cf58f8fd028ad117fcef6b2793d0418826578651"
    assert ReedSolomon(interleave=1).encode(data) == data + bytes.fromhex(parity)


@MODEST
@given(codes, st.data())
def test_a_block_is_made_of_interleaved_code_words(code: ReedSolomon, draw: st.DataObject) -> None:
    """Every I-th octet of a block, from any of the first I on, is a code word by itself."""
    octets = draw.draw(st.integers(1, code.max_data_octets // code.interleave))
    data = random.Random(octets).randbytes(octets * code.interleave)
    block = code.encode(data)
    alone = msgspec.structs.replace(code, interleave=1)
    for number in range(code.interleave):
        assert block[number :: code.interleave] == alone.encode(data[number :: code.interleave])


@MODEST
@given(codes, st.data())
def test_virtual_fill_is_zeros_that_are_not_sent(code: ReedSolomon, draw: st.DataObject) -> None:
    """The block of short data is the end of the block of the same data with zeros before them."""
    octets = code.interleave * draw.draw(st.integers(1, code.max_data_octets // code.interleave))
    data = random.Random(octets).randbytes(octets)
    full = bytes(code.max_data_octets - octets) + data
    assert code.encode(full).endswith(code.encode(data))


@MODEST
@given(codes, st.data())
def test_as_many_errors_as_the_code_corrects_are_corrected(code: ReedSolomon, draw: st.DataObject) -> None:
    """Up to E wrong symbols in each code word, in data and parity, leave the data as they were and are counted."""
    octets = code.interleave * draw.draw(st.integers(1, code.max_data_octets // code.interleave))
    counts = st.integers(0, code.correctable)
    errors = draw.draw(st.lists(counts, min_size=code.interleave, max_size=code.interleave))
    source = random.Random(draw.draw(st.integers(0, 1 << 32)))
    data = source.randbytes(octets)
    decoded = code.decode(with_errors(code.encode(data), code, errors, source))
    assert decoded == DecodedBlock(data, tuple(errors))
    assert decoded.corrected_symbols == sum(errors)


@MODEST
@given(codes, st.data())
def test_what_is_decoded_is_a_block_near_by_or_nothing(code: ReedSolomon, draw: st.DataObject) -> None:
    """With any number of errors, the result is a valid block, as far from what was received as it says, or an error.

    The error names none but code words with more errors than can be corrected.
    """
    octets = code.interleave * draw.draw(st.integers(1, code.max_data_octets // code.interleave))
    counts = st.integers(0, octets // code.interleave + 2 * code.correctable)
    errors = draw.draw(st.lists(counts, min_size=code.interleave, max_size=code.interleave))
    source = random.Random(draw.draw(st.integers(0, 1 << 32)))
    received = with_errors(code.encode(source.randbytes(octets)), code, errors, source)
    decoded = decoded_or_refusal(code, received)
    if isinstance(decoded, UncorrectableError):
        assert all(errors[number] > code.correctable for number in decoded.code_words)
        assert (decoded.correctable, decoded.interleave) == (code.correctable, code.interleave)
        return
    block = code.encode(decoded.data)
    for number, corrected in enumerate(decoded.corrected_by_code_word):
        pairs = zip(block[number :: code.interleave], received[number :: code.interleave], strict=True)
        assert corrected == sum(sent != found for sent, found in pairs) <= code.correctable


@pytest.mark.parametrize("correctable", CORRECTABLE)
def test_one_error_too_many_is_refused(correctable: int) -> None:
    """E + 1 errors are refused, and the code words that have them are named; seeded, since it holds nearly always."""
    code = ReedSolomon(correctable)
    source = random.Random(correctable)
    for _ in range(20):
        block = code.encode(source.randbytes(code.max_data_octets))
        received = with_errors(block, code, [0, correctable + 1, 1, correctable + 1, correctable], source)
        with pytest.raises(UncorrectableError, match=r"code words 1, 3 of 0 to 4") as caught:
            code.decode(received)
        assert caught.value.code_words == (1, 3)


def test_another_valid_block_is_taken_for_what_it_is() -> None:
    """Errors that turn a block into another valid one, or near to it, cannot be seen: the other one is the result."""
    code = ReedSolomon(8, 1)
    source = random.Random(3)
    sent, other = code.encode(bytes(60)), code.encode(b"\1" + bytes(59))
    assert sum(a != b for a, b in zip(sent, other, strict=True)) == 17
    received = with_errors(other, code, [8], source)
    assert code.decode(received) == DecodedBlock(b"\1" + bytes(59), (8,))


def test_corrections_into_virtual_fill_are_refused() -> None:
    """What would be put right only by a symbol that was not sent is not put right."""
    code = ReedSolomon(16, 1)
    full = code.encode(b"\7" + bytes(222))
    assert code.decode(b"\0" + full[1:]).data == b"\7" + bytes(222)
    with pytest.raises(UncorrectableError):
        code.decode(full[1:])


@pytest.mark.parametrize("octets", [0, 4, 1114, 1116, 1120])
def test_data_that_fill_no_block_are_refused(octets: int) -> None:
    """The error says which lengths there are."""
    with pytest.raises(WrongValueError, match=r"data octets is \d+, expected a multiple of 5 from 5 to 1115") as caught:
        ReedSolomon().encode(bytes(octets))
    assert caught.value.found == octets


@pytest.mark.parametrize("octets", [0, 160, 164, 1274, 1276, 1280])
def test_blocks_of_no_length_of_the_code_are_refused(octets: int) -> None:
    """The error says which lengths there are."""
    with pytest.raises(WrongValueError, match=r"code block octets is \d+, expected a multiple of 5 from 165 to 1275"):
        ReedSolomon().decode(bytes(octets))


@pytest.mark.parametrize(("correctable", "interleave"), [(7, 5), (0, 1), (17, 5), (16, 0), (16, 6), (8, 9)])
def test_other_codes_are_refused(correctable: int, interleave: int) -> None:
    """Only the codes and interleaves of the standard can be had."""
    with pytest.raises(WrongValueError, match="one of"):
        ReedSolomon(correctable, interleave)


def test_a_code_comes_from_a_file() -> None:
    """A code is a value that managed parameters can hold: it can be written down and read again."""
    code = ReedSolomon(8, 4, dual_basis=False)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(code), type=ReedSolomon) == code
    with pytest.raises(msgspec.ValidationError, match="interleave is 7"):
        msgspec.convert({"interleave": 7}, ReedSolomon)


@MODEST
@given(code=codes, octets=st.binary(max_size=2100), cut=st.booleans())
def test_any_octets_decode_or_raise_what_is_declared(code: ReedSolomon, octets: bytes, *, cut: bool) -> None:
    """No octets whatever make the decoder raise anything else, be their length one of the code's or not."""
    if cut:
        octets = octets[: len(octets) // code.interleave * code.interleave]
    lengths = range(code.parity_octets + code.interleave, 255 * code.interleave + 1, code.interleave)
    if len(octets) in lengths:
        decoded_or_refusal(code, octets)
    else:
        with pytest.raises(WrongValueError):
            code.decode(octets)


@pytest.mark.soak
@pytest.mark.parametrize("correctable", CORRECTABLE)
def test_campaign_of_errors(correctable: int) -> None:
    """Of many blocks, each that can be corrected is, and a bounded share of the others is taken for another block."""
    source = random.Random(correctable)
    beyond = taken = 0
    for case in range(500 * SOAK):
        code = ReedSolomon(correctable, 1, dual_basis=bool(case % 2))
        data = source.randbytes(source.randint(1, code.max_data_octets))
        sent = code.encode(data)
        errors = source.randint(0, min(len(sent), 2 * correctable))
        decoded = decoded_or_refusal(code, with_errors(sent, code, [errors], source))
        if errors <= correctable:
            assert decoded == DecodedBlock(data, (errors,))
            continue
        beyond += 1
        if isinstance(decoded, DecodedBlock):
            taken += 1
            assert decoded.data != data
    # At most one in E! on average: 40,320 for E = 8; five standard deviations above.
    expected = beyond / (40_320 if correctable == 8 else 2e13)
    assert taken <= expected + 5 * max(expected, 0.1) ** 0.5
