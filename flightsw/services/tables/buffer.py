"""One table of one running app: its active content and its inactive buffer. Pure."""

from __future__ import annotations

from typing import Generic

import msgspec

from flightsw.messages.tables import Inactive, TableBufferChoice, TableKind
from flightsw.services.tables.content import Content, TableError, TableRules
from flightsw.services.tables.image_file import TableImage
from tlm_cmd.packets.crc import crc32

BY_COMMAND = "COMMAND"
BY_APP = "APP"


class Origin(msgspec.Struct, frozen=True):
    """Where a content came from.

    Attributes:
        file: name of the file, or BY_COMMAND, or BY_APP.
        updated_met_ns: mission elapsed time at which it became active, 0 when it was so from the begin.
    """

    file: str
    updated_met_ns: int = 0


class TableBuffer(Generic[Content]):
    """One table of one running app.

    Attributes:
        rules: what its content must be.
        kind: how it is kept.
        active: what the app reads.
        image: the active content's binary form.
        origin: where the active content came from.
        inactive: what is in the inactive buffer.
    """

    def __init__(self, rules: TableRules[Content], content: Content, kind: TableKind, file: str) -> None:
        self.rules = rules
        self.kind = kind
        self.active = content
        self.image = rules.image_of(content)
        self.origin = Origin(file)
        self.inactive = Inactive.EMPTY
        self._where = f"table {rules.name}"
        self._validated: Content | None = None
        self._loading = bytearray()
        self._file = ""
        self._announced: tuple[int, int] | None = None

    @property
    def checksum(self) -> int:
        """CRC-32 of the active image."""
        return crc32(self.image)

    @property
    def inactive_octets(self) -> int:
        """Length of the image in the inactive buffer."""
        return len(self._loading)

    def image_in(self, buffer: TableBufferChoice) -> bytes:
        """The image in a buffer.

        Raises:
            TableError: there is none in the inactive one.
        """
        if buffer is TableBufferChoice.ACTIVE:
            return self.image
        if self.inactive is Inactive.EMPTY:
            raise TableError(f"{self._where}: its inactive buffer is empty")
        return bytes(self._loading)

    # ---------------------------------------------------------------- loading

    def load(self, offset: int, data: bytes, file: str = BY_COMMAND) -> None:
        """Write a part into the inactive buffer, which begins as a copy of the active image and may grow.

        Raises:
            TableError: the part is beyond the largest legal image or leaves a gap, or the table takes none now.
        """
        self._check_takes_loads()
        begun = self.inactive in (Inactive.LOADED, Inactive.VALIDATED)
        base = self._loading if begun else bytearray(self.image)
        end = offset + len(data)
        if end > self.rules.most_octets:
            raise TableError(f"{self._where}: octet {end} is beyond the largest image of {self.rules.most_octets}")
        if offset > len(base):
            raise TableError(f"{self._where}: part at {offset} leaves a gap behind octet {len(base)}")
        self._clear()
        base[offset:end] = data
        self._loading, self._file, self.inactive = base, file, Inactive.LOADED

    def load_file(self, image: TableImage, file: str) -> None:
        """Take a file's image, or its part on top of what is there; what it announces is what will be validated.

        Raises:
            TableError: it was built for another table or layout, or does not fit; what was loaded stays.
        """
        self._check_takes_loads()
        where = f"table file {file}"
        image.check_for(self.rules, where)
        if image.octets > self.rules.most_octets:
            raise TableError(f"{where}: image of {image.octets} octets, the largest has {self.rules.most_octets}")
        if image.is_whole:
            self._clear()
            self._loading, self._file, self.inactive = bytearray(image.part), file, Inactive.LOADED
        else:
            self.load(image.offset, image.part, file)
        self._announced = (image.octets, image.checksum)

    # ---------------------------------------------------------------- validating and activating

    def validate(self, length: int = 0, checksum: int = 0) -> int:
        """Check the inactive buffer; whatever was validated before is validated no more.

        Args:
            length: octets of the whole image; 0 takes length and checksum as the loaded file announced.
            checksum: its CRC-32.

        Returns:
            The CRC-32.

        Raises:
            TableError: the buffer is not what was announced, or its content is not allowed.
        """
        self._check_takes_loads()
        if self.inactive not in (Inactive.LOADED, Inactive.VALIDATED):
            raise TableError(f"{self._where}: nothing loaded to validate")
        self._validated, self.inactive = None, Inactive.LOADED
        if length == 0 and self._announced is None:
            raise TableError(f"{self._where}: no file announced length and CRC-32, so the command must")
        if length == 0 and self._announced is not None:
            length, checksum = self._announced
        image = bytes(self._loading[:length])
        if len(image) != length:
            raise TableError(f"{self._where}: {len(image)} octets loaded, {length} announced")
        if crc32(image) != checksum:
            raise TableError(f"{self._where}: CRC-32 {crc32(image):#010x}, announced {checksum:#010x}")
        self._validated = self.rules.accept(image)
        self._loading, self.inactive = bytearray(image), Inactive.VALIDATED
        return checksum

    def wait(self) -> None:
        """Let what may be activated wait for the app."""
        self._check_may_activate()
        self.inactive = Inactive.WAITING

    def activate(self, met_ns: int) -> None:
        """Make the content of the inactive buffer the active one.

        Args:
            met_ns: mission elapsed time now.

        Raises:
            TableError: there is none that was validated.
        """
        content = self._check_may_activate()
        image, file = bytes(self._loading), self._file
        previous = (self.active, self.image, self.origin.file)
        self.active, self.image, self.origin = content, image, Origin(file, met_ns)
        self._clear()
        if self.kind is TableKind.DOUBLE:
            self._validated, self._loading, self._file = previous[0], bytearray(previous[1]), previous[2]
            self.inactive = Inactive.PREVIOUS

    def abort(self) -> None:
        """Forget the inactive buffer."""
        self._clear()

    # ---------------------------------------------------------------- not by the ground

    def restore(self, image: bytes, origin: Origin) -> None:
        """Make a stored image the active content.

        Raises:
            TableError: it is not allowed; the active content stays.
        """
        self.active, self.image, self.origin = self.rules.accept(image), image, origin

    def write(self, content: Content, met_ns: int) -> None:
        """The app's new content of a dump-only table.

        Raises:
            TableError: the table is not dump-only, or types or ranges do not allow the content.
        """
        if self.kind is not TableKind.DUMP_ONLY:
            raise TableError(f"{self._where}: the app writes dump-only tables, this one the ground loads")
        self.image = self.rules.image_of(content)
        self.active, self.origin = content, Origin(BY_APP, met_ns)

    # ---------------------------------------------------------------- inside

    def _clear(self) -> None:
        self._validated = None
        self._loading = bytearray()
        self._file = ""
        self._announced = None
        self.inactive = Inactive.EMPTY

    def _check_takes_loads(self) -> None:
        if self.kind is TableKind.DUMP_ONLY:
            raise TableError(f"{self._where}: is dump-only, the app writes it")
        if self.inactive is Inactive.WAITING:
            raise TableError(f"{self._where}: its activation waits for the app; abort it first")

    def _check_may_activate(self) -> Content:
        if self._validated is None:
            raise TableError(f"{self._where}: nothing validated to activate; load and validate first")
        return self._validated
