# ruff: noqa: E501 - documents
from __future__ import annotations

from collections.abc import Callable

import pytest

from tlm_cmd.errors import ProtocolError, TooShortError, WrongValueError
from tlm_cmd.xtce.database import UnknownPacketError, XtceDatabase
from tlm_cmd.xtce.errors import XtceError

Document = Callable[..., bytes]
Loaded = Callable[..., XtceDatabase]

MODES = """
<IntegerParameterType name="bit"><IntegerDataEncoding sizeInBits="1"/></IntegerParameterType>
<IntegerParameterType name="seven"><IntegerDataEncoding sizeInBits="7"/></IntegerParameterType>
<IntegerParameterType name="i8"><IntegerDataEncoding sizeInBits="8" encoding="twosComplement"/></IntegerParameterType>
<EnumeratedParameterType name="mode"><IntegerDataEncoding sizeInBits="8"/><EnumerationList><Enumeration value="0" label="OFF"/><Enumeration value="1" label="ON"/></EnumerationList></EnumeratedParameterType>
<BooleanParameterType name="flag"><IntegerDataEncoding sizeInBits="8"/></BooleanParameterType>
<FloatParameterType name="volts"><IntegerDataEncoding sizeInBits="8"><DefaultCalibrator><PolynomialCalibrator><Term exponent="1" coefficient="0.5"/></PolynomialCalibrator></DefaultCalibrator></IntegerDataEncoding></FloatParameterType>
"""
PARAMETERS = "first:bit id:seven mode:mode flag:flag signed:i8 volts:volts x:u8 y:u16"


BELOW = """
<BooleanExpression><Condition><ParameterInstanceRef parameterRef="id"/><ComparisonOperator>&lt;</ComparisonOperator>
<ParameterInstanceRef parameterRef="signed"/></Condition></BooleanExpression>
"""
EITHER = """
<BooleanExpression><ORedConditions>
<Condition><ParameterInstanceRef parameterRef="id"/><ComparisonOperator>==</ComparisonOperator><Value>3</Value></Condition>
<Condition><ParameterInstanceRef parameterRef="id"/><ComparisonOperator>==</ComparisonOperator><Value>4</Value></Condition>
</ORedConditions></BooleanExpression>
"""


def container(name: str, entries: str, base: str = "", criteria: str = "", *, abstract: bool = False) -> str:
    """A container as XML; criteria are written ``parameter=value``, or as XML."""
    listed = "".join(f'<ParameterRefEntry parameterRef="{entry}"/>' for entry in entries.split())
    if criteria and "<" not in criteria:
        parts = [each.split("=") for each in criteria.split()]
        each = "".join(f'<Comparison parameterRef="{left}" value="{right}"/>' for left, right in parts)
        criteria = each if len(parts) == 1 else f"<ComparisonList>{each}</ComparisonList>"
    restricted = f"<RestrictionCriteria>{criteria}</RestrictionCriteria>" if criteria else ""
    inherited = f'<BaseContainer containerRef="{base}">{restricted}</BaseContainer>' if base else ""
    kind = ' abstract="true"' if abstract else ""
    return f'<SequenceContainer name="{name}"{kind}><EntryList>{listed}</EntryList>{inherited}</SequenceContainer>'


HEADER = container("header", "first id mode flag signed volts", abstract=True)


def name_of(database: XtceDatabase, octets: str) -> str:
    """Which packet it is."""
    return database.identify(bytes.fromhex(octets)).name.rpartition("/")[2]


def test_packets_are_told_apart_by_what_their_headers_hold(loaded: Loaded) -> None:
    """At one place, at several, at several levels; one look-up finds what the walk finds."""
    containers = (
        HEADER
        + container("a", "x", "header", "first=0 id=1")
        + container("b", "y", "header", "id=2 first=0")
        + container("deep", "", "header", "first=1", abstract=True)
        + container("c", "x", "deep", "mode=ON")
        + container("d", "x", "deep", "mode=OFF id=5")
        + container("e", "", "deep", "mode=OFF id=6")
        + container("f", "x", "e", "signed=-1")
    )
    database = loaded(MODES, PARAMETERS, containers)
    assert name_of(database, "01 00 00 00 00 07") == "a"
    assert name_of(database, "02 00 00 00 00 0007") == "b"
    assert name_of(database, "80 01 00 00 00 07") == "c"
    assert name_of(database, "85 00 00 00 00 07") == "d"
    assert name_of(database, "86 00 00 00 00") == "e"
    assert name_of(database, "86 00 00 FF 00 07") == "f"
    assert database.decode(bytes.fromhex("86 00 00 FF 00 07"))[1].x == 7
    for octets, within in (("03 00 00 00 00 00", "header"), ("87 00 00 00 00 00", "deep")):
        with pytest.raises(UnknownPacketError) as caught:
            database.identify(bytes.fromhex(octets))
        assert caught.value.container == f"/s/{within}"
    with pytest.raises(TooShortError):
        database.identify(b"")


