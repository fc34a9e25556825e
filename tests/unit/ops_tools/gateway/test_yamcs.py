"""What a Yamcs server is told follows from the mission."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flightsw.mission_links import MissionLinks
from ops_tools.cli import main
from ops_tools.gateway.address import Address
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.yamcs.file_transfers import FileTransfers
from ops_tools.gateway.yamcs.instance import YamcsInstance, YamcsPorts
from ops_tools.link_keys import LinkKeyMissingError
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.packets.cfs_header import build_command, build_telemetry
from tlm_cmd.packets.time_codes.cuc import CucEpoch, CucFormat
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

S_BAND = LinkParameters(
    spacecraft_id=0x1A7,
    virtual_channels=(VirtualChannel(0, "realtime"), VirtualChannel(2, "recorded")),
    tm_frame_octets=223,
    tc_frame_octets=256,
    tc_virtual_channel=5,
    max_packet_octets=4096,
)
PROTECTED = msgspec.structs.replace(
    S_BAND,
    cop1=Cop1Parameters(),
    telecommand_security=ChannelSecurity(spi=1, key_id=128, iv_prefix=9),
    telemetry_security=ChannelSecurity(spi=2, key_id=129, window=77),
)
RING = derive_simulation_keys(1, (), (128, 129, 130))
X_BAND = LinkParameters(spacecraft_id=0x1A8, virtual_channels=(VirtualChannel(3, "products"),))


def written(instance: YamcsInstance, folder: Path) -> dict[str, Any]:
    """The content of every file, by name; JSON is read."""
    instance.write(folder)
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".key"]
    texts = {str(path.relative_to(folder)): path.read_text() for path in files}
    return {name: json.loads(text) if name.endswith(".yaml") else text for name, text in texts.items()}


def links(section: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The data links by name."""
    return {link["name"]: link for link in section["dataLinks"]}


def test_the_links_have_the_managed_parameters_of_the_mission(tmp_path: Path) -> None:
    """Both directions of the command radio, and the second radio under its own spacecraft id."""
    files = written(YamcsInstance("m", MissionLinks(S_BAND, X_BAND), "<xml/>"), tmp_path)
    found = links(files["etc/yamcs.m.yaml"])
    s_band, x_band, commands = found["tm_s_band"], found["tm_x_band"], found["tc_s_band"]
    assert (s_band["spacecraftId"], s_band["frameLength"], s_band["port"]) == (0x1A7, 223, 10_017)
    assert (x_band["spacecraftId"], x_band["frameLength"], x_band["port"]) == (0x1A8, 1115, 10_019)
    assert (commands["spacecraftId"], commands["maxFrameLength"], commands["port"]) == (0x1A7, 256, 10_018)
    streams = {channel["vcId"]: channel["stream"] for channel in s_band["virtualChannels"]}
    assert streams == {0: "tm_realtime", 2: "tm_dump", 7: "tm_idle"}
    assert {channel["maxPacketLength"] for channel in s_band["virtualChannels"]} == {4096}


def test_the_reports_of_the_command_receiver_reach_the_sequence_control(tmp_path: Path) -> None:
    """They are taken from the radio that has the receiver, and from no other."""
    s_band = msgspec.structs.replace(S_BAND, cop1=Cop1Parameters(window=8, t1_ms=2500, transmission_limit=6))
    found = links(written(YamcsInstance("m", MissionLinks(s_band, X_BAND), ""), tmp_path)["etc/yamcs.m.yaml"])
    (channel,) = found["tc_s_band"]["virtualChannels"]
    assert (channel["vcId"], channel["useCop1"], "mapId" in channel) == (5, True, False)
    assert (channel["slidingWindowWidth"], channel["cop1T1"], channel["cop1TxLimit"]) == (8, 3, 6)
    assert channel["clcwStream"] == found["tm_s_band"]["clcwStream"]
    assert "clcwStream" not in found["tm_x_band"]


