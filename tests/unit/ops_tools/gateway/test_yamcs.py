"""What a Yamcs server is told follows from the mission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flightsw.mission_links import MissionLinks
from ops_tools.cli import main
from ops_tools.gateway.address import Address
from ops_tools.gateway.yamcs import YamcsInstance, YamcsPorts
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.packets.time_codes.cuc import CucEpoch, CucFormat

S_BAND = LinkParameters(
    spacecraft_id=0x1A7,
    virtual_channels=(VirtualChannel(0, "realtime"), VirtualChannel(2, "recorded")),
    tm_frame_octets=223,
    tc_frame_octets=256,
    tc_virtual_channel=5,
    max_packet_octets=4096,
)
X_BAND = LinkParameters(spacecraft_id=0x1A8, virtual_channels=(VirtualChannel(3, "products"),))


def written(instance: YamcsInstance, folder: Path) -> dict[str, Any]:
    """The content of every file, by name; JSON is read."""
    instance.write(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
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
    assert streams == {0: "tm_realtime", 2: "tm_dump"}
    assert {channel["maxPacketLength"] for channel in s_band["virtualChannels"]} == {4096}


def test_the_reports_of_the_command_receiver_reach_the_sequence_control(tmp_path: Path) -> None:
    """They are taken from the radio that has the receiver, and from no other."""
    found = links(written(YamcsInstance("m", MissionLinks(S_BAND, X_BAND), ""), tmp_path)["etc/yamcs.m.yaml"])
    (channel,) = found["tc_s_band"]["virtualChannels"]
    assert (channel["vcId"], channel["useCop1"], "mapId" in channel) == (5, True, False)
    assert channel["clcwStream"] == found["tm_s_band"]["clcwStream"]
    assert "clcwStream" not in found["tm_x_band"]


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


def test_the_command_line_writes_the_reference_mission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its links and its whole dictionary; a second time it writes the same."""
    assert main(["yamcs", "-o", str(tmp_path / "station")]) == 0
    assert capsys.readouterr().out == f"instance urbanwatch written to {tmp_path / 'station'}\n"
    files = {path: path.read_bytes() for path in (tmp_path / "station").rglob("*") if path.is_file()}
    names = ["yamcs.yaml", "yamcs.urbanwatch.yaml", "processor.yaml", "urbanwatch.xml"]
    assert sorted(path.name for path in files) == sorted(names)
    assert main(["yamcs", "-o", str(tmp_path / "station")]) == 0
    assert {path: path.read_bytes() for path in files} == files
