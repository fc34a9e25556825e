"""space-packet-parser reads our packets by our XTCE, and both read the same from a file of another mission."""
# ruff: noqa: E501 - documents

from __future__ import annotations

import io
import struct
from enum import IntEnum
from random import Random
from typing import Any

import pytest

from flightsw.mission import Mission
from ops_tools.cli_commands.dictionary import default_mission
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.field_layout import FieldLayout, Kind
from tlm_cmd.definition.fields import Length
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.export import Form, export

peer = pytest.importorskip("space_packet_parser.xtce.definitions")

NOT_EXPRESSED = {
    "APP_REPORT": "array",
    "EVENT_COUNTS": "array",
    "EVENT_SERVICES_STATUS": "array",
    "EVENT_SETTINGS": "array",
    "EXECUTIVE_STATUS": "array",
    "LINK_REPORT": "array",
    "LOG_PAGE": "array",
    "MAILBOX_REPORT": "array",
    "RESET_LOG_REPORT": "array",
    "SCHEDULE_REPORT": "array",
    "SYSTEM_STATUS": "array",
    "TABLE_CONTENT": "tail",
    "THERMAL_STATUS": "array",
    "TIME_CORRELATION": "array",
}
"""Messages that the plain form gives as octets, and why: it has no array of variable length, since space-packet-parser
knows no arrays, and no tail behind a part of variable length, since it knows no places within a packet."""


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    """The dictionary of the reference mission."""
    return Mission.load(default_mission()).dictionary


@pytest.fixture(scope="module")
def document(dictionary: Dictionary) -> bytes:
    """It as plain XTCE."""
    return export(dictionary, Form.PLAIN).text.encode()


def drawn(field: FieldLayout, random: Random) -> Any:  # noqa: ANN401 - a value of the field
    """A value of a field."""
    if field.record is not None:
        return field.record.python_class(*(drawn(inner, random) for inner in field.record.fields))
    if field.enumeration is not None:
        return random.choice(list(field.enumeration))
    if field.extent is None:
        return drawn_number(field, random)
    count = field.extent.count if isinstance(field.extent, Length) else random.randint(0, min(field.extent.count, 6))
    if field.item is not None:
        return tuple(drawn(field.item, random) for _ in range(count))
    return random.randbytes(count) if field.kind is Kind.OCTETS else "".join(random.choices("aZ 0", k=count))


def drawn_number(field: FieldLayout, random: Random) -> float:
    """A value of a number or a boolean."""
    wire, allowed = field.wire, field.allowed
    assert wire is not None
    if field.kind is Kind.BOOLEAN:
        return random.random() < 0.5
    lowest, highest = wire.lowest, wire.highest
    if field.calibration is not None:
        values = [field.calibration.engineering(random.randint(int(lowest), int(highest))) for _ in range(99)]
        return next(value for value in values if allowed is None or allowed.lowest <= value <= allowed.highest)
    if allowed is not None:
        lowest, highest = max(lowest, allowed.lowest), min(highest, allowed.highest)
    if field.kind is Kind.INTEGER:
        return random.randint(int(lowest), int(highest))
    single: float = struct.unpack(">f", struct.pack(">f", random.uniform(max(-1e3, lowest), min(1e3, highest))))[0]
    return single


def flat(message: Record, prefix: str) -> dict[str, object]:
    """The values of a message by the names that the plain form gives them."""
    values: dict[str, object] = {}
    for name in message.__struct_fields__:
        value = getattr(message, name)
        items = enumerate(value) if isinstance(value, tuple) else [(None, value)]
        for index, item in items:
            path = f"{prefix}{name}" if index is None else f"{prefix}{name}_{index}"
            values |= flat(item, f"{path}_") if isinstance(item, Record) else {path: item}
    return values


