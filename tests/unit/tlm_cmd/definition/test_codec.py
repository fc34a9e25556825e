from __future__ import annotations

import math
import struct
from enum import IntEnum
from typing import Annotated, Any

import pytest

from tlm_cmd.definition.codec import Codec, codec_of
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
    Bits,
    Length,
    Linear,
    Number,
    Polynomial,
    Range,
    Tail,
    UpTo,
)
from tlm_cmd.definition.message import Command, Record, Telemetry
from tlm_cmd.definition.wire_values import FieldTypeError, LengthError, TextError, UnknownValueError
from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError

INTEGERS = [U8, U16, U32, U64, I8, I16, I32, I64]
INF, NAN = math.inf, math.nan


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    ON = 7
    FAULT = 9


class Other(IntEnum):
    """An enumeration with the same numbers, some of them."""

    FIRST = 1


class Point(Record):
    """Where."""

    x: Annotated[float, F32]
    y: Annotated[int, I16]


class Named(Record):
    """A record of variable size."""

    number: Annotated[int, U8]
    name: Annotated[str, UpTo(5)]


class Empty(Record):
    """Nothing."""


class Checked(Record):
    """A class with a check of its own."""

    low: Annotated[int, U8]
    high: Annotated[int, U8]

    def __post_init__(self) -> None:
        """Refuse what is upside down."""
        if self.low > self.high:
            raise ValueError("low must be at most high")


def codec_for(**annotations: Any) -> Codec[Any]:  # noqa: ANN401 - any annotation
    """The codec of a record class with the given fields."""
    return Codec(type(Record)("Tested", (Record,), {"__annotations__": annotations, "__module__": __name__}))


def encoded(annotation: Any, value: object) -> bytes:  # noqa: ANN401 - any annotation
    """One value as octets."""
    codec = codec_for(tested=annotation)
    return codec.encode(codec.layout.python_class(value))  # type: ignore[call-arg]


def decoded(annotation: Any, data: bytes) -> Any:  # noqa: ANN401 - any annotation
    """One value from octets."""
    return codec_for(tested=annotation).decode(data).tested


# ------------------------------------------------------------------ layout on the wire


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (Annotated[int, U16], 0x1234, "1234"),
        (Annotated[int, I16], -2, "fffe"),
        (Annotated[int, U64], 2**64 - 1, "ffffffffffffffff"),
        (Annotated[float, F32], 1.5, "3fc00000"),
        (Annotated[float, F64], -2.0, "c000000000000000"),
        (bool, True, "01"),
        (Annotated[bool, U16], True, "0001"),
        (Mode, Mode.ON, "07"),
        (Annotated[Mode, U16], Mode.FAULT, "0009"),
        (Annotated[float, I16, Linear(0.01, -40)], 20.0, "1770"),
        (Annotated[float, U8, Polynomial.of(0, 0, 1)], 81.0, "09"),
        (Annotated[str, Length(4)], "ab", "61620000"),
        (Annotated[str, UpTo(4)], "é", "02c3a9"),
        (Annotated[str, UpTo(300)], "ab", "00026162"),
        (Annotated[str, Tail(4)], "ab", "6162"),
        (Annotated[bytes, Length(2)], b"\x01\x02", "0102"),
        (Annotated[bytes, UpTo(4)], b"", "00"),
        (Annotated[bytes, Tail(4)], b"\xff", "ff"),
        (Annotated[tuple[int, ...], U16, Length(2)], (1, 2), "00010002"),
        (Annotated[tuple[int, ...], U16, UpTo(2)], (1,), "010001"),
        (Annotated[tuple[int, ...], U8, UpTo(300)], (1, 2), "00020102"),
        (Annotated[tuple[int, ...], U16, Tail(2)], (1, 2), "00010002"),
        (Annotated[tuple[Mode, ...], UpTo(2)], (Mode.ON,), "0107"),
        (Annotated[tuple[Annotated[str, UpTo(3)], ...], Length(2)], ("a", ""), "016100"),
        (Annotated[tuple[Named, ...], UpTo(2)], (Named(1, "a"), Named(2, "")), "020101610200"),
        (Annotated[tuple[Point, ...], Length(1)], (Point(0.0, 3),), "000000000003"),
        (Point, Point(0.0, -1), "00000000ffff"),
        (Empty, Empty(), ""),
    ],
)
def test_values_travel_big_endian(annotation: Any, value: object, expected: str) -> None:  # noqa: ANN401 - any annotation
    """Each kind of field has exactly these octets, and comes back from them."""
    assert encoded(annotation, value).hex() == expected
    assert decoded(annotation, bytes.fromhex(expected)) == value


