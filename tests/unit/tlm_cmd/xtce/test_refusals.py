# ruff: noqa: E501 - documents
"""What is not supported is refused when a file is loaded, by element, name and line; nothing else leaves the loader."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface
from tlm_cmd.errors import ProtocolError
from tlm_cmd.xtce import budget
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.export import export

Document = Callable[..., bytes]
Loaded = Callable[..., XtceDatabase]

INTEGER = '<IntegerParameterType name="t">{}</IntegerParameterType>'
STRING = '<StringParameterType name="t"><StringDataEncoding{}>{}</StringDataEncoding></StringParameterType>'
FIXED = "<SizeInBits><Fixed><FixedValue>{}</FixedValue></Fixed></SizeInBits>"
ARRAY = (
    '<ArrayParameterType name="t" arrayTypeRef="{}"><DimensionList><Dimension><StartingIndex><FixedValue>0</FixedValue>'
    "</StartingIndex><EndingIndex>{}</EndingIndex></Dimension></DimensionList></ArrayParameterType>"
)
TWICE_SCALED = """
<RelativeTimeParameterType name="t"><Encoding scale="2"><IntegerDataEncoding><DefaultCalibrator><PolynomialCalibrator>
<Term exponent="1" coefficient="2"/></PolynomialCalibrator></DefaultCalibrator></IntegerDataEncoding></Encoding></RelativeTimeParameterType>
"""
SCALED = """
<RelativeTimeParameterType name="t"><Encoding scale="{}"><IntegerDataEncoding/></Encoding></RelativeTimeParameterType>
"""
ADJUSTED = (
    "<DynamicValue><ParameterInstanceRef parameterRef='n'/><LinearAdjustment slope='{}' intercept='{}'/></DynamicValue>"
)
CALIBRATED = "<IntegerDataEncoding><DefaultCalibrator>{}</DefaultCalibrator></IntegerDataEncoding>"


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ("<StrangeParameterType name='t'/>", "StrangeParameterType 't': is not supported"),
        (INTEGER.format(""), "'v': its type /s/t has no encoding"),
        ("<IntegerParameterType name='t' baseType='u8'/>", "baseType is not supported"),
        (INTEGER.format("<IntegerDataEncoding sizeInBits='65'/>"), "sizeInBits is 65, allowed are 1 to 64"),
        (INTEGER.format("<IntegerDataEncoding encoding='packedBCD'/>"), "encoding 'packedBCD' is not supported"),
        (INTEGER.format("<IntegerDataEncoding bitOrder='leastSignificantBitFirst'/>"), "bitOrder other than"),
        (INTEGER.format("<IntegerDataEncoding byteOrder='2143'/>"), "byteOrder '2143' is not supported"),
        (
            INTEGER.format("<IntegerDataEncoding sizeInBits='12' byteOrder='leastSignificantByteFirst'/>"),
            "12 bits cannot have the least significant octet first",
        ),
        (INTEGER.format("<FloatDataEncoding sizeInBits='80'/>"), "'IEEE754_1985' of 80 bits is not supported"),
        (INTEGER.format("<FloatDataEncoding encoding='IBM'/>"), "encoding 'IBM' of 32 bits is not supported"),
        (INTEGER.format("<IntegerDataEncoding><ErrorDetectCorrect/></IntegerDataEncoding>"), "ErrorDetectCorrect"),
        (INTEGER.format("<Unheard/>"), r"line 6: Unheard: within IntegerParameterType 't' is not supported"),
        (INTEGER.format(CALIBRATED.format("<MathOperationCalibrator/>")), "MathOperationCalibrator"),
        (INTEGER.format(CALIBRATED.format("<PolynomialCalibrator/>")), "has no Term"),
        (
            INTEGER.format(
                CALIBRATED.format("<PolynomialCalibrator><Term exponent='-1' coefficient='1'/></PolynomialCalibrator>")
            ),
            "exponent -1",
        ),
        (
            INTEGER.format(
                CALIBRATED.format("<SplineCalibrator><SplinePoint raw='1' calibrated='1'/></SplineCalibrator>")
            ),
            "needs at least 2 finite points",
        ),
        (INTEGER.format(CALIBRATED.format("<SplineCalibrator order='2'/>")), "order 2 is not supported"),
        (STRING.format(" encoding='EBCDIC'", FIXED.format(8)), "encoding 'EBCDIC' is not supported"),
        (STRING.format("", FIXED.format(12)), "12 bits are no size of a text"),
        (
            STRING.format("", FIXED.format(8).replace("</SizeIn", "<TerminationChar>C3</TerminationChar></SizeIn")),
            "no character",
        ),
        (STRING.format("", "<Variable maxSizeInBits='8'/>"), "has no FixedValue or DynamicValue"),
        (ARRAY.format("t", "<FixedValue>1</FixedValue>"), "holds itself"),
        (ARRAY.format("none", "<FixedValue>1</FixedValue>"), "no parameter type is called 'none'"),
        (ARRAY.format("u8", "<FixedValue>99999</FixedValue>"), "100000 items are out of range"),
        (
            ARRAY.format("u8", "<DynamicValue><ParameterInstanceRef parameterRef='v'/></DynamicValue>"),
            "nothing before it in the packet is called so",
        ),
        (
            ARRAY.format("u8", "<DynamicValue><ParameterInstanceRef parameterRef='n' instance='1'/></DynamicValue>"),
            "an instance other than 0 is not supported",
        ),
        ("<AggregateParameterType name='t'><MemberList/></AggregateParameterType>", "has no member"),
        (
            "<EnumeratedParameterType name='t'><IntegerDataEncoding/><EnumerationList/></EnumeratedParameterType>",
            "has no Enumeration",
        ),
        ("<IntegerParameterType name='u8'/>", "line 4 defines a parameter type of this name already"),
        ("<IntegerParameterType name='a/b'/>", "is no name in XTCE"),
        (TWICE_SCALED, "has a scale beside a calibrator"),
        (SCALED.format("nan"), "'nan' is no number"),
        (SCALED.format("INF"), "scale inf and offset 0.0 must be finite"),
        (ARRAY.format("u8", ADJUSTED.format("nan", "0")), "'nan' is no number"),
        (ARRAY.format("u8", ADJUSTED.format("1e308", "0")), "1e+308 is out of range"),
        (ARRAY.format("u8", ADJUSTED.format("1", "-1e-300")), "-1e-300 is out of range"),
    ],
)
def test_types_that_are_not_supported_are_refused(types: str, message: str, loaded: Loaded) -> None:
    """Whether a parameter has them or not."""
    with pytest.raises(XtceError, match=re.escape(message) if "line" not in message else message):
        loaded(types, "n:u8 v:t", "n v")


ENTRY = '<SequenceContainer name="p"><EntryList>{}</EntryList></SequenceContainer>'
REF = '<ParameterRefEntry parameterRef="v">{}</ParameterRefEntry>'
BASED = '<SequenceContainer name="q"><EntryList/><BaseContainer containerRef="p">{}</BaseContainer></SequenceContainer>'


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        (ENTRY.format("<StreamSegmentEntry/>"), "StreamSegmentEntry: is not supported"),
        (ENTRY.format('<ParameterRefEntry parameterRef="none"/>'), "no parameter is called 'none'"),
        (ENTRY.format('<ContainerRefEntry containerRef="none"/>'), "no container is called 'none'"),
        (ENTRY.format('<ContainerRefEntry containerRef="p"/>'), "holds itself, or too many others"),
        (
            ENTRY.format(
                '<ContainerRefEntry containerRef="p"><RepeatEntry><Count><FixedValue>1</FixedValue></Count></RepeatEntry></ContainerRefEntry>'
            ),
            "may take no octets at all",
        ),
        (
            ENTRY.format(
                REF.format(
                    '<LocationInContainerInBits referenceLocation="containerEnd"><FixedValue>0</FixedValue></LocationInContainerInBits>'
                )
            ),
            "referenceLocation 'containerEnd' is not supported",
        ),
        (
            ENTRY.format(
                REF.format("<LocationInContainerInBits><FixedValue>-8</FixedValue></LocationInContainerInBits>")
            ),
            "-8 bits are out of range",
        ),
        (ENTRY.format(REF.format("<IncludeCondition><CustomAlgorithm/></IncludeCondition>")), "CustomAlgorithm"),
        (ENTRY.format(REF.format("<IncludeCondition><ComparisonList/></IncludeCondition>")), "has no condition"),
        (
            ENTRY.format(REF.format('<IncludeCondition><Comparison parameterRef="v" value="x"/></IncludeCondition>')),
            "nothing before it in the packet is called so",
        ),
        (
            ENTRY.format(
                REF.format("")
                + REF.format('<IncludeCondition><Comparison parameterRef="v" value="x"/></IncludeCondition>')
            ),
            "'x' is no value of this parameter",
        ),
        (
            ENTRY.format(
                REF.format("")
                + REF.format('<IncludeCondition><Comparison parameterRef="v" value="nan"/></IncludeCondition>')
            ),
            "'nan' is no value of this parameter",
        ),
        (
            ENTRY.format(
                REF.format("")
                + REF.format(
                    '<IncludeCondition><Comparison parameterRef="v" value="1" comparisonOperator="~"/></IncludeCondition>'
                )
            ),
            "'~' is no comparison",
        ),
        (
            ENTRY.format("")
            + BASED.format('<RestrictionCriteria><NextContainer containerRef="p"/></RestrictionCriteria>'),
            "NextContainer",
        ),
        (
            ENTRY.format("")
            + BASED.format('<RestrictionCriteria><Comparison parameterRef="v" value="1"/></RestrictionCriteria>'),
            "nothing before it in the packet is called so",
        ),
        (
            '<SequenceContainer name="p"><EntryList/><BaseContainer containerRef="p"/></SequenceContainer>',
            "0 containers from which others inherit",
        ),
        ('<SequenceContainer name="p"><BinaryEncoding/><EntryList/></SequenceContainer>', "BinaryEncoding"),
    ],
)
def test_containers_that_are_not_supported_are_refused(containers: str, message: str, document: Document) -> None:
    """With the element and its line."""
    with pytest.raises(XtceError, match=re.escape(message)):
        XtceDatabase(document("", "v:u8", containers))


def nested(depth: int) -> str:
    """Types of which each holds the one before it, which is known already: no type is read within another."""
    kinds = [
        f'<AggregateParameterType name="l{level}"><MemberList><Member name="m" typeRef="l{level - 1}"/>'
        "</MemberList></AggregateParameterType>"
        for level in range(1, depth)
    ]
    return '<IntegerParameterType name="l0"><IntegerDataEncoding/></IntegerParameterType>' + "".join(kinds)


@pytest.mark.parametrize("in_an_array", [False, True])
def test_types_within_types_end_at_a_depth(in_an_array: bool, document: Document) -> None:  # noqa: FBT001
    """In whatever order they are defined; the type that is too deep is named."""
    many = ARRAY.format("l{}", "<FixedValue>99</FixedValue>")
    for depth in (15, 16, 17, 600, 5000):
        outermost = "t" if in_an_array else f"l{depth - 1}"
        types = nested(depth - in_an_array) + (many.format(depth - 2) if in_an_array else "")
        inner = range(depth - in_an_array)
        parameters = " ".join(f"p{level}:l{level}" for level in inner)
        data = document(types, f"{parameters} v:{outermost}", " ".join([*(f"p{level}" for level in inner), "v"]))
        if depth <= 16:
            assert XtceDatabase(data).packets
            continue
        too_deep = "l16" if depth > 17 or not in_an_array else "t"
        with pytest.raises(XtceError, match=f"'{too_deep}': holds itself, or is more than 16 types deep"):
            XtceDatabase(data)


def test_few_elements_cannot_stand_for_very_many_values(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """A structure of ten structures of ten structures, and so on, ends at a bound."""
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (10_000,))
    types, inner = "", "u8"
    for level in range(12):
        members = "".join(f'<Member name="m{at}" typeRef="{inner}"/>' for at in range(10))
        types += f'<AggregateParameterType name="l{level}"><MemberList>{members}</MemberList></AggregateParameterType>'
        inner = f"l{level}"
    with pytest.raises(XtceError, match="is one more than the 10000 values that a file may have"):
        XtceDatabase(document(types, f"v:{inner}", "v"))


def damaged(text: str, random: Random) -> bytes:
    """The document with a few elements, attributes or values exchanged, doubled or gone."""
    for _ in range(random.randint(1, 4)):
        pieces = re.findall(r"<[^>]*>|[^<]+", text)
        at, other = random.randrange(len(pieces)), random.randrange(len(pieces))
        match random.randrange(6):
            case 0:
                pieces[at] = pieces[other]
            case 1:
                del pieces[at]
            case 2:
                pieces.insert(at, pieces[other])
            case 3:
                pieces[at] = re.sub(r'"[^"]*"', f'"{random.choice(VALUES)}"', pieces[at], count=1)
            case 4:
                pieces[at] = re.sub(r"\d+", random.choice(VALUES), pieces[at], count=1)
            case 5:
                attributes = re.findall(r' \w+="[^"]*"', text)
                pieces[at] = pieces[at].replace(" /", f"{random.choice(attributes)} /", 1)
        text = "".join(pieces)
    data = bytearray(text.encode())
    if random.random() < 0.2:
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


VALUES = (
    "0",
    "-1",
    "1",
    "7",
    "64",
    "65536",
    "99999999999999999999",
    "1e999",
    "nan",
    "",
    "u8",
    "true",
    "PKT_APID",
    "..",
)


@pytest.mark.soak
def test_nothing_but_declared_errors_leaves_the_loader_and_what_it_made(reference: Dictionary) -> None:
    """Whatever is done to a file, and whatever octets meet a file that was done to."""
    app = next(app for app in reference.apps if app.name == "thermal")
    small = Dictionary("m", [AppInterface("thermal", 0x40, app.commands[:6], app.telemetry, app.events[:6])])
    text = export(small).text
    random, accepted, decoded = Random(5), 0, 0
    for _ in range(40 * int(os.environ.get("FLIGHTSW_SOAK", "1"))):
        try:
            database = XtceDatabase(damaged(text, random))
        except ProtocolError:
            continue
        accepted += 1
        for apid in range(0x40, 0x48):
            header = bytes([0x08, apid, 0xC0, 0, 0, random.randrange(80)])
            for _ in range(4):
                with suppress(ProtocolError):
                    database.decode(header + random.randbytes(random.randrange(100)))
                    decoded += 1
        for encoder in database.encoders.values():
            with suppress(ProtocolError):
                encoder.encode({name: random.choice((1, "x", b"x", True, 1.5, [])) for name in encoder.arguments})
    assert accepted > 2
