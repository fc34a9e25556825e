from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

import pytest
from lxml import etree

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface
from tlm_cmd.definition.fields import I16, U8, U16, Limits, Linear, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry
from tlm_cmd.packets.verification import VerificationReport
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.export import Form, export
from tlm_cmd.xtce.verifiers import VerifierWindows

NS = {"x": "http://www.omg.org/spec/XTCE/20180204"}


class Status(Telemetry, period_s=10):
    """How it is. <Really> & "truly"."""

    volts: Annotated[
        float, I16, Linear(0.01, 2), Unit("V"), Range(0, 300), Limits(yellow=(20, 30), red=(10, 40)), "of the bus"
    ]
    count: Annotated[int, U8, Range(1.5, 9)]
    names: Annotated[str, UpTo(8)]


class Do(Command, code=3, hazardous=True):
    """Do it.

    At once.
    """

    level: Annotated[int, U16, Range(0, 10), Unit("%"), "how much"] = 7
    name: Annotated[str, UpTo(8)] = "x"
    on: bool = False


class Failed(Event, code=2, severity=Severity.CRITICAL, text="it failed"):
    """Something failed."""


APP = AppInterface("app", 0x20, commands=(Do,), telemetry=(Status, VerificationReport), events=(Failed,))
DICTIONARY = Dictionary("m", [APP, AppInterface("other", 0x30, telemetry=(VerificationReport,))])


def parsed(dictionary: Dictionary = DICTIONARY, form: Form = Form.NESTED) -> etree._Element:
    """The exported document."""
    return etree.fromstring(export(dictionary, form).text.encode())


def attributes(root: etree._Element, path: str) -> dict[str, str]:
    """The attributes of the one element at a path."""
    (found,) = root.xpath(path, namespaces=NS)
    return {str(name): str(value) for name, value in found.attrib.items()}


@pytest.mark.parametrize("form", Form)
def test_the_reference_mission_is_valid_against_the_schema(
    form: Form, reference: Dictionary, schema: etree.XMLSchema
) -> None:
    """In both forms, by the schema of XTCE 1.2."""
    document = etree.fromstring(export(reference, form).text.encode())
    assert schema.validate(document), schema.error_log


@pytest.mark.parametrize("form", Form)
def test_small_dictionaries_are_valid_too(form: Form, schema: etree.XMLSchema) -> None:
    """With and without commands, events and reports; sets that would be empty are left out."""
    for apps in (list(DICTIONARY.apps), [AppInterface("a", 0x20)], [AppInterface("a", 0x20, commands=(Do,))]):
        document = parsed(Dictionary("m", apps), form)
        assert schema.validate(document), schema.error_log


def test_the_same_dictionary_gives_the_same_text(reference: Dictionary) -> None:
    """Octet by octet, also from another object."""
    again = Dictionary(reference.mission, reference.apps)
    assert export(reference).text == export(again).text


def test_the_header_names_the_dictionary() -> None:
    """By its content hash, which flight and ground compare on contact."""
    assert attributes(parsed(), "/x:SpaceSystem/x:Header") == {
        "version": DICTIONARY.content_hash,
        "validationStatus": "Working",
    }


def test_apps_are_space_systems_with_their_packets() -> None:
    """Containers inherit from the headers and are told apart by APID; descriptions are the docstrings."""
    root = parsed()
    app = "/x:SpaceSystem[@name='m']/x:SpaceSystem[@name='app']"
    status = f"{app}/x:TelemetryMetaData/x:ContainerSet/x:SequenceContainer[@name='STATUS']"
    assert attributes(root, status)["shortDescription"] == "every 10 s"
    assert root.xpath(f"{status}/x:LongDescription/text()", namespaces=NS) == ['How it is. <Really> & "truly".']
    assert attributes(root, f"{status}/x:BaseContainer") == {"containerRef": "TelemetryPacket"}
    criteria = f"{status}/x:BaseContainer/x:RestrictionCriteria/x:Comparison"
    assert attributes(root, criteria) == {"parameterRef": "PKT_APID", "value": "33"}
    entries = root.xpath(f"{status}/x:EntryList/*/@parameterRef", namespaces=NS)
    assert entries == ["STATUS_volts", "STATUS_count", "STATUS_names", "packet_error_control"]


