"""Keeps every packet that comes down in a file, one behind the other, as an archive has them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from ops_tools.ground.errors import GroundError


class RecorderError(GroundError):
    """A file that cannot be opened for packets."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} cannot be written: {problem}")
        self.path, self.problem = path, problem


class RecorderCounters(msgspec.Struct):
    """What became of packets: all that came are ``written`` or ``lost``."""

    written: int = 0
    octets: int = 0
    """Of the packets written."""
    lost: int = 0
    """Packets that the file did not take."""


class PacketRecorder:
    """Appends packets to a file, whole or not at all; never raises once it is open.

    Args:
        path: the file; what is in it stays.

    Raises:
        RecorderError: it cannot be opened.

    Attributes:
        path: the file.
        counters: what became of packets.
        problem: why the last one was lost, in words; empty when none was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counters = RecorderCounters()
        self.problem = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise RecorderError(path, str(error.strerror)) from error

    def write(self, packet: bytes) -> None:
        """Append one packet."""
        try:
            written = self._file.write(packet)
        except OSError as error:
            self._lost(str(error.strerror))
            return
        if written < len(packet):
            self._take_back(written)
            self._lost("no room for a whole packet")
            return
        self.counters.written += 1
        self.counters.octets += len(packet)

    def describe(self) -> str:
        """What became of packets, in words."""
        lost = f", {self.counters.lost} lost ({self.problem})" if self.counters.lost else ""
        return f"{self.counters.written} packets recorded in {self.path}{lost}"

    def close(self) -> None:
        """End; what comes later is lost."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _lost(self, problem: str) -> None:
        self.counters.lost += 1
        self.problem = problem

    def _take_back(self, octets: int) -> None:
        """Remove the part of a packet that was written: behind it nobody would find the next one."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - octets)