def test_without_sequence_control_frames_bypass_it(tmp_path: Path) -> None:
    """As the mission says: its receiver would refuse others."""
    found = links(written(YamcsInstance("m", MissionLinks(S_BAND), ""), tmp_path)["etc/yamcs.m.yaml"])
    (channel,) = found["tc_s_band"]["virtualChannels"]
    assert "useCop1" not in channel


def test_frames_without_packets_are_let_in_on_a_stream_that_nobody_reads(tmp_path: Path) -> None:
    """Their channel is not protected, so nothing that is on it may pass for telemetry."""
    files = written(YamcsInstance("m", MissionLinks(PROTECTED, X_BAND), "", ring=RING), tmp_path)
    channels = {each["vcId"]: each for each in links(files["etc/yamcs.m.yaml"])["tm_s_band"]["virtualChannels"]}
    assert (channels[7]["stream"], "encryptionSpis" in channels[7]) == ("tm_idle", False)
    streams = {each["name"]: each for each in files["etc/yamcs.m.yaml"]["streamConfig"]["tm"]}
    assert [name for name, stream in streams.items() if "processor" in stream] == ["tm_realtime"]


def keys_in(folder: Path) -> dict[str, bytes]:
    """The key files by name, which nobody but their owner can read."""
    files = sorted((folder / "keys").iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder / "keys", *files)] == [0o700] + [0o600] * len(files)
    return {path.name: path.read_bytes() for path in files}


def secret(key_id: int) -> bytes:
    """The key of the ring."""
    entry = RING.entry(key_id)
    assert entry is not None
    assert entry.secret is not None
    return entry.secret.reveal()


def test_yamcs_protects_and_verifies_with_the_keys_of_the_mission(tmp_path: Path) -> None:
    """Each association has its key file; numbers begin where they are told; each frame is sent once."""
    instance = YamcsInstance("m", MissionLinks(PROTECTED, X_BAND), "", ring=RING, first_number=0x1234)
    found = links(written(instance, tmp_path)["etc/yamcs.m.yaml"])
    (sender,), (receiver,) = found["tc_s_band"]["encryption"], found["tm_s_band"]["encryption"]
    assert sender["spi"] == found["tc_s_band"]["virtualChannels"][0]["encryptionSpi"] == 1
    assert sender["args"]["initialSeqNum"] == "000000090000000000001234"
    assert Path(sender["args"]["keyFile"]).read_bytes() == secret(128)
    assert receiver["args"] == {"keyFile": str(tmp_path / "keys/spi_2.key"), "verifySeqNum": True, "seqNumWindow": 77}
    assert {each["vcId"]: each.get("encryptionSpis") for each in found["tm_s_band"]["virtualChannels"]} == {
        0: [2],
        2: [2],
        7: None,
    }
    assert found["tc_s_band"]["virtualChannels"][0]["cop1TxLimit"] == 1
    assert found["tc_s_band"]["maxFrameLength"] == 256
    assert keys_in(tmp_path) == {"spi_1.key": secret(128), "spi_2.key": secret(129)}
    assert "encryption" not in found["tm_x_band"]


def test_a_gateway_that_protects_leaves_yamcs_without_the_key_of_commands(tmp_path: Path) -> None:
    """One that was there is taken away; frames leave room for the protection, and may be repeated."""
    written(YamcsInstance("m", MissionLinks(PROTECTED), "", ring=RING), tmp_path)
    instance = YamcsInstance("m", MissionLinks(PROTECTED), "", ring=RING, gateway_protects=True)
    commands = links(written(instance, tmp_path)["etc/yamcs.m.yaml"])["tc_s_band"]
    assert keys_in(tmp_path) == {"spi_2.key": secret(129)}
    assert "encryption" not in commands
    assert "encryptionSpi" not in commands["virtualChannels"][0]
    assert (commands["maxFrameLength"], commands["virtualChannels"][0]["cop1TxLimit"]) == (256 - 30, 5)