def test_values_have_units_calibration_ranges_and_alarms() -> None:
    """Yellow limits are warnings, red ones critical; ranges of integers are whole."""
    root = parsed()
    volts = "//x:FloatParameterType[@name='Status_volts']"
    assert root.xpath(f"{volts}/x:UnitSet/x:Unit/text()", namespaces=NS) == ["V"]
    assert attributes(root, f"{volts}/x:IntegerDataEncoding") == {"encoding": "twosComplement", "sizeInBits": "16"}
    terms = root.xpath(f"{volts}//x:Term", namespaces=NS)
    assert [(term.get("exponent"), term.get("coefficient")) for term in terms] == [("0", "2.0"), ("1", "0.01")]
    assert attributes(root, f"{volts}/x:ValidRange") == {"minInclusive": "0.0", "maxInclusive": "300.0"}
    alarms = f"{volts}/x:DefaultAlarm/x:StaticAlarmRanges[@rangeForm='outside']"
    assert attributes(root, f"{alarms}/x:WarningRange") == {"minInclusive": "20.0", "maxInclusive": "30.0"}
    assert attributes(root, f"{alarms}/x:CriticalRange") == {"minInclusive": "10.0", "maxInclusive": "40.0"}
    count = "//x:IntegerParameterType[@name='Status_count']/x:ValidRange"
    assert attributes(root, count) == {"minInclusive": "2", "maxInclusive": "9"}


def test_events_are_containers_by_code_and_severity() -> None:
    """Below one container of the app's events."""
    root = parsed()
    event = "//x:SequenceContainer[@name='FAILED']/x:BaseContainer[@containerRef='EVENT']"
    comparisons = root.xpath(f"{event}//x:Comparison", namespaces=NS)
    assert [(each.get("parameterRef"), each.get("value")) for each in comparisons] == [
        ("EVENT_code", "2"),
        ("EVENT_short", "0"),
        ("EVENT_severity", "4"),
    ]
    severities = root.xpath("//x:EnumeratedParameterType[@name='Severity_bits_7']//@label", namespaces=NS)
    assert severities == ["DEBUG", "INFO", "ERROR", "CRITICAL"]


def test_commands_have_fixed_ids_ranges_defaults_and_significance() -> None:
    """Hazardous ones are critical, with the reason."""
    root = parsed()
    command = "//x:MetaCommand[@name='DO']"
    assignments = root.xpath(f"{command}/x:BaseMetaCommand//x:ArgumentAssignment", namespaces=NS)
    assert [(each.get("argumentName"), each.get("argumentValue")) for each in assignments] == [
        ("PKT_APID", "32"),
        ("function_code", "3"),
    ]
    defaults = root.xpath(f"{command}/x:ArgumentList/x:Argument", namespaces=NS)
    assert [(each.get("name"), each.get("initialValue")) for each in defaults] == [
        ("level", "7"),
        ("name", "x"),
        ("on", "False"),
    ]
    level = "//x:IntegerArgumentType[@name='Do_level']"
    assert attributes(root, f"{level}/x:ValidRangeSet/x:ValidRange") == {"minInclusive": "0", "maxInclusive": "10"}
    assert attributes(root, f"{command}/x:DefaultSignificance") == {
        "reasonForWarning": "Hazardous, must be armed: Do it.",
        "consequenceLevel": "critical",
    }


