# ruff: noqa: E501 - documents
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tlm_cmd.definition.wire_values import FieldTypeError, LengthError, TextError, UnknownValueError
from tlm_cmd.errors import FieldRangeError, ProtocolError
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.errors import XtceError

Loaded = Callable[..., XtceDatabase]

TYPES = """
<IntegerArgumentType name="u8"><IntegerDataEncoding sizeInBits="8"/><ValidRangeSet><ValidRange minInclusive="1" maxExclusive="200"/></ValidRangeSet></IntegerArgumentType>
<IntegerArgumentType name="n8"><IntegerDataEncoding sizeInBits="8"/></IntegerArgumentType>
<IntegerArgumentType name="i12"><IntegerDataEncoding sizeInBits="12" encoding="{form}"/></IntegerArgumentType>
<IntegerArgumentType name="le"><IntegerDataEncoding sizeInBits="16" byteOrder="leastSignificantByteFirst"/></IntegerArgumentType>
<FloatArgumentType name="f32"><FloatDataEncoding sizeInBits="32"/></FloatArgumentType>
<FloatArgumentType name="volts"><IntegerDataEncoding sizeInBits="8"><DefaultCalibrator><PolynomialCalibrator><Term exponent="0" coefficient="10"/><Term exponent="1" coefficient="0.5"/></PolynomialCalibrator></DefaultCalibrator></IntegerDataEncoding></FloatArgumentType>
<EnumeratedArgumentType name="mode"><IntegerDataEncoding sizeInBits="4"/><EnumerationList><Enumeration value="0" label="OFF"/><Enumeration value="9" label="ON"/></EnumerationList></EnumeratedArgumentType>
<BooleanArgumentType name="flag" zeroStringValue="CLOSED" oneStringValue="OPEN"><IntegerDataEncoding sizeInBits="8"/></BooleanArgumentType>
<StringArgumentType name="ended"><StringDataEncoding><SizeInBits><Fixed><FixedValue>32</FixedValue></Fixed><TerminationChar>00</TerminationChar></SizeInBits></StringDataEncoding></StringArgumentType>
<StringArgumentType name="led"><StringDataEncoding><Variable maxSizeInBits="48"><DynamicValue><ParameterInstanceRef parameterRef="_yamcs_ignore"/></DynamicValue><LeadingSize sizeInBitsOfSizeTag="16"/></Variable></StringDataEncoding></StringArgumentType>
<BinaryArgumentType name="fixed"><BinaryDataEncoding><SizeInBits><FixedValue>16</FixedValue></SizeInBits></BinaryDataEncoding></BinaryArgumentType>
<BinaryArgumentType name="sized"><BinaryDataEncoding><SizeInBits><DynamicValue><ArgumentInstanceRef argumentRef="n"/><LinearAdjustment slope="8"/></DynamicValue></SizeInBits></BinaryDataEncoding></BinaryArgumentType>
<BinaryArgumentType name="longer"><BinaryDataEncoding><SizeInBits><DynamicValue><ArgumentInstanceRef argumentRef="n"/><LinearAdjustment slope="8" intercept="16"/></DynamicValue></SizeInBits></BinaryDataEncoding></BinaryArgumentType>
<ArrayArgumentType name="counted" arrayTypeRef="le"><DimensionList><Dimension><StartingIndex><FixedValue>0</FixedValue></StartingIndex><EndingIndex><DynamicValue><ArgumentInstanceRef argumentRef="n"/><LinearAdjustment intercept="-1"/></DynamicValue></EndingIndex></Dimension></DimensionList></ArrayArgumentType>
<AggregateArgumentType name="pair"><MemberList><Member name="mode" typeRef="mode"/><Member name="level" typeRef="i12"/></MemberList></AggregateArgumentType>
"""
COMMANDS = """
<CommandMetaData><ArgumentTypeSet>{types}</ArgumentTypeSet><MetaCommandSet>
<MetaCommand name="base" abstract="true"><ArgumentList><Argument name="opcode" argumentTypeRef="u8"/></ArgumentList>
<CommandContainer name="base"><EntryList><FixedValueEntry binaryValue="1ABC" sizeInBits="12"/><FixedValueEntry name="spare" binaryValue="00" sizeInBits="4"/><ArgumentRefEntry argumentRef="opcode"/></EntryList></CommandContainer></MetaCommand>
<MetaCommand name="go"><LongDescription>Go.</LongDescription><BaseMetaCommand metaCommandRef="base"><ArgumentAssignmentList><ArgumentAssignment argumentName="opcode" argumentValue="7"/></ArgumentAssignmentList></BaseMetaCommand>
<ArgumentList>{arguments}</ArgumentList>
<CommandContainer name="go"><EntryList>{entries}</EntryList><BaseContainer containerRef="base"/></CommandContainer>
<DefaultSignificance consequenceLevel="vital" reasonForWarning="It goes."/></MetaCommand>
</MetaCommandSet></CommandMetaData>
"""