@pytest.mark.parametrize(
    ("criteria", "octets"),
    [
        ('<Comparison parameterRef="volts" comparisonOperator="&gt;" value="1.5"/>', "00 00 00 00 04"),
        ('<Comparison parameterRef="volts" value="2"/>', "00 00 00 00 04"),
        ('<Comparison parameterRef="volts" useCalibratedValue="false" value="4"/>', "00 00 00 00 04"),
        ('<Comparison parameterRef="mode" comparisonOperator="!=" value="OFF"/>', "00 01 00 00 00"),
        ('<Comparison parameterRef="mode" useCalibratedValue="false" value="0x1"/>', "00 01 00 00 00"),
        ('<Comparison parameterRef="flag" value="True"/>', "00 00 09 00 00"),
        ('<Comparison parameterRef="signed" comparisonOperator="&lt;" value="0"/>', "00 00 00 80 00"),
        (BELOW, "01 00 00 02 00"),
        (EITHER, "04 00 00 00 00"),
    ],
)
def test_criteria_of_all_kinds_are_met(criteria: str, octets: str, loaded: Loaded) -> None:
    """And, by another packet, not met."""
    database = loaded(MODES, PARAMETERS, HEADER + container("a", "x", "header", criteria))
    assert name_of(database, f"{octets} 07") == "a"
    with pytest.raises(UnknownPacketError):
        name_of(database, "00 00 00 00 00 07")


def test_a_packet_of_two_containers_is_refused(loaded: Loaded) -> None:
    """Nobody could say which it is."""
    containers = HEADER + container("a", "", "header", "id=1") + container("b", "", "header", "mode=OFF")
    database = loaded(MODES, PARAMETERS, containers)
    assert name_of(database, "01 01 00 00 00") == "a"
    assert name_of(database, "02 00 00 00 00") == "b"
    with pytest.raises(WrongValueError, match="/s/a, /s/b"):
        database.identify(bytes.fromhex("01 00 00 00 00"))


def test_a_packet_of_two_containers_with_the_same_criteria_is_refused(loaded: Loaded) -> None:
    """Also where both stand behind one key of the look-up."""
    containers = (
        HEADER + "".join(container(name, "", "header", "id=1") for name in "ab") + container("c", "", "header", "id=2")
    )
    database = loaded(MODES, PARAMETERS, containers)
    assert name_of(database, "02 00 00 00 00") == "c"
    with pytest.raises(WrongValueError, match="/s/a, /s/b"):
        database.identify(bytes.fromhex("01 00 00 00 00"))


def test_a_container_without_criteria_is_always_met(loaded: Loaded) -> None:
    """It only adds entries."""
    database = loaded(MODES, PARAMETERS, HEADER + container("a", "x", "header"))
    assert name_of(database, "00 00 00 00 00 07") == "a"


def test_the_root_can_be_named(document: Document) -> None:
    """It must be where it cannot be told."""
    data = document("", "x:u8 y:u16", container("a", "x") + container("b", "y"))
    with pytest.raises(XtceError, match="2 containers from which others inherit; name the root"):
        XtceDatabase(data)
    assert XtceDatabase(data, root="/s/b").decode(b"\1\2")[1].y == 0x0102
    with pytest.raises(XtceError, match="0 containers called 'c'"):
        XtceDatabase(data, root="c")


NESTED = b"""\
<x:SpaceSystem xmlns:x="http://www.omg.org/spec/XTCE/20180204" name="top">
<x:TelemetryMetaData><x:ParameterTypeSet>
<x:IntegerParameterType name="t"><x:IntegerDataEncoding/></x:IntegerParameterType></x:ParameterTypeSet>
<x:ParameterSet><x:Parameter name="id" parameterTypeRef="t"/></x:ParameterSet>
<x:ContainerSet><x:SequenceContainer name="base" abstract="true"><x:EntryList><x:ParameterRefEntry parameterRef="id"/></x:EntryList></x:SequenceContainer></x:ContainerSet>
</x:TelemetryMetaData>
<x:SpaceSystem name="a"><x:TelemetryMetaData>
<x:ParameterTypeSet><x:IntegerParameterType name="t"><x:IntegerDataEncoding sizeInBits="16"/></x:IntegerParameterType></x:ParameterTypeSet>
<x:ParameterSet><x:Parameter name="v" parameterTypeRef="t"/><x:Parameter name="w" parameterTypeRef="../t"/></x:ParameterSet>
<x:ContainerSet><x:SequenceContainer name="p"><x:EntryList><x:ParameterRefEntry parameterRef="v"/><x:ParameterRefEntry parameterRef="/top/a/w"/><x:ParameterRefEntry parameterRef="../b/u"/></x:EntryList>
<x:BaseContainer containerRef="base"><x:RestrictionCriteria><x:Comparison parameterRef="/top/id" value="1"/></x:RestrictionCriteria></x:BaseContainer></x:SequenceContainer></x:ContainerSet>
</x:TelemetryMetaData></x:SpaceSystem>
<x:SpaceSystem name="b"><x:TelemetryMetaData><x:ParameterSet><x:Parameter name="u" parameterTypeRef="/top/t"/></x:ParameterSet></x:TelemetryMetaData></x:SpaceSystem>
</x:SpaceSystem>
"""


