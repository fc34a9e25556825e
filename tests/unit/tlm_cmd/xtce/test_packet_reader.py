# ruff: noqa: E501 - documents
from __future__ import annotations

import struct
from collections.abc import Callable
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.definition.wire_values import LengthError, TextError, UnknownValueError
from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.packet_decoder import Rest

Document = Callable[..., bytes]
Loaded = Callable[..., XtceDatabase]

FORMS = ("unsigned", "twosComplement", "onesComplement", "signMagnitude")


def integer_type(name: str, bits: int, form: str = "unsigned", order: str = "mostSignificantByteFirst") -> str:
    """A type of whole numbers."""
    encoding = f'<IntegerDataEncoding sizeInBits="{bits}" encoding="{form}" byteOrder="{order}"/>'
    return f'<IntegerParameterType name="{name}">{encoding}</IntegerParameterType>'


def encoded(value: int, bits: int, form: str) -> int:
    """The bits of a whole number, worked out by the definition of each form."""
    if form == "signMagnitude" and value < 0:
        return 1 << bits - 1 | -value
    if form == "onesComplement" and value < 0:
        return ~-value & (1 << bits) - 1
    return value & (1 << bits) - 1


@st.composite
def integers(draw: st.DrawFn) -> tuple[int, str, str, int]:
    """Width, form, order and value of a number."""
    bits, form = draw(st.integers(1, 64)), draw(st.sampled_from(FORMS))
    order = draw(st.sampled_from(["mostSignificantByteFirst", "leastSignificantByteFirst"])) if bits % 8 == 0 else ""
    half = 1 << bits - 1
    low = {"unsigned": 0, "twosComplement": -half}.get(form, 1 - half)
    return (
        bits,
        form,
        order or "mostSignificantByteFirst",
        draw(st.integers(low, 2 * half - 1 if form == "unsigned" else half - 1)),
    )


