import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.definition.fields import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    AnnotationError,
    Bits,
    Length,
    Limits,
    Linear,
    Number,
    Polynomial,
    Range,
    Tail,
    Unit,
    UpTo,
)
from tlm_cmd.errors import ProtocolError

MODEST = settings(max_examples=100, deadline=None)
SMALL_INTEGERS = [U8, U16, U32, I8, I16, I32]


@pytest.mark.parametrize(
    ("number", "octets", "lowest", "highest"),
    [
        (U8, 1, 0, 255),
        (U16, 2, 0, 65_535),
        (U32, 4, 0, 4_294_967_295),
        (U64, 8, 0, 18_446_744_073_709_551_615),
        (I8, 1, -128, 127),
        (I16, 2, -32_768, 32_767),
        (I32, 4, -2_147_483_648, 2_147_483_647),
        (I64, 8, -9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
        (F32, 4, -math.inf, math.inf),
        (F64, 8, -math.inf, math.inf),
    ],
)
def test_wire_types_have_their_usual_sizes_and_ranges(
    number: Number, octets: int, lowest: float, highest: float
) -> None:
    """Sizes and ranges are those of two's complement and IEEE 754, exact also where a float could not be."""
    assert (number.octets, number.lowest, number.highest) == (octets, lowest, highest)
    assert number.is_float == (highest == math.inf)


@pytest.mark.parametrize(("width", "highest"), [(1, 1), (3, 7), (32, 4_294_967_295)])
def test_bit_fields_are_unsigned(width: int, highest: int) -> None:
    """A bit field goes from 0 to all ones."""
    assert (Bits(width).lowest, Bits(width).highest) == (0, highest)


@pytest.mark.parametrize(("count", "octets"), [(1, 1), (255, 1), (256, 2), (65_535, 2)])
def test_counts_take_one_octet_up_to_255(count: int, octets: int) -> None:
    """The count in front of a variable part is as long as its bound needs."""
    assert UpTo(count).prefix.octets == octets


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Bits(0), r"Bits\(0\): allowed are 1 to 32"),
        (lambda: Bits(33), r"Bits\(33\): allowed are 1 to 32"),
        (lambda: Length(0), r"Length\(0\): allowed are 1 to 65535"),
        (lambda: Length(65_536), "allowed are 1 to 65535"),
        (lambda: UpTo(0), r"UpTo\(0\): allowed are 1 to 65535"),
        (lambda: UpTo(65_536), "allowed are 1 to 65535"),
        (lambda: Tail(0), r"Tail\(0\): allowed are 1 to 65535"),
        (lambda: Tail(65_536), "allowed are 1 to 65535"),
        (lambda: UpTo("4"), r"UpTo\('4'\): allowed are 1 to 65535"),  # type: ignore[arg-type]
        (lambda: UpTo(2.5), r"UpTo\(2.5\): allowed are 1 to 65535"),  # type: ignore[arg-type]
        (lambda: Length(2.5), r"Length\(2.5\): allowed are"),  # type: ignore[arg-type]
        (lambda: Tail(True), r"Tail\(True\): allowed are"),
        (lambda: Bits(3.5), r"Bits\(3.5\): allowed are 1 to 32"),  # type: ignore[arg-type]
        (lambda: Bits(True), r"Bits\(True\): allowed are 1 to 32"),
        (lambda: Range("a", "b"), r"Range\('a', 'b'\): needs two numbers"),  # type: ignore[arg-type]
        (lambda: Range(0, None), "needs two numbers"),  # type: ignore[arg-type]
        (lambda: Limits(red=("a", "b")), r"Limits\(red=\('a', 'b'\)\): needs two numbers"),  # type: ignore[arg-type]
        (lambda: Limits(yellow=(1,)), "needs two numbers"),  # type: ignore[arg-type]
        (lambda: Unit(5), r"Unit\(5\): needs a text"),  # type: ignore[arg-type]
        (lambda: Linear("x"), r"Linear\('x', 0.0\): needs finite numbers"),  # type: ignore[arg-type]
        (lambda: Polynomial(("a",)), "needs finite numbers"),  # type: ignore[arg-type]
        (lambda: Linear(0), "a scale other than 0"),
        (lambda: Linear(math.nan), "needs finite numbers"),
        (lambda: Linear(1, math.inf), "needs finite numbers"),
        (lambda: Polynomial.of(1, math.nan), "needs finite numbers"),
        (lambda: Range(1, 0), r"Range\(1, 0\): is empty"),
        (lambda: Range(math.nan, 0), "is empty"),
        (lambda: Range(0, math.nan), "is empty"),
        (lambda: Limits(yellow=(1, 0)), r"Limits\(yellow=\(1, 0\)\): the first must be at most the second"),
        (lambda: Limits(red=(85, -20)), r"Limits\(red="),
        (lambda: Limits(red=(math.nan, 5)), r"Limits\(red="),
        (lambda: Limits(yellow=(0, 10), red=(1, 20)), "yellow must lie within red"),
        (lambda: Limits(yellow=(0, 10), red=(-1, 9)), "yellow must lie within red"),
    ],
)
def test_annotations_that_mean_nothing_are_refused(make: Callable[[], object], problem: str) -> None:
    """Each says what is allowed, and derives from the package's base."""
    with pytest.raises(AnnotationError, match=problem) as caught:
        make()
    assert isinstance(caught.value, ProtocolError)
    assert caught.value.annotation in str(caught.value)


