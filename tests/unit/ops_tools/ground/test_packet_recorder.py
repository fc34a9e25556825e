"""Packets are kept as they came, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ops_tools.ground.packet_recorder import PacketRecorder, RecorderCounters, RecorderError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.unit.ops_tools.conftest import Loop


def test_whatever_comes_down_is_appended_as_it_came(loop: Loop, tiny: SimpleNamespace, tmp_path: Path) -> None:
    """Packets that cannot be decoded too; what was in the file stays."""
    path = tmp_path / "packets.bin"
    path.write_bytes(b"before")
    recorder = PacketRecorder(path)
    loop.ground.packet_listeners.append(recorder.write)
    good = loop.spacecraft.packet("heater", tiny.HeaterStuck(1))
    bad = good[:-1] + bytes([good[-1] ^ 1])
    for packet in (good, bad):
        loop.spacecraft.sender.enqueue(0, packet)
    loop.step()
    recorder.close()
    assert path.read_bytes() == b"before" + good + bad
    assert recorder.counters == RecorderCounters(2, 2 * len(good), 0)
    assert recorder.describe() == f"2 packets recorded in {path}"


def test_a_disk_that_is_full_costs_packets_and_nothing_else(tmp_path: Path) -> None:
    """They are counted with the reason; a part of one that was written is taken back."""
    recorder = PacketRecorder(Path("/dev/full"))
    recorder.write(b"packet")
    assert recorder.counters == RecorderCounters(0, 0, 1)
    assert "1 lost (No space left on device)" in recorder.describe()
    recorder.close()

    path = tmp_path / "packets.bin"
    recorder = PacketRecorder(path)
    file = recorder._file

    class Short:
        """Takes two octets only."""

        def write(self, packet: bytes) -> int:
            return file.write(packet[:2])

        def fileno(self) -> int:
            return file.fileno()

    recorder.write(b"first")
    recorder._file = Short()  # type: ignore[assignment]
    recorder.write(b"second")
    recorder._file = file
    recorder.write(b"third")
    recorder.close()
    assert path.read_bytes() == b"firstthird"
    assert recorder.counters == RecorderCounters(2, 10, 1)


def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    """Before anything flies."""
    with pytest.raises(RecorderError, match="Is a directory"):
        PacketRecorder(tmp_path)