def test_bit_fields_share_octets() -> None:
    """The first field is in the most significant bits, a group crosses octets, and its last octet is filled with 0."""
    codec = codec_for(a=Annotated[int, Bits(3)], b=Annotated[int, Bits(7)], c=Annotated[bool, Bits(1)], d=Mode)
    message = codec.layout.python_class(0b101, 0b1100110, True, Mode.ON)  # type: ignore[call-arg]
    assert codec.encode(message) == bytes([0b10111001, 0b10100000, 7])
    assert codec.decode(bytes([0b10111001, 0b10100000, 7])) == message


@pytest.mark.parametrize("widths", [(8,), (9, 7), (20, 4), (32,), (30, 10), (32, 16), (32, 24), (32, 32), (32, 32, 8)])
def test_bit_groups_of_every_size(widths: tuple[int, ...]) -> None:
    """Groups of 1 to 9 octets carry all ones, all zeros and a single one in each field."""
    names = [f"f{index}" for index in range(len(widths))]
    codec = codec_for(**{name: Annotated[int, Bits(width)] for name, width in zip(names, widths, strict=True)})
    values = [[2**width - 1 for width in widths], [0] * len(widths)]
    values += [[int(index == one) for index in range(len(widths))] for one in range(len(widths))]
    for value in values:
        message = codec.layout.python_class(*value)
        word = int("".join(f"{item:0{width}b}" for item, width in zip(value, widths, strict=True)), 2)
        spare = -sum(widths) % 8
        assert codec.encode(message) == (word << spare).to_bytes((sum(widths) + 7) // 8, "big")
        assert codec.decode(codec.encode(message)) == message


def test_bit_groups_end_at_other_fields_and_at_records() -> None:
    """Bits before, inside and behind a nested record never share an octet."""

    class Flags(Record):
        """Bits inside."""

        inside: Annotated[int, Bits(2)]

    codec = Codec(
        type(Record)(
            "Tested",
            (Record,),
            {
                "__module__": __name__,
                "__annotations__": {
                    "before": Annotated[int, Bits(1)],
                    "flags": Flags,
                    "behind": Annotated[int, Bits(1)],
                    "number": Annotated[int, U8],
                    "last": Annotated[int, Bits(1)],
                },
            },
        )
    )
    message = codec.layout.python_class(1, Flags(3), 1, 5, 1)  # type: ignore[call-arg]
    assert codec.encode(message).hex() == "80c0800580"
    assert codec.decode(codec.encode(message)) == message


def test_spare_bits_are_ignored() -> None:
    """What another implementation leaves in the filling bits does no harm."""
    assert decoded(Annotated[int, Bits(3)], b"\xbf") == 5


# ------------------------------------------------------------------ ends of ranges


@pytest.mark.parametrize("wire", INTEGERS)
@pytest.mark.parametrize("in_array", [False, True])
def test_integers_at_their_ends(wire: Number, in_array: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Lowest and highest value travel; one below and one above are refused with the field and both ends."""
    annotation: Any = Annotated[tuple[int, ...], wire, UpTo(3)] if in_array else Annotated[int, wire]
    for value in (wire.lowest, wire.highest):
        sent = (value,) if in_array else value
        assert decoded(annotation, encoded(annotation, sent)) == sent
    for value in (wire.lowest - 1, wire.highest + 1, 10**400, -(10**400)):
        with pytest.raises(FieldRangeError, match=r"Tested\.tested") as caught:
            encoded(annotation, (value,) if in_array else value)
        error = caught.value
        assert (error.value, error.lowest, error.highest) == (value, wire.lowest, wire.highest)


@pytest.mark.parametrize("width", [1, 5, 8, 13, 32])
def test_bit_fields_at_their_ends(width: int) -> None:
    """A bit field refuses what would spill into its neighbour."""
    annotation = Annotated[int, Bits(width)]
    for value in (0, 2**width - 1):
        assert decoded(annotation, encoded(annotation, value)) == value
    for value in (-1, 2**width):
        with pytest.raises(FieldRangeError, match=rf"Tested\.tested is {value}, allowed are 0 to {2**width - 1}"):
            encoded(annotation, value)


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 2.0**-149, 3.4028234663852886e38, -3.4028234663852886e38, INF, -INF, 1, True]
)
def test_short_floats_at_their_ends(value: float) -> None:
    """F32 carries its whole range, infinities and integers."""
    assert decoded(Annotated[float, F32], encoded(Annotated[float, F32], value)) == value


@pytest.mark.parametrize("value", [3.5e38, -1e300, 10**300])
def test_short_floats_do_not_overflow(value: float) -> None:
    """What F32 cannot carry is refused with its ends."""
    with pytest.raises(FieldRangeError, match=r"Tested\.tested is .*, allowed are -3\.4028.*e\+38 to 3\.4028.*e\+38"):
        encoded(Annotated[float, F32], value)


@pytest.mark.parametrize("wire", [F32, F64])
def test_not_a_number_travels_where_no_range_forbids_it(wire: Number) -> None:
    """A sensor may say that it does not know."""
    assert math.isnan(decoded(Annotated[float, wire], encoded(Annotated[float, wire], NAN)))
    with pytest.raises(FieldRangeError):
        encoded(Annotated[float, wire, Range(-INF, INF)], NAN)
    with pytest.raises(FieldRangeError):
        decoded(Annotated[float, wire, Range(-INF, INF)], encoded(Annotated[float, wire], NAN))
    assert decoded(Annotated[float, wire, Range(-INF, INF)], encoded(Annotated[float, wire], INF)) == INF


@pytest.mark.parametrize(
    ("annotation", "inside", "outside"),
    [
        (Annotated[int, U8, Range(3, 9)], (3, 9), (2, 10, 0, 255)),
        (Annotated[int, I8, Range(-3, -1)], (-3, -1), (-4, 0)),
        (Annotated[int, U8, Range(3, INF)], (3, 255), (2,)),
        (Annotated[int, U8, Range(-INF, 3)], (0, 3), (4,)),
        (Annotated[int, Bits(5), Range(3, 9)], (3, 9), (2, 10, 31)),
        (Annotated[float, F64, Range(0.1, 0.3)], (0.1, 0.3), (0.09999999999999999, 0.30000000000000004, NAN)),
        (Annotated[float, F64, Range(0, INF)], (0.0, INF), (-5e-324, -INF, NAN)),
        (Annotated[float, F32, Range(0.1, 0.3)], (0.1, 0.3), (0.09999, 0.30001, NAN)),
        (Annotated[float, I16, Linear(0.1), Range(-0.3, 0.3)], (-0.3, 0.3), (-0.31, 0.31, NAN)),
        (Annotated[float, I16, Linear(-0.1, 0.7), Range(0.1, 0.3)], (0.1, 0.3), (0.09, 0.31)),
        (Annotated[float, U8, Polynomial.of(0, 0.1), Range(0.3, 0.6)], (0.3, 0.6), (0.29, 0.61, NAN)),
    ],
)
def test_ranges_hold_both_ways(annotation: Any, inside: tuple[float, ...], outside: tuple[float, ...]) -> None:  # noqa: ANN401 - any annotation
    """Both ends of a range travel there and back although they are rounded; what is outside is refused by both ways."""
    for value in inside:
        back = decoded(annotation, encoded(annotation, value))
        assert back == pytest.approx(value, rel=1e-6)
    unchecked = Annotated[annotation.__origin__, *(note for note in annotation.__metadata__ if type(note) is not Range)]
    for value in outside:
        with pytest.raises(FieldRangeError, match=r"Tested\.tested"):
            encoded(annotation, value)
        if not math.isnan(value) and type(annotation.__metadata__[1]) is not Linear:
            sent = encoded(unchecked, value)
            if decoded(unchecked, sent) == value:
                with pytest.raises(FieldRangeError, match=r"Tested\.tested"):
                    decoded(annotation, sent)


@pytest.mark.parametrize(
    ("annotation", "data"),
    [
        (Annotated[float, I16, Linear(0.1), Range(-0.3, 0.3)], b"\x00\x04"),
        (Annotated[float, I16, Linear(0.1), Range(-0.3, 0.3)], b"\xff\xfc"),
        (Annotated[float, I16, Linear(-0.1, 0.7), Range(0.1, 0.3)], b"\x00\x03"),
        (Annotated[float, I16, Linear(-0.1, 0.7), Range(0.1, 0.3)], b"\x00\x07"),
        (Annotated[float, U8, Polynomial.of(0, 0.1), Range(0.3, 0.6)], b"\x07"),
        (Annotated[tuple[int, ...], U8, Range(0, 4), UpTo(3)], b"\x02\x04\x05"),
        (Annotated[tuple[int, ...], U8, Range(0, 4), Length(2)], b"\x04\x05"),
        (Annotated[tuple[int, ...], U8, Range(0, 4), Tail(2)], b"\x04\x05"),
        (Annotated[tuple[int, ...], U8, Range(0, 4), Length(100)], bytes(99) + b"\x05"),
    ],
)
def test_values_outside_their_range_are_not_decoded(annotation: Any, data: bytes) -> None:  # noqa: ANN401 - any annotation
    """One raw step beyond the range is refused with the value and the range in engineering units."""
    with pytest.raises(FieldRangeError, match=r"Tested\.tested.* is .*, allowed are "):
        decoded(annotation, data)


def test_calibrated_values_saturate() -> None:
    """A measured value beyond the wire type travels as its end; not a number is refused with the field's range."""
    annotation = Annotated[float, I8, Linear(0.5)]
    for value in (1e9, INF):
        assert decoded(annotation, encoded(annotation, value)) == 63.5
    for value in (-1e9, -INF):
        assert decoded(annotation, encoded(annotation, value)) == -64.0
    with pytest.raises(FieldRangeError, match=r"Tested\.tested is nan, allowed are -64\.0 to 63\.5"):
        encoded(annotation, NAN)
    with pytest.raises(FieldRangeError, match=r"Tested\.tested is nan, allowed are 0\.0 to 65025\.0"):
        encoded(Annotated[float, U8, Polynomial.of(0, 0, 1)], NAN)


# ------------------------------------------------------------------ texts, octets and arrays at their bounds


@pytest.mark.parametrize(
    ("annotation", "longest", "too_long", "most"),
    [
        (Annotated[str, Length(4)], "abcd", "abcde", 4),
        (Annotated[str, Length(4)], "éé", "ééa", 4),
        (Annotated[str, UpTo(4)], "abcd", "ééa", 4),
        (Annotated[str, UpTo(300)], "x" * 300, "x" * 301, 300),
        (Annotated[str, Tail(4)], "abcd", "abcde", 4),
        (Annotated[bytes, UpTo(255)], bytes(255), bytes(256), 255),
        (Annotated[bytes, UpTo(256)], bytes(256), bytes(257), 256),
        (Annotated[bytes, UpTo(65_535)], bytes(65_535), bytes(65_536), 65_535),
        (Annotated[bytes, Tail(4)], b"abcd", b"abcde", 4),
        (Annotated[tuple[int, ...], U16, UpTo(2)], (1, 2), (1, 2, 3), 2),
        (Annotated[tuple[int, ...], U16, Tail(2)], (1, 2), (1, 2, 3), 2),
        (Annotated[tuple[Point, ...], UpTo(2)], (Point(1, 2),) * 2, (Point(1, 2),) * 3, 2),
        (Annotated[tuple[Named, ...], Tail(2)], (Named(1, "a"),) * 2, (Named(1, "a"),) * 3, 2),
    ],
)
def test_variable_parts_are_bounded(annotation: Any, longest: Any, too_long: Any, most: int) -> None:  # noqa: ANN401 - any
    """The longest value travels, so does the empty one where it may; a longer one is refused with length and bound."""
    assert decoded(annotation, encoded(annotation, longest)) == longest
    assert decoded(annotation, encoded(annotation, longest[:0])) == longest[:0]
    with pytest.raises(LengthError, match=rf"Tested\.tested has length \d+, allowed is 0 to {most}") as caught:
        encoded(annotation, too_long)
    assert caught.value.most == most
    assert caught.value.found > most


@pytest.mark.parametrize(
    ("annotation", "wrong"),
    [
        (Annotated[bytes, Length(3)], [b"ab", b"abcd", b""]),
        (Annotated[tuple[int, ...], U16, Length(3)], [(1, 2), (1, 2, 3, 4), ()]),
        (Annotated[tuple[Point, ...], Length(3)], [(Point(1, 2),) * 2, (Point(1, 2),) * 4]),
        (Annotated[tuple[Named, ...], Length(3)], [(Named(1, ""),) * 2, (Named(1, ""),) * 4]),
    ],
)
def test_fixed_parts_have_their_length(annotation: Any, wrong: list[Any]) -> None:  # noqa: ANN401 - any annotation
    """A part of fixed length is refused when it is shorter or longer."""
    for value in wrong:
        with pytest.raises(LengthError, match=r"Tested\.tested has length \d, allowed is exactly 3"):
            encoded(annotation, value)


@pytest.mark.parametrize(
    ("annotation", "data"),
    [
        (Annotated[str, UpTo(4)], b"\x05abcde"),
        (Annotated[str, Tail(4)], b"abcde"),
        (Annotated[bytes, UpTo(300)], b"\x01\x2d" + bytes(301)),
        (Annotated[tuple[int, ...], U16, UpTo(1)], b"\x02" + bytes(4)),
        (Annotated[tuple[int, ...], U16, Tail(1)], bytes(4)),
        (Annotated[tuple[Named, ...], UpTo(1)], b"\x02" + bytes(4)),
        (Annotated[tuple[Named, ...], Tail(1)], bytes(4)),
    ],
)
def test_counts_beyond_their_bound_are_not_decoded(annotation: Any, data: bytes) -> None:  # noqa: ANN401 - any annotation
    """The bound of a variable part holds for what comes in as well."""
    with pytest.raises(LengthError, match=r"Tested(\.tested)? has length \d+, allowed is"):
        decoded(annotation, data)


def test_texts_of_fixed_length_cannot_end_with_nul() -> None:
    """A text that would come back shorter is refused; NUL inside of it is no problem."""
    assert decoded(Annotated[str, Length(4)], encoded(Annotated[str, Length(4)], "a\0b")) == "a\0b"
    with pytest.raises(TextError, match=r"Tested\.tested: a text of fixed length cannot end with NUL"):
        encoded(Annotated[str, Length(4)], "a\0")
    assert decoded(Annotated[str, UpTo(4)], encoded(Annotated[str, UpTo(4)], "a\0")) == "a\0"


@pytest.mark.parametrize("extent", [Length(8), UpTo(8), Tail(8)])
def test_texts_are_utf8(extent: Any) -> None:  # noqa: ANN401 - any extent
    """A lone surrogate cannot be sent; octets that are no UTF-8 are refused with the place."""
    with pytest.raises(TextError, match=r"Tested\.tested: character 1 has no UTF-8 form"):
        encoded(Annotated[str, extent], "a\ud800")
    prefix = b"\x02" if isinstance(extent, UpTo) else b""
    filling = bytes(6) if isinstance(extent, Length) else b""
    with pytest.raises(TextError, match=r"Tested\.tested: octet 1 is no UTF-8"):
        decoded(Annotated[str, extent], prefix + b"a\xff" + filling)


@pytest.mark.parametrize("extent", [Length(3), UpTo(3), Tail(3)])
def test_arrays_may_be_lists(extent: Any) -> None:  # noqa: ANN401 - any extent
    """A list is as good as a tuple; what comes back is a tuple."""
    annotation = Annotated[tuple[int, ...], U16, extent]
    assert decoded(annotation, encoded(annotation, [1, 2, 3])) == (1, 2, 3)


@pytest.mark.parametrize("extent", [Length(3), UpTo(3), Tail(3)])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_octets_of_any_kind_become_bytes(extent: Any, kind: type[Any]) -> None:  # noqa: ANN401 - any extent
    """Whatever holds octets can be sent, what is sent is always bytes of its own."""
    data = encoded(Annotated[bytes, extent], kind(b"abc"))
    assert type(data) is bytes
    assert data.endswith(b"abc")


# ------------------------------------------------------------------ wrong types


@pytest.mark.parametrize(
    ("annotation", "values", "expected"),
    [
        (Annotated[int, U8], [1.0, "1", None, b"1", [1]], "integer"),
        (Annotated[int, Bits(3)], [1.0, "1", None], "integer"),
        (Annotated[int, U8, Range(0, 3)], ["1", None, 1.5], "integer"),
        (Annotated[float, F32], ["1", None, b"", 1j], "float"),
        (Annotated[float, F64], ["1", None, 10**400], "float"),
        (Annotated[float, F64, Range(0, 1)], ["1", None], "float"),
        (Annotated[float, U8, Linear(2)], ["1", None], "float"),
        (Annotated[float, U8, Polynomial.of(0, 2)], ["1", None], "float"),
        (Annotated[str, Length(3)], [b"a", 1, None], "text"),
        (Annotated[str, UpTo(3)], [b"a", 1, None], "text"),
        (Annotated[str, Tail(3)], [b"a", 1, None], "text"),
        (Annotated[bytes, Length(3)], ["abc", 3, None, [1, 2, 3]], "octets"),
        (Annotated[bytes, UpTo(3)], ["abc", 3, None, [1, 2, 3]], "octets"),
        (Annotated[bytes, Tail(3)], ["abc", 3, None, [1, 2, 3]], "octets"),
        (Annotated[tuple[int, ...], U8, Length(3)], [3, None, "abc", {1, 2, 3}, {1: 1, 2: 2, 3: 3}], "tuple"),
        (Annotated[tuple[int, ...], U8, UpTo(3)], [3, None, "abc"], "tuple"),
        (Annotated[tuple[int, ...], U8, UpTo(3)], [(1, "2")], "integer"),
        (Annotated[tuple[Mode, ...], UpTo(3)], [3, None], "tuple"),
        (Annotated[tuple[Named, ...], UpTo(3)], [(1, 2), (None,)], "Named"),
        (Point, [None, 3, Named(1, "a"), (1, 2)], "Point"),
    ],
)
def test_wrong_types_are_refused_by_name(annotation: Any, values: list[Any], expected: str) -> None:  # noqa: ANN401 - any
    """A value of another type than the field's is refused with field, value, its type and the type expected."""
    for value in values:
        with pytest.raises(FieldTypeError, match=rf"Tested\.tested.* of type \w+, expected {expected}") as caught:
            encoded(annotation, value)
        assert caught.value.expected == expected


@pytest.mark.parametrize("annotation", [bool, Annotated[bool, Bits(1)], Annotated[bool, U16]])
def test_booleans_are_true_or_false(annotation: Any) -> None:  # noqa: ANN401 - any annotation
    """Any other value is refused, when sent and when received."""
    for value in (2, "on", None, -1):
        with pytest.raises(UnknownValueError, match=r"Tested\.tested is .*, allowed are False, True"):
            encoded(annotation, value)
    with pytest.raises(FieldTypeError, match="expected boolean"):
        encoded(annotation, [])
    octets = len(encoded(annotation, True))
    if annotation != Annotated[bool, Bits(1)]:
        with pytest.raises(UnknownValueError, match=r"Tested\.tested is 2, allowed are 0 \(False\), 1 \(True\)"):
            decoded(annotation, (2).to_bytes(octets, "big"))


@pytest.mark.parametrize("annotation", [Mode, Annotated[Mode, Bits(4)], Annotated[Mode, U32]])
def test_enumerations_have_their_members_only(annotation: Any) -> None:  # noqa: ANN401 - any annotation
    """A number without a name is refused, when sent and when received, with the names that there are."""
    for member in Mode:
        back = decoded(annotation, encoded(annotation, member))
        assert back is member
        assert decoded(annotation, encoded(annotation, int(member))) is member
    for value in (1, "ON", None, Other.FIRST):
        with pytest.raises(UnknownValueError, match=r"Tested\.tested is .*, allowed are OFF, ON, FAULT"):
            encoded(annotation, value)
    with pytest.raises(FieldTypeError, match="expected Mode"):
        encoded(annotation, [])
    data = b"\x10" if annotation == Annotated[Mode, Bits(4)] else (1).to_bytes(len(encoded(annotation, Mode.ON)), "big")
    with pytest.raises(UnknownValueError, match=r"is 1, allowed are 0 \(OFF\), 7 \(ON\), 9 \(FAULT\)"):
        decoded(annotation, data)


def test_the_wrong_field_is_blamed() -> None:
    """Of several fields the error names the one that is wrong, inside arrays and records as well."""

    class Inner(Record):
        """Inside."""

        scaled: Annotated[float, U8, Linear(1000)]
        numbers: Annotated[tuple[int, ...], U8, UpTo(3)]

    codec = codec_for(big=Annotated[int, U64], inner=Annotated[tuple[Inner, ...], UpTo(3)])
    message = codec.layout.python_class(2**64 - 1, (Inner(9e4, (1,)), Inner(9e4, (1, 256))))  # type: ignore[call-arg]
    with pytest.raises(FieldRangeError, match=r"Tested\.inner\[1\]\.numbers\[1\] is 256, allowed are 0 to 255"):
        codec.encode(message)


def test_what_cannot_be_explained_is_still_a_protocol_error() -> None:
    """A value that looks right to every check, or too long to be shown, gives the base error with the reason."""

    class Odd:
        """An integer that changes its mind."""

        asked = 0

        def __index__(self) -> int:
            self.asked += 1
            return 1000 if self.asked == 1 else 1

    with pytest.raises(ProtocolError, match=r"^Tested: "):
        encoded(Annotated[int, U8], Odd())
    with pytest.raises(ProtocolError, match=r"^Tested: "):
        encoded(Annotated[int, U8], 10**5000)
    with pytest.raises(ProtocolError, match=r"^Tested: "):
        encoded(Annotated[int, U8, Range(0, 3)], 10**5000)


def test_a_message_of_another_class_is_refused() -> None:
    """Encoding with the wrong codec names both classes."""
    with pytest.raises(FieldTypeError, match=r"Named is .* of type Point, expected Named"):
        codec_of(Named).encode(Point(1.0, 2))  # type: ignore[arg-type]
    with pytest.raises(FieldTypeError, match="Point is 5 of type int, expected Point"):
        codec_of(Point).encode(5)  # type: ignore[arg-type]


# ------------------------------------------------------------------ payloads


class Fixed(Command, code=1):
    """A payload of fixed size."""

    number: Annotated[int, U16]
    on: bool
    point: Point


class Variable(Telemetry):
    """Fixed fields before, between and behind variable ones."""

    first: Annotated[int, U16]
    name: Annotated[str, UpTo(10)]
    second: Annotated[int, U32]
    path: Annotated[tuple[Point, ...], UpTo(3)]
    words: Annotated[tuple[Annotated[str, UpTo(4)], ...], UpTo(3)]
    flag: Annotated[bool, Bits(1)]


class Tailed(Telemetry):
    """Ends with whatever is left."""

    first: Annotated[int, U16]
    numbers: Annotated[tuple[int, ...], U16, Tail(4)]


@pytest.mark.parametrize(
    "message",
    [
        Fixed(5, True, Point(1.0, -1)),
        Variable(1, "name", 2, (Point(1.0, 2), Point(3.0, 4)), ("ab", "", "abcd"), True),
        Variable(1, "", 2, (), (), False),
        Empty(),
    ],
)
def test_every_shorter_or_longer_payload_is_refused(message: Record) -> None:
    """Truncated at any octet, or with any octets behind it, a payload without tail is refused with numbers."""
    codec = codec_of(type(message))
    data = codec.encode(message)
    for length in range(len(data)):
        with pytest.raises(TooShortError) as caught:
            codec.decode(data[:length])
        assert caught.value.found < caught.value.needed
    for extra in (1, 2, 100):
        with pytest.raises(LengthError) as longer:
            codec.decode(data + bytes(extra))
        assert longer.value.found == len(data) + extra
        assert longer.value.most == codec.layout.octet_bounds[1]


def test_a_tail_takes_whole_items_only() -> None:
    """A payload with a tail may end between items, not inside of one, and not before the tail."""
    codec = codec_of(Tailed)
    data = codec.encode(Tailed(1, (2, 3)))
    assert [codec.decode(data[:length]).numbers for length in (2, 4, 6)] == [(), (2,), (2, 3)]
    for length in (0, 1, 3, 5):
        with pytest.raises(TooShortError):
            codec.decode(data[:length])
    with pytest.raises(LengthError, match=r"Tailed\.numbers has length 5, allowed is 0 to 4"):
        codec.decode(bytes(12))


@pytest.mark.parametrize(
    "message",
    [
        Fixed(5, True, Point(1.0, -1)),
        Variable(1, "name", 2, (Point(1.0, 2),), ("ab",), True),
        Tailed(1, (2, 3)),
        Point(1.0, 2),
        Empty(),
    ],
)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_payload_can_stand_in_a_longer_buffer(message: Record, kind: type[Any]) -> None:
    """Any buffer, from any start to any end, with the default end and one beyond the buffer as well."""
    codec = codec_of(type(message))
    data = codec.encode(message)
    assert codec.decode(kind(data)) == message
    assert codec.decode(kind(b"xyz" + data), 3) == message
    assert codec.decode(kind(b"xyz" + data + b"z"), 3, 3 + len(data)) == message
    assert codec.decode(kind(b"xyz" + data), 3, 1000) == message
    with pytest.raises(ProtocolError):
        codec.decode(kind(b"xyz" + data), 3 + len(data) + 1)


def test_decoded_octets_are_a_copy() -> None:
    """What was decoded does not change with the buffer that it came from."""
    codec = codec_for(data=Annotated[bytes, UpTo(4)], fixed=Annotated[bytes, Length(1)])
    buffer = bytearray(b"\x02abc")
    message = codec.decode(memoryview(buffer))
    buffer[:] = bytes(4)
    assert (message.data, message.fixed) == (b"ab", b"c")


def test_a_check_of_the_class_itself_is_a_protocol_error() -> None:
    """What the class refuses when it is made is refused by the decoder, as an error of the protocol."""
    assert codec_of(Checked).decode(b"\x01\x02") == Checked(1, 2)
    with pytest.raises(ProtocolError, match="Checked: low must be at most high"):
        codec_of(Checked).decode(b"\x02\x01")


def test_long_fixed_arrays() -> None:
    """Arrays too long to be flattened travel as the short ones do, alone and among other fields."""
    codec = codec_for(
        before=Annotated[int, U8],
        numbers=Annotated[tuple[int, ...], U16, Length(200)],
        modes=Annotated[tuple[Mode, ...], Length(100)],
        points=Annotated[tuple[Point, ...], Length(50)],
        name=Annotated[str, UpTo(5)],
        late=Annotated[tuple[int, ...], I16, Length(20)],
        later=Annotated[tuple[Point, ...], Length(40)],
        behind=Annotated[int, U8],
    )
    values = (
        1,
        tuple(range(200)),
        (Mode.ON, Mode.OFF) * 50,
        tuple(Point(float(index), index) for index in range(50)),
        "name",
        tuple(range(-10, 10)),
        tuple(Point(float(index), -index) for index in range(40)),
        2,
    )
    message = codec.layout.python_class(*values)
    data = codec.encode(message)
    assert data[1:401] == struct.pack(">200H", *range(200))
    assert codec.decode(data) == message
    for length in range(0, len(data), 7):
        with pytest.raises(TooShortError):
            codec.decode(data[:length])


def test_codecs_are_compiled_once() -> None:
    """The codec of a class is the same object each time."""
    assert codec_of(Fixed) is codec_of(Fixed)
    assert codec_of(Fixed).layout.python_class is Fixed