def test_no_key_is_written_for_open_links(tmp_path: Path) -> None:
    """There is not even a folder; and a gateway has nothing to protect."""
    written(YamcsInstance("m", MissionLinks(S_BAND, X_BAND), ""), tmp_path)
    assert not (tmp_path / "keys").exists()
    with pytest.raises(GatewayError, match="nothing to do for the gateway"):
        YamcsInstance("m", MissionLinks(S_BAND), "", gateway_protects=True).write(tmp_path)


@pytest.mark.parametrize("ring", [None, derive_simulation_keys(1, (), (128,))], ids=["no file", "not in the file"])
def test_a_key_that_is_not_there_is_named(tmp_path: Path, ring: KeyRing | None) -> None:
    """Nothing is written then."""
    with pytest.raises(LinkKeyMissingError, match=r"association 2 needs key 129"):
        YamcsInstance("m", MissionLinks(PROTECTED), "", ring=ring).write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_yamcs_cannot_protect_is_refused(tmp_path: Path) -> None:
    """Another algorithm, or a sequence number of its own; and a first number that is none."""
    for security in (
        ChannelSecurity(spi=1, key_id=128, algorithm=Algorithm.AES_256_GMAC),
        ChannelSecurity(spi=1, key_id=128, sequence_octets=4),
    ):
        links_of_mission = MissionLinks(msgspec.structs.replace(PROTECTED, telecommand_security=security))
        with pytest.raises(GatewayError, match="Yamcs knows only aes-256-gcm"):
            YamcsInstance("m", links_of_mission, "", ring=RING).write(tmp_path)
    with pytest.raises(FieldRangeError, match="first number"):
        YamcsInstance("m", MissionLinks(PROTECTED), "", ring=RING, first_number=2**64 - 1).write(tmp_path)
    assert not (tmp_path / "etc").exists()


def test_a_link_with_segment_headers_says_its_access_point(tmp_path: Path) -> None:
    """Then every command frame carries one."""
    s_band = msgspec.structs.replace(S_BAND, segment_header=True, map_id=7)
    found = links(written(YamcsInstance("m", MissionLinks(s_band), ""), tmp_path)["etc/yamcs.m.yaml"])
    assert found["tc_s_band"]["virtualChannels"][0]["mapId"] == 7
    assert "tm_x_band" not in found


def test_packets_are_dated_by_their_own_time(tmp_path: Path) -> None:
    """Where it stands, and the P-field that it would have."""
    found = links(written(YamcsInstance("m", MissionLinks(S_BAND), ""), tmp_path)["etc/yamcs.m.yaml"])
    arguments = found["tm_s_band"]["virtualChannels"][0]["packetPreprocessorArgs"]
    p_field = CucFormat(CucEpoch.TAI_1958, coarse_octets=4, fine_octets=2).pack_p_field()
    assert (arguments["timestampOffset"], bytes([arguments["timeEncoding"]["implicitPField"]])) == (6, p_field)


def test_everything_is_where_it_is_wanted(tmp_path: Path) -> None:
    """Ports, and the gateway's address; the dictionary is named by the place where it was written."""
    ports = YamcsPorts(s_band=1, x_band=2, commands=Address("127.0.0.9", 3), http=Address("127.0.0.8", 4))
    files = written(YamcsInstance("m", MissionLinks(S_BAND, X_BAND), "<xml/>", ports), tmp_path)
    found = links(files["etc/yamcs.m.yaml"])
    assert (found["tm_s_band"]["port"], found["tm_x_band"]["port"]) == (1, 2)
    assert (found["tc_s_band"]["host"], found["tc_s_band"]["port"]) == ("127.0.0.9", 3)
    assert files["etc/yamcs.yaml"]["services"][0]["args"] == {"address": "127.0.0.8", "port": 4}
    (database,) = files["etc/yamcs.m.yaml"]["mdb"]
    assert Path(database["args"]["file"]).read_text() == files["mdb/m.xml"] == "<xml/>"