@settings(max_examples=60, deadline=None)
@given(numbers=st.lists(integers(), min_size=1, max_size=8))
def test_whole_numbers_of_any_width_are_read_at_any_bit(
    numbers: list[tuple[int, str, str, int]], loaded: Loaded
) -> None:
    """All forms, both orders, one behind the other, wherever they begin; the last octet may be filled."""
    word = width = 0
    for bits, form, order, value in numbers:
        raw = encoded(value, bits, form)
        if order == "leastSignificantByteFirst":
            raw = int.from_bytes(raw.to_bytes(bits // 8, "little"), "big")
        word, width = word << bits | raw, width + bits
    fill = -width % 8
    octets = (word << fill).to_bytes((width + fill) // 8, "big")
    types = "".join(integer_type(f"t{at}", bits, form, order) for at, (bits, form, order, _) in enumerate(numbers))
    database = loaded(
        types, " ".join(f"v{at}:t{at}" for at in range(len(numbers))), " ".join(f"v{at}" for at in range(len(numbers)))
    )
    _, found = database.decode(octets)
    assert [getattr(found, f"v{at}") for at in range(len(numbers))] == [value for *_, value in numbers]
    for length in range(len(octets)):
        with pytest.raises(TooShortError):
            database.decode(octets[:length])


FLOATS = """
<FloatParameterType name="half"><FloatDataEncoding sizeInBits="16" encoding="IEEE754"/></FloatParameterType>
<FloatParameterType name="single"><FloatDataEncoding/></FloatParameterType>
<FloatParameterType name="double"><FloatDataEncoding sizeInBits="64" byteOrder="leastSignificantByteFirst"/></FloatParameterType>
<FloatParameterType name="mil"><FloatDataEncoding sizeInBits="32" encoding="MILSTD_1750A"/></FloatParameterType>
<FloatParameterType name="long"><FloatDataEncoding sizeInBits="48" encoding="MILSTD_1750A"/></FloatParameterType>
"""


@given(values=st.tuples(st.floats(width=16), st.floats(width=32), st.floats()))
@settings(max_examples=30, deadline=None)
def test_floats_of_all_widths_are_read(values: tuple[float, float, float], loaded: Loaded) -> None:
    """Also behind a single octet, where nothing is aligned, and with the least significant octet first."""
    database = loaded(FLOATS, "n:u8 a:half b:single c:double", "n a b c")
    _, found = database.decode(b"\1" + struct.pack(">ef", *values[:2]) + struct.pack("<d", values[2]))
    for name, value in zip("abc", values, strict=True):
        assert getattr(found, name) == value or (isnan(value) and isnan(getattr(found, name)))


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("7FFFFF7F", 0.9999998807907104 * 2.0**127),
        ("4000007F", 0.5 * 2.0**127),
        ("50000004", 0.625 * 2.0**4),
        ("40000000", 0.5),
        ("400000FF", 0.25),
        ("40000080", 0.5 * 2.0**-128),
        ("00000000", 0.0),
        ("80000000", -1.0),
        ("BFFFFF80", -0.5000001192092896 * 2.0**-128),
        ("9FFFFF04", -0.7500001192092896 * 2.0**4),
    ],
)
def test_floats_of_mil_std_1750a_are_read(octets: str, value: float, loaded: Loaded) -> None:
    """The examples of MIL-STD-1750A, table of 32-bit floating point numbers; the long form extends the mantissa."""
    database = loaded(FLOATS, "a:mil b:long", "a b")
    data = bytes.fromhex(octets)
    _, found = database.decode(data + data + b"\0\0")
    assert (found.a, found.b) == (value, value)


STRINGS = """
<StringParameterType name="whole"><StringDataEncoding><SizeInBits><Fixed><FixedValue>32</FixedValue></Fixed></SizeInBits></StringDataEncoding></StringParameterType>
<StringParameterType name="ended"><StringDataEncoding><SizeInBits><Fixed><FixedValue>32</FixedValue></Fixed><TerminationChar>00</TerminationChar></SizeInBits></StringDataEncoding></StringParameterType>
<StringParameterType name="led"><StringDataEncoding><SizeInBits><Fixed><FixedValue>32</FixedValue></Fixed><LeadingSize sizeInBitsOfSizeTag="8"/></SizeInBits></StringDataEncoding></StringParameterType>
<StringParameterType name="free"><StringDataEncoding><Variable maxSizeInBits="64"><DynamicValue><ParameterInstanceRef parameterRef="_yamcs_ignore"/></DynamicValue><TerminationChar>3B</TerminationChar></Variable></StringDataEncoding></StringParameterType>
<StringParameterType name="wide"><StringDataEncoding encoding="UTF-16BE"><Variable maxSizeInBits="64"><DynamicValue><ParameterInstanceRef parameterRef="_yamcs_ignore"/></DynamicValue><TerminationChar>0000</TerminationChar></Variable></StringDataEncoding></StringParameterType>
<StringParameterType name="sized"><StringDataEncoding encoding="US-ASCII"><Variable maxSizeInBits="64"><DynamicValue><ParameterInstanceRef parameterRef="n"/><LinearAdjustment slope="8" intercept="-8"/></DynamicValue></Variable></StringDataEncoding></StringParameterType>
<BinaryParameterType name="fixed"><BinaryDataEncoding><SizeInBits><FixedValue>16</FixedValue></SizeInBits></BinaryDataEncoding></BinaryParameterType>
<BinaryParameterType name="octets"><BinaryDataEncoding><SizeInBits><DynamicValue><ParameterInstanceRef parameterRef="n"/></DynamicValue></SizeInBits></BinaryDataEncoding></BinaryParameterType>
<BinaryParameterType name="looked"><BinaryDataEncoding><SizeInBits><DiscreteLookupList>
<DiscreteLookup value="8"><Comparison parameterRef="n" value="1"/></DiscreteLookup>
<DiscreteLookup value="24"><ComparisonList><Comparison parameterRef="n" comparisonOperator="&gt;" value="1"/><Comparison parameterRef="n" comparisonOperator="&lt;=" value="5"/></ComparisonList></DiscreteLookup>
</DiscreteLookupList></SizeInBits></BinaryDataEncoding></BinaryParameterType>
"""


@pytest.mark.parametrize(
    ("kind", "octets", "value"),
    [
        ("whole", b"ab\0\0", "ab\0\0"),
        ("ended", b"ab\0x", "ab"),
        ("ended", b"abcd", "abcd"),
        ("led", b"\2abx", "ab"),
        ("free", b"abc;", "abc"),
        ("free", b";", ""),
        ("wide", b"\0a\1\0\0\0", "aĀ"),
        ("sized", b"xyz", "xyz"),
        ("fixed", b"\1\2", b"\1\2"),
        ("looked", b"\1\2\3", b"\1\2\3"),
    ],
)
def test_texts_and_octets_are_read(kind: str, octets: bytes, value: object, loaded: Loaded) -> None:
    """Fixed, ended, led by their length, sized by a parameter or by cases; what follows is found."""
    database = loaded(STRINGS, f"n:u8 v:{kind} after:u8", "n v after")
    packet, found = database.decode(b"\4" + octets + b"\7")
    assert (found.n, found.v, found.after) == (4, value, 7)
    assert packet.decode_raw(b"\4" + octets + b"\7").v == value
    for length in range(len(octets) + 2):
        with pytest.raises(ProtocolError):
            database.decode((b"\4" + octets + b"\7")[:length])


@pytest.mark.parametrize(
    ("kind", "octets", "error"),
    [
        ("led", b"\4\4abx\7", LengthError),
        ("free", b"\4abcdefghi;", TooShortError),
        ("whole", b"\4\xff\xff\xff\xff\7", TextError),
        ("octets", b"\4\7", LengthError),
        ("sized", b"\0\7", LengthError),
        ("sized", b"\x0aabcdefghi\7", LengthError),
        ("looked", b"\6abc\7", ProtocolError),
    ],
)
def test_sizes_that_cannot_be_are_refused(kind: str, octets: bytes, error: type[Exception], loaded: Loaded) -> None:
    """Negative, more than declared, no whole octets, no case; and texts that are none."""
    with pytest.raises(error):
        loaded(STRINGS, f"n:u8 v:{kind} after:u8", "n v after").decode(octets)


LED = STRINGS.replace('name="free"', 'name="other"').replace(
    '<StringParameterType name="wide">',
    '<StringParameterType name="free"><StringDataEncoding><Variable maxSizeInBits="64"><DynamicValue><ParameterInstanceRef parameterRef="_yamcs_ignore"/></DynamicValue><LeadingSize sizeInBitsOfSizeTag="16"/></Variable></StringDataEncoding></StringParameterType><StringParameterType name="wide">',
)


def test_a_text_behind_its_length_ends_within_the_packet(document: Document) -> None:
    """And is no longer than it may be, whatever follows."""
    database = XtceDatabase(document(LED, "v:free", "v"), rest=Rest.ALLOW)
    assert database.decode(b"\0\3abcd")[1].v == "abc"
    for octets, error in ((b"\0\3ab", TooShortError), (b"\0", TooShortError), (b"\0\7abcdefg", LengthError)):
        with pytest.raises(error):
            database.decode(octets)


CALIBRATED = """
<FloatParameterType name="square"><IntegerDataEncoding sizeInBits="8"><DefaultCalibrator><PolynomialCalibrator>
<Term exponent="2" coefficient="0.5"/><Term exponent="0" coefficient="1"/></PolynomialCalibrator></DefaultCalibrator></IntegerDataEncoding></FloatParameterType>
<FloatParameterType name="lines"><IntegerDataEncoding sizeInBits="8"><DefaultCalibrator><SplineCalibrator extrapolate="true">
<SplinePoint raw="20" calibrated="30"/><SplinePoint raw="0" calibrated="10"/><SplinePoint raw="10" calibrated="0"/></SplineCalibrator></DefaultCalibrator></IntegerDataEncoding></FloatParameterType>
<FloatParameterType name="steps"><IntegerDataEncoding sizeInBits="8"><DefaultCalibrator><SplineCalibrator order="0">
<SplinePoint raw="1" calibrated="5"/><SplinePoint raw="3" calibrated="7"/></SplineCalibrator></DefaultCalibrator></IntegerDataEncoding></FloatParameterType>
<FloatParameterType name="context"><IntegerDataEncoding sizeInBits="8"><DefaultCalibrator><PolynomialCalibrator><Term exponent="1" coefficient="2"/></PolynomialCalibrator></DefaultCalibrator>
<ContextCalibratorList>
<ContextCalibrator><ContextMatch><Comparison parameterRef="n" value="1"/></ContextMatch><Calibrator><PolynomialCalibrator><Term exponent="1" coefficient="10"/></PolynomialCalibrator></Calibrator></ContextCalibrator>
<ContextCalibrator><ContextMatch><BooleanExpression><ANDedConditions><Condition><ParameterInstanceRef parameterRef="n"/><ComparisonOperator>==</ComparisonOperator><Value>2</Value></Condition>
<ORedConditions><Condition><ParameterInstanceRef parameterRef="v" useCalibratedValue="false"/><ComparisonOperator>&gt;</ComparisonOperator><Value>7</Value></Condition><Condition><ParameterInstanceRef parameterRef="v" useCalibratedValue="false"/><ComparisonOperator>==</ComparisonOperator><ParameterInstanceRef parameterRef="n"/></Condition></ORedConditions></ANDedConditions></BooleanExpression></ContextMatch>
<Calibrator><PolynomialCalibrator><Term exponent="0" coefficient="-1"/></PolynomialCalibrator></Calibrator></ContextCalibrator>
</ContextCalibratorList></IntegerDataEncoding></FloatParameterType>
<EnumeratedParameterType name="mode"><IntegerDataEncoding sizeInBits="8"/><EnumerationList><Enumeration value="0" label="OFF"/><Enumeration value="5" maxValue="9" label="ON"/></EnumerationList></EnumeratedParameterType>
<BooleanParameterType name="flag"><IntegerDataEncoding sizeInBits="8"/></BooleanParameterType>
<AbsoluteTimeParameterType name="time"><Encoding scale="0.5" offset="100"><IntegerDataEncoding sizeInBits="8"/></Encoding><ReferenceTime><Epoch>2000-01-01T12:00:00</Epoch></ReferenceTime></AbsoluteTimeParameterType>
<RelativeTimeParameterType name="span"><Encoding units="seconds"><IntegerDataEncoding sizeInBits="8"/></Encoding></RelativeTimeParameterType>
"""


@pytest.mark.parametrize(
    ("kind", "n", "raw", "value"),
    [
        ("square", 0, 4, 9.0),
        ("lines", 0, 0, 10.0),
        ("lines", 0, 5, 5.0),
        ("lines", 0, 10, 0.0),
        ("lines", 0, 15, 15.0),
        ("lines", 0, 30, 60.0),
        ("steps", 0, 1, 5.0),
        ("steps", 0, 2, 5.0),
        ("steps", 0, 3, 7.0),
        ("context", 0, 3, 6.0),
        ("context", 1, 3, 30.0),
        ("context", 2, 3, 6.0),
        ("context", 2, 8, -1.0),
        ("context", 2, 2, -1.0),
        ("mode", 0, 0, "OFF"),
        ("mode", 0, 7, "ON"),
        ("flag", 0, 3, True),
        ("flag", 0, 0, False),
        ("time", 0, 10, 105.0),
        ("span", 0, 10, 10),
    ],
)
def test_raw_values_become_engineering_values(kind: str, n: int, raw: int, value: object, loaded: Loaded) -> None:
    """By polynomials, splines, calibrators with a context, labels; the raw values are there as well."""
    database = loaded(CALIBRATED, f"n:u8 v:{kind}", "n v")
    assert database.decode(bytes([n, raw]))[1].v == value
    assert database.decode_raw(bytes([n, raw]))[1].v == raw


@pytest.mark.parametrize(
    ("kind", "raw", "error", "message"),
    [
        ("mode", 3, UnknownValueError, r"v is 3, allowed are 0 \(OFF\), 5 \(ON\)"),
        ("steps", 0, FieldRangeError, r"v is 0, allowed are 1.0 to 3.0"),
    ],
)
def test_values_without_meaning_are_refused(
    kind: str, raw: int, error: type[Exception], message: str, loaded: Loaded
) -> None:
    """With the parameter's name and what is allowed."""
    with pytest.raises(error, match=message):
        loaded(CALIBRATED, f"n:u8 v:{kind}", "n v").decode(bytes([0, raw]))


STRUCTURED = """
<ArrayParameterType name="three" arrayTypeRef="u16"><DimensionList><Dimension><StartingIndex><FixedValue>1</FixedValue></StartingIndex><EndingIndex><FixedValue>3</FixedValue></EndingIndex></Dimension></DimensionList></ArrayParameterType>
<ArrayParameterType name="table" arrayTypeRef="u8"><DimensionList><Dimension><StartingIndex><FixedValue>0</FixedValue></StartingIndex><EndingIndex><FixedValue>1</FixedValue></EndingIndex></Dimension><Dimension><StartingIndex><FixedValue>0</FixedValue></StartingIndex><EndingIndex><FixedValue>2</FixedValue></EndingIndex></Dimension></DimensionList></ArrayParameterType>
<ArrayParameterType name="counted" arrayTypeRef="{item}"><DimensionList><Dimension><StartingIndex><FixedValue>0</FixedValue></StartingIndex><EndingIndex><DynamicValue><ParameterInstanceRef parameterRef="n"/><LinearAdjustment intercept="-1"/></DynamicValue></EndingIndex></Dimension></DimensionList></ArrayParameterType>
<EnumeratedParameterType name="mode"><IntegerDataEncoding sizeInBits="8"/><EnumerationList><Enumeration value="0" label="OFF"/><Enumeration value="1" label="ON"/></EnumerationList></EnumeratedParameterType>
<IntegerParameterType name="nibble"><IntegerDataEncoding sizeInBits="4"/></IntegerParameterType>
<ArrayParameterType name="own" arrayTypeRef="u8"><DimensionList><Dimension><StartingIndex><FixedValue>0</FixedValue></StartingIndex><EndingIndex><DynamicValue><ParameterInstanceRef parameterRef="count"/><LinearAdjustment intercept="-1"/></DynamicValue></EndingIndex></Dimension></DimensionList></ArrayParameterType>
<AggregateParameterType name="pair"><MemberList><Member name="high" typeRef="nibble"/><Member name="low" typeRef="nibble"/><Member name="mode" typeRef="mode"/></MemberList></AggregateParameterType>
<AggregateParameterType name="list"><MemberList><Member name="count" typeRef="u8"/><Member name="values" typeRef="own"/></MemberList></AggregateParameterType>
"""


def plain(value: object) -> object:
    """Structures as dictionaries."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    fields = getattr(value, "__struct_fields__", None)
    return value if fields is None else {name: plain(getattr(value, name)) for name in fields}


@pytest.mark.parametrize(
    ("item", "kind", "octets", "value"),
    [
        ("u8", "three", "000100020003", (1, 2, 3)),
        ("u8", "table", "010203040506", ((1, 2, 3), (4, 5, 6))),
        ("u16", "counted", "00010002", (1, 2)),
        ("mode", "counted", "0100", ("ON", "OFF")),
        ("pair", "pair", "1201", {"high": 1, "low": 2, "mode": "ON"}),
        ("pair", "counted", "12013400", ({"high": 1, "low": 2, "mode": "ON"}, {"high": 3, "low": 4, "mode": "OFF"})),
        ("list", "counted", "02070801 09", ({"count": 2, "values": (7, 8)}, {"count": 1, "values": (9,)})),
    ],
)
def test_arrays_and_structures_are_read(item: str, kind: str, octets: str, value: object, loaded: Loaded) -> None:
    """Fixed and counted, of one and of two dimensions, of structures that count items of their own."""
    database = loaded(STRUCTURED.replace("{item}", item), f"n:u8 v:{kind} after:u8", "n v after")
    _, found = database.decode(b"\2" + bytes.fromhex(octets) + b"\x2a")
    assert (plain(found.v), found.after) == (value, 42)


def test_an_empty_array_is_read(loaded: Loaded) -> None:
    """Whatever its items."""
    for item in ("u16", "pair", "list", "mode"):
        database = loaded(STRUCTURED.replace("{item}", item), "n:u8 v:counted after:u8", "n v after")
        assert database.decode(b"\0\7")[1].v == ()


PLACED = """
<SequenceContainer name="inner"><EntryList><ParameterRefEntry parameterRef="b"/></EntryList></SequenceContainer>
<SequenceContainer name="item"><EntryList><ParameterRefEntry parameterRef="c"/><ParameterRefEntry parameterRef="d"/></EntryList></SequenceContainer>
<SequenceContainer name="p"><EntryList>
<ParameterRefEntry parameterRef="n"/>
<ParameterRefEntry parameterRef="a"><LocationInContainerInBits><FixedValue>8</FixedValue></LocationInContainerInBits></ParameterRefEntry>
<ContainerRefEntry containerRef="inner"/>
<ParameterRefEntry parameterRef="e"><IncludeCondition><Comparison parameterRef="n" comparisonOperator="&gt;=" value="2"/></IncludeCondition></ParameterRefEntry>
<ContainerRefEntry containerRef="item"><RepeatEntry><Count><DynamicValue><ParameterInstanceRef parameterRef="n"/></DynamicValue></Count></RepeatEntry></ContainerRefEntry>
<ParameterRefEntry parameterRef="f"><RepeatEntry><Count><FixedValue>2</FixedValue></Count></RepeatEntry></ParameterRefEntry>
<ParameterRefEntry parameterRef="g"><LocationInContainerInBits referenceLocation="containerStart"><FixedValue>8</FixedValue></LocationInContainerInBits></ParameterRefEntry>
</EntryList></SequenceContainer>
"""


def test_entries_stand_where_they_are_placed(document: Document) -> None:
    """Behind gaps, in other containers, under a condition, repeated, and at a place that was read before."""
    data = document("", "n:u8 a:u8 b:u16 c:u8 d:u8 e:u8 f:u8 g:u8", PLACED)
    database = XtceDatabase(data, root="p", rest=Rest.ALLOW)
    _, found = database.decode(bytes.fromhex("02 99 0A 0B0C 0E C1D1 C2D2 F1F2"))
    assert plain(found) == {
        "n": 2,
        "a": 0x0A,
        "b": 0x0B0C,
        "e": 0x0E,
        "item": ({"c": 0xC1, "d": 0xD1}, {"c": 0xC2, "d": 0xD2}),
        "f": (0xF1, 0xF2),
        "g": 0x99,
    }
    _, found = database.decode(bytes.fromhex("01 99 0A 0B0C C1D1 F1F2"))
    assert (found.e, len(found.item), found.f) == (None, 1, (0xF1, 0xF2))


def test_octets_behind_the_last_entry_are_refused_unless_allowed(document: Document) -> None:
    """By default a packet is as long as its entries."""
    data = document("", "a:u8", "a")
    with pytest.raises(LengthError, match="p has length 3, allowed is exactly 1"):
        XtceDatabase(data).decode(b"\1\2\3")
    assert XtceDatabase(data, rest=Rest.ALLOW).decode(b"\1\2\3")[1].a == 1


def test_a_packet_is_read_from_the_middle_of_any_buffer(loaded: Loaded) -> None:
    """Where others stand around it."""
    database = loaded(STRINGS, "n:u8 v:sized after:u16", "n v after")
    for buffer in (b"xx\3ab\1\2yy", bytearray(b"xx\3ab\1\2yy"), memoryview(b"xx\3ab\1\2yy")):
        _, found = database.decode(buffer, 2, 7)
        assert (found.n, found.v, found.after) == (3, "ab", 0x0102)


def test_names_become_identifiers(loaded: Loaded) -> None:
    """The file's own names stand beside them; equal ones are numbered."""
    database = loaded("", "a-b:u8 class:u8 1st:u8 __init__:u8", "a-b class 1st __init__ a-b")
    packet, found = database.decode(b"\1\2\3\4\5")
    assert packet.fields == ("a-b", "class", "1st", "__init__", "a-b_2")
    assert [getattr(found, name) for name in found.__struct_fields__] == [1, 2, 3, 4, 5]


def test_what_varies_in_size_begins_on_an_octet_boundary(loaded: Loaded) -> None:
    """Anything else is refused when the file is loaded."""
    with pytest.raises(XtceError, match="must begin on an octet boundary"):
        loaded(STRINGS + integer_type("nibble", 4), "n:nibble v:sized", "n v")