def test_every_packet_is_read_with_the_same_values(dictionary: Dictionary, document: bytes) -> None:
    """Raw and calibrated, of all telemetry and events but those that the plain form cannot express."""
    definition = peer.XtcePacketDefinition.from_xtce(io.BytesIO(document))
    database, random, opaque, compared = XtceDatabase(document), Random(11), export(dictionary, Form.PLAIN).opaque, 0
    for entry in [*dictionary.telemetry.values(), *dictionary.events.values()]:
        message = layout_of(entry.record).python_class(
            *(drawn(field, random) for field in layout_of(entry.record).fields)
        )
        octets = build_telemetry(entry.apid, 9, 1000, 2000, dictionary.encode_payload(message))
        theirs = definition.parse_bytes(octets)
        _, ours = database.decode(octets)
        _, raw = database.decode_raw(octets)
        for name in ours.__struct_fields__:
            assert theirs[name] == getattr(ours, name), f"{entry.name}: {name}"
            if not isinstance(getattr(raw, name), str):
                assert theirs[name].raw_value == getattr(raw, name), f"{entry.name}: {name}"
            compared += 1
        assert set(theirs) == set(ours.__struct_fields__)
        if entry.name not in opaque:
            name = entry.name.replace(".", "_")
            prefix = "VERIFICATION_REPORT_" if name.endswith("VERIFICATION_REPORT") else f"{name}_"
            for path, value in flat(message, prefix).items():
                assert theirs[path] == (value.name if isinstance(value, IntEnum) else value), f"{entry.name}: {path}"
    assert compared > 8_000


def test_what_the_plain_form_cannot_express_is_known(dictionary: Dictionary) -> None:
    """By class of message and reason; everything else is expressed."""
    found = {}
    for name, problem in export(dictionary, Form.PLAIN).opaque.items():
        found[name.partition(".")[2]] = "array" if "array" in problem else "tail"
    assert found == NOT_EXPRESSED