def commands(names: str, entries: str = "", form: str = "twosComplement") -> str:
    """A command whose arguments are written ``name:type`` or ``name:type=default``."""
    arguments = ""
    for each in names.split():
        name, _, kind = each.partition(":")
        kind, _, default = kind.partition("=")
        initial = f' initialValue="{default}"' if default else ""
        arguments += f'<Argument name="{name}" argumentTypeRef="{kind}"{initial}/>'
    placed = [each.partition(":")[0] for each in names.split()] if not entries else entries.split()
    listed = "".join(f'<ArgumentRefEntry argumentRef="{name}"/>' for name in placed)
    return COMMANDS.format(types=TYPES.replace("{form}", form), arguments=arguments, entries=listed)


@pytest.mark.parametrize(
    ("names", "values", "octets"),
    [
        ("a:u8", {"a": 5}, "05"),
        ("a:u8=9", {}, "09"),
        ("a:u8", {"a": "0x10"}, "10"),
        ("a:mode b:i12", {"a": "ON", "b": -1}, "9FFF"),
        ("a:mode b:i12", {"a": 0, "b": "-2048"}, "0800"),
        ("a:le", {"a": 0x0102}, "0201"),
        ("a:f32", {"a": 1.5}, "3FC00000"),
        ("a:volts", {"a": 20.0}, "14"),
        ("a:flag b:flag", {"a": "open", "b": False}, "0100"),
        ("a:ended", {"a": "ab"}, "61620000"),
        ("a:ended", {"a": "abcd"}, "61626364"),
        ("a:led", {"a": "abé"}, "00046162C3A9"),
        ("a:fixed", {"a": "0102"}, "0102"),
        ("n:n8 a:sized", {"n": 2, "a": b"\1\2"}, "020102"),
        ("n:n8 a:sized", {"a": b"\1\2\3"}, "03010203"),
        ("n:n8 a:longer", {"a": b"\1\2\3"}, "01010203"),
        ("n:n8 a:sized=0A0B", {}, "020A0B"),
        ("n:n8 a:counted", {"a": [1, 2]}, "0201000200"),
        ("a:pair", {"a": {"mode": "ON", "level": 1}}, "9001"),
    ],
)
def test_arguments_are_written(names: str, values: dict[str, Any], octets: str, loaded: Loaded) -> None:
    """Behind what the command inherits; a length that is not given follows from what it counts."""
    database = loaded("", "", "", commands(names))
    assert database.encoder("go").encode(values).hex().upper() == f"ABC007{octets}"


@pytest.mark.parametrize(("form", "octets"), [("onesComplement", "0FFE"), ("signMagnitude", "0801")])
def test_negative_numbers_are_written_in_every_form(form: str, octets: str, loaded: Loaded) -> None:
    """As they are read."""
    database = loaded("", "", "", commands("m:mode a:i12", form=form))
    assert database.encoder("go").encode({"m": "OFF", "a": -1}).hex().upper() == f"ABC007{octets}"