FILES = FileTransfers(
    ground_entity=1, spacecraft_entity=0x1A7, telemetry_apid=0x0A7, command_apid=0x0A0, command_function=9
)


def test_files_are_transferred_where_the_mission_has_packets_for_them(tmp_path: Path) -> None:
    """The payload of one telemetry packet comes in, and the payload of one command goes out."""
    files = written(YamcsInstance("m", MissionLinks(S_BAND), "", files=FILES), tmp_path)
    (service,) = [each for each in files["etc/yamcs.m.yaml"]["services"] if each["class"].endswith("CfdpService")]
    arguments = service["args"]
    assert arguments["localEntities"] == [{"name": "ground", "id": 1}]
    assert arguments["remoteEntities"] == [{"name": "m", "id": 0x1A7}]
    assert (arguments["entityIdLength"], arguments["sequenceNrLength"], arguments["maxPduSize"]) == (2, 4, 512)
    streams = Path(files["etc/yamcs.m.yaml"]["streamConfig"]["sqlFile"]).read_text()
    telemetry, command = build_telemetry(0x0A7, 0, 0, 0, b"PDU"), build_command(0x0A0, 0, 9, b"PDU")
    offset = telemetry.index(b"PDU")
    first = int.from_bytes(telemetry[:2], "big")
    assert f"substring(packet, {offset}) as pdu from tm_realtime where extract_short(packet, 0) = {first}\n" in streams
    header = command[:4] + bytes(2) + command[6:7] + bytes(1)  # length and checksum are filled in when it is sent
    assert command.index(b"PDU") == len(header)
    assert "insert into tc_realtime" in streams
    assert f"unhex('{header.hex()}') + pdu as binary" in streams


def test_without_packets_for_files_there_is_no_service(tmp_path: Path) -> None:
    """And numbers that fit no field are refused."""
    files = written(YamcsInstance("m", MissionLinks(S_BAND), ""), tmp_path)
    assert not any("cfdp" in each["class"] for each in files["etc/yamcs.m.yaml"]["services"])
    assert "sqlFile" not in files["etc/yamcs.m.yaml"]["streamConfig"]
    wrong = {"ground_entity": 65_536, "telemetry_apid": 2048, "command_function": 128, "pdu_octets": 8, "pause_ms": 0}
    for field, value in wrong.items():
        with pytest.raises(FieldRangeError):
            msgspec.structs.replace(FILES, **{field: value})


@pytest.mark.parametrize("more", [[], ["--gateway-protects"], ["--first-number", "70000"]])
def test_the_command_line_writes_the_reference_mission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """Its links, its keys and its whole dictionary; a second time it writes the same."""
    keys, station = tmp_path / "link.keys", tmp_path / "station"
    assert main(["keys", "create", str(keys), "--sessions", "3"]) == 0
    arguments = ["yamcs", "-o", str(station), "--link-keys", str(keys), *more]
    capsys.readouterr()
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"instance urbanwatch written to {station}\n"
    files = {path: path.read_bytes() for path in station.rglob("*") if path.is_file()}
    names = ["yamcs.yaml", "yamcs.urbanwatch.yaml", "processor.yaml", "urbanwatch.xml", "spi_2.key", "spi_3.key"]
    names += ["urbanwatch_streams.sql"] + ([] if "--gateway-protects" in more else ["spi_1.key"])
    assert sorted(path.name for path in files) == sorted(names)
    assert ("initialSeqNum" in (station / "etc/yamcs.urbanwatch.yaml").read_text()) is ("spi_1.key" in names)
    assert main(arguments) == 0
    assert {path: path.read_bytes() for path in files} == files


def test_the_command_line_asks_for_the_keys_of_protected_links(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is missing is said; a number that is none is refused."""
    assert main(["yamcs", "-o", str(tmp_path / "station")]) != 0
    assert "and no key file is given: 'flightsw keys create FILE --mission MISSION'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["yamcs", "-o", str(tmp_path / "station"), "--first-number", "-1"])
    assert "--first-number" in capsys.readouterr().err