def test_all_commands_are_verified_by_the_reports() -> None:
    """Source, APID, function code and sequence count must be the command's; the stages tell how far it came."""
    exported = export(DICTIONARY, windows=VerifierWindows(accepted_s=5, started_s=6, completed_s=7))
    root = etree.fromstring(exported.text.encode())
    verifiers = root.xpath("//x:MetaCommand[@name='CcsdsCommand']/x:VerifierSet/*", namespaces=NS)
    assert [etree.QName(each).localname for each in verifiers] == [
        "AcceptedVerifier",
        "ExecutionVerifier",
        "CompleteVerifier",
        "FailedVerifier",
    ]
    windows = [each.xpath("string(x:CheckWindow/@timeToStopChecking)", namespaces=NS) for each in verifiers]
    assert windows == ["PT5S", "PT6S", "PT7S", "PT7S"]
    inputs = {
        "source": "VERIFICATION_REPORT_request_source",
        "apid": "VERIFICATION_REPORT_request_apid",
        "function_code": "VERIFICATION_REPORT_request_function",
        "sequence": "VERIFICATION_REPORT_request_sequence",
        "stage": "VERIFICATION_REPORT_stage",
        "reason": "VERIFICATION_REPORT_reason",
        "sent_apid": "/yamcs/cmd/arg/PKT_APID",
        "sent_function": "/yamcs/cmd/arg/function_code",
        "sent_sequence": "/yamcs/cmdHist/ccsds-seqcount",
    }
    known = set(root.xpath("//x:Parameter/@name", namespaces=NS))
    asked = "source.value == 0 && apid.value == sent_apid.value && function_code.value == sent_function.value"
    stages = []
    for verifier in verifiers:
        given = verifier.xpath("x:CustomAlgorithm/x:InputSet/x:InputParameterInstanceRef", namespaces=NS)
        assert {each.get("inputName"): each.get("parameterRef") for each in given} == inputs
        assert all(name in known or name.startswith("/yamcs/") for name in inputs.values())
        (text,) = verifier.xpath("x:CustomAlgorithm/x:AlgorithmText[@language='JavaScript']/text()", namespaces=NS)
        assert f"{asked} && sequence.value == sent_sequence.value" in text
        stages.append(re.findall(r"stage.value == '(\w+)'", text))
    assert stages == [
        ["ACCEPTED", "STARTED", "PROGRESS", "COMPLETED", "FAILED"],
        ["STARTED", "PROGRESS", "COMPLETED"],
        ["COMPLETED"],
        ["REJECTED", "FAILED"],
    ]


def test_reports_of_all_apps_are_one_container() -> None:
    """Which holds the parameters; those of the apps only say whose it is."""
    root = parsed()
    apids = root.xpath("//x:SequenceContainer[@name='VerificationReport']//x:Value/text()", namespaces=NS)
    assert apids == ["34", "49"]
    own = "//x:SpaceSystem[@name='other']//x:SequenceContainer[@name='VERIFICATION_REPORT']"
    assert attributes(root, f"{own}/x:BaseContainer") == {"containerRef": "VerificationReport"}
    assert root.xpath(f"{own}/x:EntryList/*", namespaces=NS) == []


def test_without_reports_there_are_no_verifiers() -> None:
    """They would refer to nothing."""
    root = parsed(Dictionary("m", [AppInterface("a", 0x20, commands=(Do,))]))
    assert root.xpath("//x:VerifierSet", namespaces=NS) == []


def test_equal_types_are_written_once() -> None:
    """In the root when several apps use them."""
    telemetry = (Status,)
    root = parsed(
        Dictionary("m", [AppInterface("a", 0x20, telemetry=telemetry), AppInterface("b", 0x30, telemetry=telemetry)])
    )
    assert len(root.xpath("//x:FloatParameterType[@name='Status_volts']", namespaces=NS)) == 1
    assert len(root.xpath("/x:SpaceSystem/x:TelemetryMetaData//x:FloatParameterType", namespaces=NS)) == 1


class PKT(Telemetry):
    """A packet whose field would hide the APID of the header."""

    APID: Annotated[int, U8]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dictionary("a b", [APP]), r"SpaceSystem 'a b': a name in XTCE has no blank"),
        (
            lambda: Dictionary("m", [AppInterface("a", 0x20, telemetry=(PKT,))]),
            r"Parameter 'PKT_APID': the space system",
        ),
    ],
)
def test_names_that_xtce_cannot_tell_apart_are_refused(make: Callable[[], Dictionary], message: str) -> None:
    """With the name and what is wrong with it."""
    with pytest.raises(XtceError, match=message):
        export(make())
