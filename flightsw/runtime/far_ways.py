"""How the processes of this computer reach those on others."""

from __future__ import annotations

import contextlib
from pathlib import Path

from flightsw.bus.admission import KeyFileError, read_keys
from flightsw.bus.far import FarLinks, FarPeer
from flightsw.mission_computers import Computers

STARTS_FILE = "starts"
INCARNATIONS_PER_START = 1 << 16


class FarWays:
    """The links of one computer's processes to the others.

    Args:
        computers: of the mission.
        host: this one, empty when there is one only.
        keys_folder: with this computer's keys.

    Raises:
        ComputersError: there is no such computer.
        KeyFileError: there are other computers, and no keys to be told from strangers by.
    """

    def __init__(self, computers: Computers, host: str, keys_folder: Path | None) -> None:
        computers.processes_on(host)
        self._computers = computers
        self._far = computers.far_from(host)
        if self._far and keys_folder is None:
            raise KeyFileError(f"{host!r} has links to other computers and needs a folder with its keys")
        self._keys = read_keys(keys_folder, host) if self._far and keys_folder is not None else None

    def of(self, process: str) -> FarLinks | None:
        """The links of one process; None when there is no other computer."""
        if self._keys is None:
            return None
        computers = self._computers
        peers = {peer: FarPeer(computers.address_of(peer), computers.host_of(peer)) for peer in self._far}
        return FarLinks(computers.address_of(process), peers, self._keys)

    def first_epoch(self, run_folder: Path) -> int:
        """Behind which incarnation to count: far processes that live on must not take ours for earlier ones.

        The number of starts is kept in the run folder; where it cannot be, far processes that have heard a later
        incarnation refuse ours until they are restarted, and count it.
        """
        if self._keys is None:
            return 0
        path, starts = run_folder / STARTS_FILE, 0
        with contextlib.suppress(OSError, ValueError):
            starts = int(path.read_text(encoding="ascii"))
        with contextlib.suppress(OSError):
            beside = path.with_suffix(".new")
            beside.write_text(str(starts + 1), encoding="ascii")
            beside.replace(path)
        return (starts % INCARNATIONS_PER_START) * INCARNATIONS_PER_START
