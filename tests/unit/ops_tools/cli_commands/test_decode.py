"""``flightsw decode``: files of packets to columns, from the shell."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from apps.thermal.messages import TemperatureOutOfLimits, ThermalStatus
from flightsw.mission import Mission
from ops_tools.cli import main
from ops_tools.reference_mission import reference_mission
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.telemetry_packets import TelemetryPackets


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    """Ten packets of one kind."""
    dictionary = Mission.load(reference_mission() / "mission.toml").dictionary
    encode = TelemetryPackets(dictionary).encode
    thermal = dictionary.packet("THERMAL.THERMAL_STATUS").apid
    statuses = [ThermalStatus((float(n), 2.0), n, 0, 0, 3.0, 0) for n in range(10)]
    return [encode(thermal, status, n, 2_157_000_000 + n, 0) for n, status in enumerate(statuses)]


@pytest.fixture
def file(tmp_path: Path, packets: list[bytes]) -> Path:
    """A file of them."""
    path = tmp_path / "packets.bin"
    path.write_bytes(b"".join(packets))
    return path


def test_a_file_is_summed_up(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind with its count and times; what was checked is said."""
    assert main(["decode", str(file)]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[1].split()[:3] == ["THERMAL.THERMAL_STATUS", "10", "2026-05-09"]
    assert "10 packets in" in shown.err
    assert "packet error control" in shown.err


def test_columns_go_into_an_archive(file: Path, tmp_path: Path) -> None:
    """NumPy reads them back, in engineering units."""
    out = tmp_path / "out.npz"
    assert main(["decode", str(file), "--packet", "thermal.thermal_status", "-o", str(out), "--no-crc"]) == 0
    arrays = np.load(out)
    assert arrays["THERMAL.THERMAL_STATUS/sequence"].tolist() == list(range(10))
    starts, values = (arrays[f"THERMAL.THERMAL_STATUS/temperatures/{part}"] for part in ("starts", "items/values"))
    assert starts.tolist() == [2 * n for n in range(11)]
    assert values[::2] == pytest.approx(range(10), abs=0.1)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file with one event twice: once as it is, once in the short form."""
    dictionary = Mission.load(reference_mission() / "mission.toml").dictionary
    event = TemperatureOutOfLimits(1, 70.0)
    payload, short = dictionary.encode_payload(event), dictionary.encode_short_event(event)
    apid = dictionary.apid_of("thermal")
    path = tmp_path / "events.bin"
    path.write_bytes(b"".join(build_telemetry(apid, n, 0, 0, each) for n, each in enumerate((payload, short))))
    return path


@pytest.mark.parametrize("suffix", ["", " (short)"])
def test_every_name_of_the_list_can_be_asked_for(events: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Events too, in each of their forms and in any case of letters; a name that nothing has is refused."""
    name = "THERMAL.TEMPERATURE_OUT_OF_LIMITS"
    assert main(["decode", str(events)]) == 0
    assert [row.split("  ")[0] for row in capsys.readouterr().out.splitlines()[1:]] == [name, f"{name} (short)"]
    assert main(["decode", str(events), "--packet", f"{name}{suffix}".lower()]) == 0
    assert [row.split("  ")[0] for row in capsys.readouterr().out.splitlines()[1:]] == [f"{name}{suffix}"]
    assert main(["decode", str(events), "--packet", f"THERMAL.THERMAL_STATUS{suffix}"]) == (2 if suffix else 1)


def test_columns_go_into_tables(file: Path, tmp_path: Path) -> None:
    """One file per packet, with its fields as heads."""
    assert main(["decode", str(file), "-o", f"{tmp_path}/tables/"]) == 0
    with (tmp_path / "tables" / "THERMAL.THERMAL_STATUS.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 10
    assert [float(value) for value in rows[3]["temperatures"].split()] == pytest.approx([3.0, 2.0], abs=0.1)


def test_damage_is_listed_and_told_by_the_exit_status(
    file: Path, packets: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is, and why; the packets around it are read."""
    spoilt = bytearray(packets[4])
    spoilt[20] ^= 1
    unknown = build_telemetry(0x7A5, 0, 0, 0, b"ab")
    file.write_bytes(b"".join(packets[:4]) + bytes(spoilt) + unknown + b"".join(packets[5:]))
    assert main(["decode", str(file)]) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines()[1].split()[1] == "9"
    begin = sum(map(len, packets[:4]))
    assert f"octet {begin}: {len(spoilt)} octets skipped: bad checksum" in shown.err
    assert "0x7a5" in shown.err


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (b"", [], "is empty"),
        (b"\xa5" * 3000, [], "holds no packet of this mission\n0 packets in 0 of 3000 octets; 0 of them refused, 3000"),
        (
            None,
            ["--packet", "POWER.POWER_STATUS"],
            "holds no packet called POWER.POWER_STATUS\n10 packets in 340 of 340",
        ),
    ],
)
def test_a_file_without_what_is_wanted_is_no_success(
    file: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, arguments: list[str], words: str
) -> None:
    """It is said in words, instead of a head without a table; all octets are accounted for."""
    if content is not None:
        file.write_bytes(content)
    assert main(["decode", str(file), *arguments]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert words in shown.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.bin"], "No such file"),
        (["{file}", "-o", "out.xlsx"], "give an .npz file"),
        (["{file}", "--packet", "THERMAL.NOTHING"], "no telemetry packet is called"),
    ],
)
def test_what_cannot_be_done_is_said(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Wrong usage ends with 2 and a sentence."""
    assert main(["decode", *(argument.format(file=file) for argument in arguments)]) == 2
    assert words in capsys.readouterr().err