@pytest.mark.parametrize(
    ("names", "values", "error", "message"),
    [
        ("a:u8", {}, ProtocolError, "/s/go needs the argument 'a'"),
        ("a:u8", {"a": 1, "b": 2}, ProtocolError, "has no argument 'b', it has a"),
        ("a:u8", {"a": 1, "opcode": 2}, ProtocolError, "has no argument 'opcode', it has a"),
        ("a:u8", {"a": 0}, FieldRangeError, "a is 0, allowed are 1 to 200"),
        ("a:u8", {"a": 200}, FieldRangeError, "a is 200"),
        ("a:n8", {"a": 256}, FieldRangeError, "a is 256, allowed are 0 to 255"),
        ("a:u8", {"a": 1.5}, FieldTypeError, "expected whole number"),
        ("a:u8", {"a": "many"}, FieldTypeError, "expected whole number"),
        ("a:u8", {"a": True}, FieldTypeError, "expected number"),
        ("a:volts", {"a": float("nan")}, FieldTypeError, "expected a finite number"),
        ("a:f32", {"a": 1e300}, FieldRangeError, "a is 1e"),
        ("a:mode", {"a": "MAYBE"}, UnknownValueError, r"allowed are OFF \(0\), ON \(9\)"),
        ("a:flag", {"a": "ajar"}, FieldTypeError, r"expected boolean \(CLOSED or OPEN\)"),
        ("a:ended", {"a": "abcde"}, LengthError, "a has length 5"),
        ("a:ended", {"a": "a\0b"}, TextError, "holds the character that ends it"),
        ("a:led", {"a": "abcdefg"}, LengthError, "a has length 7, allowed is 0 to 4"),
        ("a:fixed", {"a": b"\1"}, LengthError, "a has length 1, allowed is exactly 2"),
        ("a:fixed", {"a": "xyz"}, FieldTypeError, "expected octets"),
        ("n:n8 a:sized", {"n": 1, "a": b"\1\2"}, LengthError, "a has length 2"),
        ("n:n8 a:counted", {"n": 1, "a": [1, 2]}, LengthError, "a has length 2, allowed is exactly 1"),
        ("n:n8 a:counted", {"a": 5}, FieldTypeError, "expected list"),
        ("a:pair", {"a": {"mode": "ON"}}, FieldTypeError, "expected a mapping with mode, level"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    names: str, values: dict[str, Any], error: type[Exception], message: str, loaded: Loaded
) -> None:
    """With the argument, its value and what is allowed."""
    with pytest.raises(error, match=message):
        loaded("", "", "", commands(names)).encoder("go").encode(values)


def test_commands_say_what_they_are(loaded: Loaded) -> None:
    """Description, significance, and which arguments can be given."""
    database = loaded("", "", "", commands("a:u8=3"))
    encoder = database.encoder("/s/go")
    assert encoder.arguments == ("a",)
    assert encoder.command.description == "Go."
    assert encoder.command.significance == ("vital", "It goes.")
    assert list(database.encoders) == ["/s/go"]
    with pytest.raises(XtceError, match="0 commands are called so"):
        database.encoder("stop")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('metaCommandRef="base"', 'metaCommandRef="go"', "inherits from itself"),
        ('metaCommandRef="base"', 'metaCommandRef="none"', "no command is called 'none'"),
        ('argumentName="opcode"', 'argumentName="none"', "no argument is called 'none'"),
        ('argumentRef="a"', 'argumentRef="none"', "no argument is called 'none'"),
        ('containerRef="base"', 'containerRef="none"', "'none' is no container of a command that is inherited"),
        ('exponent="1" coefficient="0.5"', 'exponent="2" coefficient="0.5"', "must be a straight line"),
        ("<DefaultSignificance", "<Strange/><DefaultSignificance", "Strange: within MetaCommand 'go' is not supported"),
        ('binaryValue="1ABC"', 'binaryValue="XY"', "is not hexadecimal"),
        ('sizeInBits="12"/><Fixed', 'sizeInBits="0"/><Fixed', "sizeInBits is 0"),
    ],
)
def test_commands_that_cannot_be_encoded_are_refused_when_loaded(
    old: str, new: str, message: str, loaded: Loaded
) -> None:
    """With the element, its name and its line."""
    text = commands("a:volts")
    assert old in text
    with pytest.raises(XtceError, match=message):
        loaded("", "", "", text.replace(old, new))