FOREIGN = b"""<?xml version="1.0" encoding="UTF-8"?>
<xtce:SpaceSystem name="Elsewhere" xmlns:xtce="http://www.omg.org/spec/XTCE/20180204">
<xtce:Header date="2024-03-05T13:36:00MST" version="1.0" validationStatus="Working"/>
<xtce:TelemetryMetaData>
<xtce:ParameterTypeSet>
<xtce:IntegerParameterType name="VERSION_Type" signed="false"><xtce:IntegerDataEncoding sizeInBits="3" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="BIT_Type" signed="false"><xtce:IntegerDataEncoding sizeInBits="1" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="APID_Type" signed="false"><xtce:IntegerDataEncoding sizeInBits="11" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="FLAGS_Type" signed="false"><xtce:IntegerDataEncoding sizeInBits="2" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="COUNT_Type" signed="false"><xtce:IntegerDataEncoding sizeInBits="14" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="LEN_Type" signed="false"><xtce:UnitSet><xtce:Unit>Bytes</xtce:Unit></xtce:UnitSet><xtce:IntegerDataEncoding sizeInBits="16" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="I13_Type" signed="true"><xtce:IntegerDataEncoding sizeInBits="13" encoding="twosComplement"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="LE32_Type" signed="true"><xtce:IntegerDataEncoding sizeInBits="32" encoding="twosComplement" byteOrder="leastSignificantByteFirst"/></xtce:IntegerParameterType>
<xtce:FloatParameterType name="F64LE_Type"><xtce:FloatDataEncoding sizeInBits="64" encoding="IEEE754" byteOrder="leastSignificantByteFirst"/></xtce:FloatParameterType>
<xtce:FloatParameterType name="F16_Type"><xtce:FloatDataEncoding sizeInBits="16" encoding="IEEE754"/></xtce:FloatParameterType>
<xtce:FloatParameterType name="MIL_Type"><xtce:FloatDataEncoding sizeInBits="32" encoding="MILSTD_1750A"/></xtce:FloatParameterType>
<xtce:FloatParameterType name="POLY_Type"><xtce:UnitSet><xtce:Unit>V</xtce:Unit></xtce:UnitSet><xtce:IntegerDataEncoding sizeInBits="12" encoding="unsigned"><xtce:DefaultCalibrator><xtce:PolynomialCalibrator><xtce:Term exponent="0" coefficient="-3.5"/><xtce:Term exponent="1" coefficient="0.25"/><xtce:Term exponent="2" coefficient="0.0625"/></xtce:PolynomialCalibrator></xtce:DefaultCalibrator></xtce:IntegerDataEncoding></xtce:FloatParameterType>
<xtce:FloatParameterType name="SPLINE_Type"><xtce:IntegerDataEncoding sizeInBits="8" encoding="unsigned"><xtce:DefaultCalibrator><xtce:SplineCalibrator order="1" extrapolate="true"><xtce:SplinePoint raw="10" calibrated="-4"/><xtce:SplinePoint raw="42" calibrated="12"/><xtce:SplinePoint raw="74" calibrated="4"/></xtce:SplineCalibrator></xtce:DefaultCalibrator></xtce:IntegerDataEncoding></xtce:FloatParameterType>
<xtce:FloatParameterType name="STEPS_Type"><xtce:IntegerDataEncoding sizeInBits="8" encoding="unsigned"><xtce:DefaultCalibrator><xtce:SplineCalibrator order="0" extrapolate="true"><xtce:SplinePoint raw="0" calibrated="-4"/><xtce:SplinePoint raw="100" calibrated="12"/></xtce:SplineCalibrator></xtce:DefaultCalibrator></xtce:IntegerDataEncoding></xtce:FloatParameterType>
<xtce:FloatParameterType name="CONTEXT_Type"><xtce:IntegerDataEncoding sizeInBits="8" encoding="unsigned"><xtce:DefaultCalibrator><xtce:PolynomialCalibrator><xtce:Term exponent="1" coefficient="2"/></xtce:PolynomialCalibrator></xtce:DefaultCalibrator>
<xtce:ContextCalibratorList><xtce:ContextCalibrator><xtce:ContextMatch><xtce:ComparisonList><xtce:Comparison parameterRef="MODE" value="SAFE"/><xtce:Comparison parameterRef="GAIN" comparisonOperator="&gt;=" value="4" useCalibratedValue="false"/></xtce:ComparisonList></xtce:ContextMatch><xtce:Calibrator><xtce:PolynomialCalibrator><xtce:Term exponent="0" coefficient="7"/><xtce:Term exponent="1" coefficient="0.5"/></xtce:PolynomialCalibrator></xtce:Calibrator></xtce:ContextCalibrator>
<xtce:ContextCalibrator><xtce:ContextMatch><xtce:Comparison parameterRef="MODE" value="1" useCalibratedValue="false"/></xtce:ContextMatch><xtce:Calibrator><xtce:PolynomialCalibrator><xtce:Term exponent="1" coefficient="-1"/></xtce:PolynomialCalibrator></xtce:Calibrator></xtce:ContextCalibrator></xtce:ContextCalibratorList></xtce:IntegerDataEncoding></xtce:FloatParameterType>
<xtce:EnumeratedParameterType name="MODE_Type"><xtce:IntegerDataEncoding sizeInBits="3" encoding="unsigned"/><xtce:EnumerationList><xtce:Enumeration value="0" label="OFF"/><xtce:Enumeration value="1" label="SAFE"/><xtce:Enumeration value="2" label="SCIENCE"/></xtce:EnumerationList></xtce:EnumeratedParameterType>
<xtce:BooleanParameterType name="FLAG_Type"><xtce:IntegerDataEncoding sizeInBits="1" encoding="unsigned"/></xtce:BooleanParameterType>
<xtce:IntegerParameterType name="GAIN_Type" signed="false"><xtce:IntegerDataEncoding sizeInBits="4" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:IntegerParameterType name="U8_Type" signed="false"><xtce:IntegerDataEncoding sizeInBits="8" encoding="unsigned"/></xtce:IntegerParameterType>
<xtce:StringParameterType name="NAME_Type"><xtce:StringDataEncoding encoding="US-ASCII"><xtce:Variable maxSizeInBits="800"><xtce:DynamicValue><xtce:ParameterInstanceRef parameterRef="NAME_LEN"/><xtce:LinearAdjustment slope="8" intercept="8"/></xtce:DynamicValue><xtce:TerminationChar>58</xtce:TerminationChar></xtce:Variable></xtce:StringDataEncoding></xtce:StringParameterType>
<xtce:StringParameterType name="TAG_Type"><xtce:StringDataEncoding encoding="UTF-8"><xtce:SizeInBits><xtce:Fixed><xtce:FixedValue>24</xtce:FixedValue></xtce:Fixed></xtce:SizeInBits></xtce:StringDataEncoding></xtce:StringParameterType>
<xtce:BinaryParameterType name="BLOB_Type"><xtce:BinaryDataEncoding><xtce:SizeInBits><xtce:DiscreteLookupList>
<xtce:DiscreteLookup value="16"><xtce:Comparison parameterRef="GAIN" value="1"/></xtce:DiscreteLookup><xtce:DiscreteLookup value="32"><xtce:Comparison parameterRef="GAIN" comparisonOperator="&gt;" value="1"/></xtce:DiscreteLookup><xtce:DiscreteLookup value="8"><xtce:Comparison parameterRef="GAIN" comparisonOperator="&lt;" value="1"/></xtce:DiscreteLookup></xtce:DiscreteLookupList></xtce:SizeInBits></xtce:BinaryDataEncoding></xtce:BinaryParameterType>
<xtce:BinaryParameterType name="REST_Type"><xtce:BinaryDataEncoding><xtce:SizeInBits><xtce:DynamicValue><xtce:ParameterInstanceRef parameterRef="PKT_LEN"/><xtce:LinearAdjustment slope="8" intercept="-264"/></xtce:DynamicValue></xtce:SizeInBits></xtce:BinaryDataEncoding></xtce:BinaryParameterType>
<xtce:AbsoluteTimeParameterType name="TIME_Type"><xtce:Encoding units="seconds" scale="0.25" offset="147.884"><xtce:IntegerDataEncoding sizeInBits="32" encoding="unsigned"/></xtce:Encoding><xtce:ReferenceTime><xtce:Epoch>2009-10-10T12:00:00-05:00</xtce:Epoch></xtce:ReferenceTime></xtce:AbsoluteTimeParameterType>
</xtce:ParameterTypeSet>
<xtce:ParameterSet>
<xtce:Parameter name="VERSION" parameterTypeRef="VERSION_Type"/><xtce:Parameter name="TYPE" parameterTypeRef="BIT_Type"/><xtce:Parameter name="SEC_HDR_FLG" parameterTypeRef="BIT_Type"/><xtce:Parameter name="PKT_APID" parameterTypeRef="APID_Type"/><xtce:Parameter name="SEQ_FLGS" parameterTypeRef="FLAGS_Type"/><xtce:Parameter name="SRC_SEQ_CTR" parameterTypeRef="COUNT_Type"/><xtce:Parameter name="PKT_LEN" parameterTypeRef="LEN_Type"/>
<xtce:Parameter name="TIME" parameterTypeRef="TIME_Type"/><xtce:Parameter name="MODE" parameterTypeRef="MODE_Type"/><xtce:Parameter name="FLAG" parameterTypeRef="FLAG_Type"/><xtce:Parameter name="GAIN" parameterTypeRef="GAIN_Type"/>
<xtce:Parameter name="I13" parameterTypeRef="I13_Type"/><xtce:Parameter name="PAD" parameterTypeRef="VERSION_Type"/><xtce:Parameter name="LE32" parameterTypeRef="LE32_Type"/><xtce:Parameter name="F64LE" parameterTypeRef="F64LE_Type"/><xtce:Parameter name="F16" parameterTypeRef="F16_Type"/><xtce:Parameter name="MIL" parameterTypeRef="MIL_Type"/>
<xtce:Parameter name="POLY" parameterTypeRef="POLY_Type"/><xtce:Parameter name="NIBBLE" parameterTypeRef="GAIN_Type"/><xtce:Parameter name="SPLINE" parameterTypeRef="SPLINE_Type"/><xtce:Parameter name="STEPS" parameterTypeRef="STEPS_Type"/><xtce:Parameter name="CONTEXT" parameterTypeRef="CONTEXT_Type"/>
<xtce:Parameter name="TAG" parameterTypeRef="TAG_Type"/><xtce:Parameter name="REST" parameterTypeRef="REST_Type"/><xtce:Parameter name="NAME_LEN" parameterTypeRef="U8_Type"/><xtce:Parameter name="NAME" parameterTypeRef="NAME_Type"/><xtce:Parameter name="BLOB" parameterTypeRef="BLOB_Type"/><xtce:Parameter name="AFTER" parameterTypeRef="U8_Type"/>
</xtce:ParameterSet>
<xtce:ContainerSet>
<xtce:SequenceContainer name="CCSDSPacket" abstract="true"><xtce:EntryList><xtce:ParameterRefEntry parameterRef="VERSION"/><xtce:ParameterRefEntry parameterRef="TYPE"/><xtce:ParameterRefEntry parameterRef="SEC_HDR_FLG"/><xtce:ParameterRefEntry parameterRef="PKT_APID"/><xtce:ParameterRefEntry parameterRef="SEQ_FLGS"/><xtce:ParameterRefEntry parameterRef="SRC_SEQ_CTR"/><xtce:ParameterRefEntry parameterRef="PKT_LEN"/></xtce:EntryList></xtce:SequenceContainer>
<xtce:SequenceContainer name="Secondary" abstract="true"><xtce:EntryList><xtce:ParameterRefEntry parameterRef="TIME"/></xtce:EntryList></xtce:SequenceContainer>
<xtce:SequenceContainer name="Telemetry" abstract="true"><xtce:EntryList><xtce:ContainerRefEntry containerRef="Secondary"/><xtce:ParameterRefEntry parameterRef="MODE"/><xtce:ParameterRefEntry parameterRef="FLAG"/><xtce:ParameterRefEntry parameterRef="GAIN"/></xtce:EntryList>
<xtce:BaseContainer containerRef="CCSDSPacket"><xtce:RestrictionCriteria><xtce:ComparisonList><xtce:Comparison parameterRef="VERSION" value="0" useCalibratedValue="false"/><xtce:Comparison parameterRef="TYPE" value="0" useCalibratedValue="false"/></xtce:ComparisonList></xtce:RestrictionCriteria></xtce:BaseContainer></xtce:SequenceContainer>
<xtce:SequenceContainer name="Numbers"><xtce:EntryList><xtce:ParameterRefEntry parameterRef="I13"/><xtce:ParameterRefEntry parameterRef="PAD"/><xtce:ParameterRefEntry parameterRef="LE32"/><xtce:ParameterRefEntry parameterRef="F64LE"/><xtce:ParameterRefEntry parameterRef="F16"/><xtce:ParameterRefEntry parameterRef="MIL"/><xtce:ParameterRefEntry parameterRef="POLY"/><xtce:ParameterRefEntry parameterRef="NIBBLE"/><xtce:ParameterRefEntry parameterRef="SPLINE"/><xtce:ParameterRefEntry parameterRef="STEPS"/><xtce:ParameterRefEntry parameterRef="CONTEXT"/><xtce:ParameterRefEntry parameterRef="TAG"/><xtce:ParameterRefEntry parameterRef="AFTER"/><xtce:ParameterRefEntry parameterRef="REST"/></xtce:EntryList>
<xtce:BaseContainer containerRef="Telemetry"><xtce:RestrictionCriteria><xtce:Comparison parameterRef="PKT_APID" value="11" useCalibratedValue="false"/></xtce:RestrictionCriteria></xtce:BaseContainer></xtce:SequenceContainer>
<xtce:SequenceContainer name="Texts"><xtce:EntryList><xtce:ParameterRefEntry parameterRef="NAME_LEN"/><xtce:ParameterRefEntry parameterRef="NAME"/><xtce:ParameterRefEntry parameterRef="BLOB"/><xtce:ParameterRefEntry parameterRef="AFTER"/></xtce:EntryList>
<xtce:BaseContainer containerRef="Telemetry"><xtce:RestrictionCriteria><xtce:BooleanExpression><xtce:ANDedConditions><xtce:Condition><xtce:ParameterInstanceRef parameterRef="PKT_APID" useCalibratedValue="false"/><xtce:ComparisonOperator>&gt;</xtce:ComparisonOperator><xtce:Value>11</xtce:Value></xtce:Condition>
<xtce:ORedConditions><xtce:Condition><xtce:ParameterInstanceRef parameterRef="MODE"/><xtce:ComparisonOperator>==</xtce:ComparisonOperator><xtce:Value>SAFE</xtce:Value></xtce:Condition><xtce:Condition><xtce:ParameterInstanceRef parameterRef="GAIN"/><xtce:ComparisonOperator>!=</xtce:ComparisonOperator><xtce:Value>0</xtce:Value></xtce:Condition></xtce:ORedConditions></xtce:ANDedConditions></xtce:BooleanExpression></xtce:RestrictionCriteria></xtce:BaseContainer></xtce:SequenceContainer>
</xtce:ContainerSet>
</xtce:TelemetryMetaData>
</xtce:SpaceSystem>
"""


