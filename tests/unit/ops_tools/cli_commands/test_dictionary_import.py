from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from ops_tools.cli_commands import dictionary
from tlm_cmd.packets.spacepacket import IDLE_APID

DOCUMENT = """\
<SpaceSystem name="s">
<TelemetryMetaData>
<ParameterTypeSet><IntegerParameterType name="u8"><IntegerDataEncoding/></IntegerParameterType>
<BinaryParameterType name="six"><BinaryDataEncoding><SizeInBits><FixedValue>48</FixedValue></SizeInBits></BinaryDataEncoding></BinaryParameterType></ParameterTypeSet>
<ParameterSet><Parameter name="header" parameterTypeRef="six"/><Parameter name="x" parameterTypeRef="u8"/></ParameterSet>
<ContainerSet><SequenceContainer name="p"><LongDescription>A packet.
And more.</LongDescription><EntryList><ParameterRefEntry parameterRef="header"/><ParameterRefEntry parameterRef="x"/></EntryList></SequenceContainer></ContainerSet>
</TelemetryMetaData>
<CommandMetaData><MetaCommandSet><MetaCommand name="go"><LongDescription>Go.</LongDescription><CommandContainer name="go"><EntryList/></CommandContainer></MetaCommand></MetaCommandSet></CommandMetaData>
</SpaceSystem>
"""  # noqa: E501 - a document


def shell(*words: str) -> int:
    """Run a line of the shell."""
    parser = ArgumentParser(prog="flightsw")
    dictionary.register(parser.add_subparsers())
    arguments = parser.parse_args(["dictionary", "import", *words])
    return int(arguments.run(arguments))


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A file of another mission."""
    path = tmp_path / "elsewhere.xml"
    path.write_text(DOCUMENT)
    return path


def test_packets_and_commands_are_listed(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With how much is in them and what they mean."""
    assert shell(str(document)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "/s/p     2          A packet." in lines
    assert "/s/go    0          Go." in lines
    assert lines[-1] == "1 packets, 1 commands; without effect here: none"


def test_packets_are_decoded(document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each; what does not fit, and what is in no packet, is said."""
    packets = tmp_path / "packets.bin"
    packets.write_bytes(bytes.fromhex("0001 C000 0000 2A") + (IDLE_APID.to_bytes(2, "big") + b"\xc0\0\0\0\x55"))
    assert shell(str(document), "--packets", str(packets)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("/s/p: header ")
    assert lines[0].endswith(", x 42")
    assert lines[-1] == "1 packets, 0 of them not decoded, 0 octets in no packet"
    packets.write_bytes(bytes.fromhex("0001 C000 0001 2A2B FF"))
    assert shell(str(document), "--packets", str(packets)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "not decoded: p has length 8, allowed is exactly 7"
    assert lines[-1] == "1 packets, 1 of them not decoded, 1 octets in no packet"
    assert shell(str(document), "--packets", str(packets), "--allow-rest") == 1


def test_a_damaged_length_costs_only_the_packet_it_is_in(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A header that announces more than the file holds does not hide the packets behind it."""
    packets = tmp_path / "packets.bin"
    whole = [bytes.fromhex("0001 C000 0000") + bytes([0xE0 + number]) for number in range(20)]
    damaged = bytes.fromhex("0001 C000 FF00 FF")
    packets.write_bytes(b"".join([*whole[:5], damaged, *whole[5:]]))
    assert shell(str(document), "--packets", str(packets)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" ")[2] for line in lines[:-1]] == [str(0xE0 + number) for number in range(20)]
    assert lines[-1] == "20 packets, 0 of them not decoded, 7 octets in no packet"


def test_files_that_cannot_be_loaded_are_exit_code_2(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the element and its line, unless it may be left out."""
    assert shell(str(tmp_path / "absent.xml")) == 2
    assert "No such file" in capsys.readouterr().err
    document.write_text(DOCUMENT.replace("</TelemetryMetaData>", "<StreamSet/></TelemetryMetaData>"))
    assert shell(str(document)) == 2
    assert "line 8: StreamSet: is not supported" in capsys.readouterr().err
    assert shell(str(document), "--without", "StreamSet") == 0
    assert "without effect here: 1 StreamSet" in capsys.readouterr().out
    assert shell(str(document), "--without", "StreamSet", "--root", "q") == 2
