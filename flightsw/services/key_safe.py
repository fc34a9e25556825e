"""Where the keys of one end of the link are kept: read by every part that protects frames, written by one.

Whoever reads gets a ring of its own. No message here shows any of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from flightsw.errors import FlightSoftwareError
from flightsw.hal.nvm import DirectoryNvm
from flightsw.hal.sim import MemoryNvm
from flightsw.services.key_file import read_key_file, write_key_file
from flightsw.services.store import Store
from tlm_cmd.sdls.key_document import pack_key_document, unpack_key_document
from tlm_cmd.sdls.key_ring import KeyRing

USES_SUFFIX = ".uses"
"""Behind the name of a key file: the folder where it is noted which of its keys were used."""


class LinkSecurityError(FlightSoftwareError):
    """A link that cannot be protected; says what to change."""


class KeySafe(Protocol):
    """Keeps the keys of one end, over every reset."""

    def read(self) -> KeyRing:
        """The keys as they were written last.

        Raises:
            FlightSoftwareError: there are none that can be used.
        """
        ...

    def write(self, ring: KeyRing) -> None:
        """Keep these keys; they are found again whatever happens next.

        Raises:
            FlightSoftwareError: that is not possible; the old ones stay.
        """
        ...

    def uses(self) -> Store:
        """Where each part notes, in an entry of its own, which keys it has used: as safe as the keys, no secret.

        Raises:
            FlightSoftwareError: there are no keys that could be used.
        """
        ...

    def uses_place(self) -> str:
        """What to call that place in a message."""
        ...


class NoKeySafe:
    """Nobody has given this end any keys."""

    def read(self) -> KeyRing:
        """Refuse.

        Raises:
            LinkSecurityError: always.
        """
        raise LinkSecurityError("the mission protects its links, but this runtime was given no keys for them")

    def write(self, ring: KeyRing) -> None:
        """Refuse.

        Raises:
            LinkSecurityError: always.
        """
        del ring
        raise LinkSecurityError("this runtime was given no place for keys")

    def uses(self) -> Store:
        """Refuse.

        Raises:
            LinkSecurityError: always.
        """
        raise LinkSecurityError("this runtime was given no place for keys")

    def uses_place(self) -> str:
        """See `KeySafe.uses_place`."""
        return "no place"


class MemoryKeySafe:
    """Keys in the memory of a simulation, which outlives every reset of what it simulates."""

    def __init__(self, ring: KeyRing) -> None:
        self._document = pack_key_document(ring)
        self._uses = Store(MemoryNvm())

    def read(self) -> KeyRing:
        """See `KeySafe.read`."""
        return unpack_key_document(self._document)

    def write(self, ring: KeyRing) -> None:
        """See `KeySafe.write`."""
        self._document = pack_key_document(ring)

    def uses(self) -> Store:
        """See `KeySafe.uses`."""
        return self._uses

    def uses_place(self) -> str:
        """See `KeySafe.uses_place`."""
        return "memory"


class FileKeySafe:
    """Keys in a key file.

    Args:
        path: the file.
        allow_simulation: whether keys that are derived from a seed, which anybody can do, are good enough.
    """

    def __init__(self, path: Path, *, allow_simulation: bool) -> None:
        self._path = path
        self._allow_simulation = allow_simulation
        self._uses: Store | None = None

    def read(self) -> KeyRing:
        """See `KeySafe.read`.

        Raises:
            KeyFileError: the file cannot be used.
            LinkSecurityError: the keys are for simulations only.
        """
        ring = read_key_file(self._path)
        if ring.simulation and not self._allow_simulation:
            raise LinkSecurityError(
                f"key file {self._path}: its keys are for simulations only, anybody can derive them; profile 'flight' "
                "needs fresh ones, made by 'flightsw keys create'"
            )
        return ring

    def write(self, ring: KeyRing) -> None:
        """See `KeySafe.write`.

        Raises:
            KeyFileError: the file cannot be written.
        """
        write_key_file(self._path, ring)

    def uses(self) -> Store:
        """See `KeySafe.uses`: a folder beside the file, made when it is first asked for."""
        if self._uses is None:
            self._uses = Store(DirectoryNvm(self._uses_folder()))
        return self._uses

    def uses_place(self) -> str:
        """See `KeySafe.uses_place`."""
        return f"folder {self._uses_folder()}"

    def _uses_folder(self) -> Path:
        return self._path.with_name(self._path.name + USES_SUFFIX)