def packet(apid: int, data: bytes) -> bytes:
    """A telemetry packet."""
    return struct.pack(">HHH", apid, 0xC000, len(data) - 1) + data


def numbers(random: Random) -> bytes:
    """A packet of numbers."""
    head = random.randbytes(4) + bytes([random.choice((0, 1, 2)) << 5 | random.randrange(32)])
    tag = "".join(random.choices("abc", k=3)).encode()
    fixed = random.randbytes(2 + 4 + 8 + 2 + 4 + 2 + 3)
    return packet(11, head + fixed + tag + random.randbytes(1) + random.randbytes(random.randrange(9)))


def texts(random: Random) -> bytes:
    """A packet of texts; the gain is never 0, so that it is one."""
    gain = random.randrange(1, 16)
    name = "".join(random.choices("abc", k=random.randrange(20))).encode()
    buffer = name + b"X" + b"." * random.randrange(4)
    head = random.randbytes(4) + bytes([random.choice((0, 1, 2)) << 5 | gain])
    return packet(
        12, head + bytes([len(buffer) - 1]) + buffer + random.randbytes(2 if gain == 1 else 4) + random.randbytes(1)
    )


@pytest.mark.parametrize("make", [numbers, texts])
def test_a_file_of_another_mission_means_the_same_to_both(make: Any) -> None:  # noqa: ANN401 - a function
    """Bit fields, both orders, MIL-STD-1750A, splines, contexts, times, texts, look-ups, Boolean expressions."""
    definition, database, random = (
        peer.XtcePacketDefinition.from_xtce(io.BytesIO(FOREIGN)),
        XtceDatabase(FOREIGN),
        Random(3),
    )
    for _ in range(100):
        octets = make(random)
        theirs = definition.parse_bytes(octets)
        _, ours = database.decode(octets)
        _, raw = database.decode_raw(octets)
        assert list(theirs) == list(ours.__struct_fields__)
        for name in theirs:
            value, found = theirs[name], getattr(ours, name)
            assert value == found or value != value or found == pytest.approx(value, rel=1e-14), name  # noqa: PLR0124 - a NaN
            if not isinstance(found, str) or name == "MODE":
                assert theirs[name].raw_value == getattr(raw, name) or value != value, name  # noqa: PLR0124 - a NaN
