"""The same over both ways of checking a block: in plain Python and with NumPy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding import parity_differences_numpy, reed_solomon
from tlm_cmd.coding.code_word import CODE_WORD_OCTETS
from tlm_cmd.coding.parity_differences import ParityDifferences, parity_differences
from tlm_cmd.coding.reed_solomon import CORRECTABLE, INTERLEAVES, ReedSolomon

MODEST = settings(max_examples=50, deadline=None)
WAYS = pytest.mark.parametrize(
    "differences", [parity_differences, parity_differences_numpy.parity_differences], ids=["python", "numpy"]
)
codes = st.builds(
    ReedSolomon,
    correctable=st.sampled_from(CORRECTABLE),
    interleave=st.sampled_from(INTERLEAVES),
    dual_basis=st.booleans(),
)


def of(code: ReedSolomon, differences: ParityDifferences, block: bytes) -> dict[int, bytes]:
    """The differences by the parameters of a code."""
    return differences(block, code.correctable, code.interleave, dual_basis=code.dual_basis)


@WAYS
@MODEST
@given(codes, st.data())
def test_the_difference_is_the_parity_that_errors_in_the_data_have(
    differences: ParityDifferences, code: ReedSolomon, draw: st.DataObject
) -> None:
    """A code word is told by the wrong octet in it, and the difference is the parity of that octet alone."""
    columns = draw.draw(st.integers(1, CODE_WORD_OCTETS - 2 * code.correctable))
    octets = columns * code.interleave
    block = bytearray(code.encode(draw.draw(st.binary(min_size=octets, max_size=octets))))
    assert of(code, differences, bytes(block)) == {}
    place, value = draw.draw(st.integers(0, octets - 1)), draw.draw(st.integers(1, 255))
    block[place] ^= value
    number = place % code.interleave
    alone = code.encode(bytes(place) + bytes([value]) + bytes(octets - place - 1))
    assert of(code, differences, bytes(block)) == {number: alone[octets + number :: code.interleave]}


@MODEST
@given(codes, st.data())
def test_both_ways_agree_on_any_octets(code: ReedSolomon, draw: st.DataObject) -> None:
    """Whether they are a block or not."""
    columns = draw.draw(st.integers(2 * code.correctable + 1, CODE_WORD_OCTETS))
    octets = columns * code.interleave
    block = draw.draw(st.binary(min_size=octets, max_size=octets))
    assert of(code, parity_differences, block) == of(code, parity_differences_numpy.parity_differences, block)


@pytest.mark.parametrize(
    ("installed", "way"), [(True, parity_differences_numpy.parity_differences), (False, parity_differences)]
)
def test_numpy_is_used_where_it_is(monkeypatch: pytest.MonkeyPatch, *, installed: bool, way: ParityDifferences) -> None:
    """A computer without it decodes the same, only slower."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object() if installed else None)
    reed_solomon._parity_differences.cache_clear()
    try:
        assert reed_solomon._parity_differences() is way
        code = ReedSolomon()
        block = bytearray(code.encode(bytes(range(223)) * 5))
        block[3] ^= 0x55
        assert code.decode(bytes(block)).corrected_symbols == 1
    finally:
        reed_solomon._parity_differences.cache_clear()