def test_names_are_found_as_xtce_says() -> None:
    """In the space system itself first, then around it; by relative and by absolute paths; with any prefix."""
    database = XtceDatabase(NESTED)
    packet, found = database.decode(bytes.fromhex("01 0203 04 05"))
    assert packet.name == "/top/a/p"
    assert (found.id, found.v, found.w, found.u) == (1, 0x0203, 4, 5)


def test_what_only_watches_is_counted(document: Document) -> None:
    """And what the caller does not need may be left out; otherwise it is refused."""
    alarmed = (
        '<IntegerParameterType name="t"><IntegerDataEncoding/><DefaultAlarm>'
        '<StaticAlarmRanges><WarningRange minInclusive="2" maxExclusive="9"/></StaticAlarmRanges>'
        "<ChangeAlarmRanges/></DefaultAlarm></IntegerParameterType>"
    )
    data = document(alarmed, "v:t", "v").replace(b"</TelemetryMetaData>", b"<AlgorithmSet/></TelemetryMetaData>")
    with pytest.raises(XtceError, match=r"line \d+: AlgorithmSet: is not supported; it can be left out"):
        XtceDatabase(data)
    database = XtceDatabase(data, without=["AlgorithmSet"])
    assert database.left_out == {"AlgorithmSet": 1, "ChangeAlarmRanges": 1}


def test_only_protocol_errors_leave_a_decoder(loaded: Loaded) -> None:
    """Also where a condition compares what cannot be compared; with what is absent nothing compares."""
    absent = (
        '<SequenceContainer name="p"><EntryList><ParameterRefEntry parameterRef="x"/>'
        '<ParameterRefEntry parameterRef="y"><IncludeCondition><Comparison parameterRef="x" value="1"/></IncludeCondition></ParameterRefEntry>'
        '<ParameterRefEntry parameterRef="signed"><IncludeCondition><Comparison parameterRef="y" comparisonOperator="&gt;" value="1"/></IncludeCondition></ParameterRefEntry>'
        "</EntryList></SequenceContainer>"
    )
    database = loaded(MODES, PARAMETERS, absent)
    assert database.decode(b"\1\0\2\3")[1].signed == 3
    without = database.decode(b"\0")[1]
    assert (without.y, without.signed) == (None, None)
    incomparable = (
        '<SequenceContainer name="p"><EntryList><ParameterRefEntry parameterRef="x"/>'
        '<ParameterRefEntry parameterRef="mode"/>'
        '<ParameterRefEntry parameterRef="signed"><IncludeCondition><BooleanExpression><Condition>'
        '<ParameterInstanceRef parameterRef="mode"/><ComparisonOperator>&gt;</ComparisonOperator>'
        '<ParameterInstanceRef parameterRef="x"/>'
        "</Condition></BooleanExpression></IncludeCondition></ParameterRefEntry>"
        "</EntryList></SequenceContainer>"
    )
    with pytest.raises(ProtocolError, match="p: "):
        loaded(MODES, PARAMETERS, incomparable).decode(b"\0\1\2\3")


@pytest.mark.parametrize("always", [True, False])
@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(
    ("name", "comparison"),
    [
        ("mode", 'value="ON"'),
        ("mode", 'value="1" useCalibratedValue="false"'),
        ("volts", 'value="0.5"'),
        ("volts", 'value="1" useCalibratedValue="false"'),
        ("flag", 'value="true"'),
    ],
)
def test_a_condition_on_what_is_itself_conditional(
    loaded: Loaded, name: str, comparison: str, *, raw: bool, always: bool
) -> None:
    """It looks at the raw or the engineering value as if it always stood there, whichever is handed out."""
    first = "" if always else '<IncludeCondition><Comparison parameterRef="x" value="1"/></IncludeCondition>'
    entries = (
        '<SequenceContainer name="p"><EntryList><ParameterRefEntry parameterRef="x"/>'
        f'<ParameterRefEntry parameterRef="{name}">{first}</ParameterRefEntry>'
        f'<ParameterRefEntry parameterRef="y"><IncludeCondition><Comparison parameterRef="{name}" {comparison}/>'
        "</IncludeCondition></ParameterRefEntry></EntryList></SequenceContainer>"
    )
    database = loaded(MODES, "x:u8 mode:mode flag:flag volts:volts y:u8", entries)
    decode = database.decode_raw if raw else database.decode
    assert decode(b"\1\1\7")[1].y == 7
    assert decode(b"\1\0")[1].y is None
    if not always:
        assert decode(b"\0")[1].y is None