def test_limits_may_touch() -> None:
    """Limits of width 0, and yellow equal to red, are allowed."""
    assert Limits(yellow=(0, 0), red=(0, 0)).yellow == (0, 0)
    assert Limits(red=(-1, 1)).yellow is None
    assert Range(3, 3).lowest == 3


@MODEST
@given(wire=st.sampled_from(SMALL_INTEGERS), scale=st.sampled_from([0.01, -0.5, 1e-6, 3.0, 1e6]), data=st.data())
def test_linear_is_inverted_exactly(wire: Number, scale: float, data: st.DataObject) -> None:
    """Every raw value comes back from its engineering value."""
    raw = data.draw(st.integers(int(wire.lowest), int(wire.highest)))
    calibration = Linear(scale, data.draw(st.sampled_from([0.0, -40.0, 273.15])))
    assert calibration.raw(calibration.engineering(raw), wire) == raw


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("calibration", "wire"),
    [
        (Polynomial.of(-40, 0.5), U8),
        (Polynomial.of(100, -0.25), I16),
        (Polynomial.of(0, 1, 1e-4), U16),
        (Polynomial.of(0, 0, 1e-3), U16),
        (Polynomial.of(5, 1e-3, 0, 1e-12), I32),
        (Polynomial.of(5, -1e-3, 0, -1e-12), I16),
        (Polynomial.of(0, 1e-9, 1e-20), U32),
    ],
)
@MODEST
@given(st.data())
def test_polynomials_are_inverted_exactly(calibration: Polynomial, wire: Number, data: st.DataObject) -> None:
    """Every raw value comes back from its engineering value, rising or falling."""
    calibration.check_monotonic(wire)
    raw = data.draw(st.integers(int(wire.lowest), int(wire.highest)))
    assert calibration.raw(calibration.engineering(raw), wire) == raw


@pytest.mark.parametrize(
    "calibration", [Linear(0.5, 10), Linear(-0.5, 10), Polynomial.of(10, 0.5), Polynomial.of(1, -1)]
)
def test_calibrations_saturate(calibration: Linear | Polynomial) -> None:
    """What the wire type cannot carry becomes its nearest end; not a number is refused."""
    ends = sorted((calibration.engineering(0), calibration.engineering(255)))
    assert calibration.engineering(calibration.raw(ends[0] - 1000, U8)) == ends[0]
    assert calibration.engineering(calibration.raw(ends[1] + 1000, U8)) == ends[1]
    assert calibration.engineering(calibration.raw(math.inf, U8)) == ends[1]
    assert calibration.engineering(calibration.raw(-math.inf, U8)) == ends[0]
    with pytest.raises(ValueError, match="not a number"):
        calibration.raw(math.nan, U8)


@pytest.mark.parametrize("calibration", [Linear(1.0), Polynomial.of(0, 1)])
def test_calibrations_round_to_the_nearest(calibration: Linear | Polynomial) -> None:
    """The raw value is the one whose engineering value is nearest."""
    assert [calibration.raw(value, U8) for value in (6.4, 6.6, 7.4, 7.6)] == [6, 7, 7, 8]


def test_whole_numbers_calibrate_to_floats() -> None:
    """A calibration of whole numbers is the one of equal floats, and gives floats."""
    assert [type(each) for each in (Linear(2, -3).scale, Linear(2, -3).offset, *Polynomial.of(1, 2).coefficients)] == (
        [float] * 4
    )
    for calibration in (Linear(2, -3), Polynomial.of(-3, 2)):
        assert type(calibration.engineering(5)) is float
        assert calibration.engineering(5) == 7


@pytest.mark.parametrize(
    ("calibration", "wire"),
    [
        (Polynomial.of(), U8),
        (Polynomial.of(5), U8),
        (Polynomial.of(5, 0), U8),
        (Polynomial.of(0, -100, 1), U8),
        (Polynomial.of(0, 0, 1), I8),
        (Polynomial.of(0, -1, 1), U16),
        (Polynomial.of(0, -1e-2, 1e-8), U32),
        (Polynomial.of(0, 1e300, 1e300), U32),
    ],
)
def test_polynomials_that_turn_are_refused(calibration: Polynomial, wire: Number) -> None:
    """A curve that cannot be inverted is refused, also when it turns close to an end of the range."""
    with pytest.raises(AnnotationError, match="not strictly monotonic over"):
        calibration.check_monotonic(wire)


@pytest.mark.parametrize(
    ("calibration", "wire"), [(Linear(1e-20, 1.0), U8), (Linear(1e305), U32), (Linear(1e-9, 1e9), I16)]
)
def test_steps_that_a_float_cannot_tell_apart_are_refused(calibration: Linear, wire: Number) -> None:
    """A step that vanishes beside the offset, or an end beyond all floats, would decode to something else."""
    with pytest.raises(AnnotationError, match="a float cannot tell its values apart over"):
        calibration.check_resolution(wire)


@MODEST
@given(
    wire=st.sampled_from(SMALL_INTEGERS),
    scale=st.floats(1e-30, 1e30),
    offset=st.floats(-1e30, 1e30),
    share=st.floats(0, 1),
)
def test_what_is_not_refused_is_told_apart(wire: Number, scale: float, offset: float, share: float) -> None:
    """Neighbouring raw values have different engineering values wherever a calibration is allowed."""
    calibration = Linear(scale, offset)
    try:
        calibration.check_resolution(wire)
    except AnnotationError:
        return
    raw = int(wire.lowest + share * (wire.highest - 1 - wire.lowest))
    assert calibration.engineering(raw) != calibration.engineering(raw + 1)
