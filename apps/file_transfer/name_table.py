"""Names of files on board, and the numbers that they have in the mass memory. Pure."""

from __future__ import annotations

import msgspec

from apps.file_transfer.limits import MAX_NAME_OCTETS, NumberedDirectory, TransferLimits
from apps.file_transfer.refusals import Refusals
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import normal_name

FIRST_FILE = 0x0200_0000
"""Numbers of received files begin here; the camera's images, the recorder and the products have others."""
FILE_NUMBERS = 0x0010_0000
"""They are used in turn, so that what an older memory of the names points to is not something else by now."""
MAX_DOOMED = 2048
"""Files that may wait to be deleted; the oldest are forgotten, and stay until their number comes again."""
NUMBER_DIGITS = 5


class NamedFile(msgspec.Struct):
    """A received file: its number in the mass memory, and its octets."""

    number: int
    octets: int = 0


class NameTableState(msgspec.Struct):
    """What is remembered of names.

    Attributes:
        files: by name.
        directories: that there are, beside the numbered ones.
        next: counts the numbers given out.
        doomed: numbers of files that nobody needs once this memory is stored.
    """

    files: dict[str, NamedFile] = {}
    directories: list[str] = []
    next: int = 0
    doomed: list[int] = []


class NameTable:
    """Finds files by name. Every method that takes one raises `FilestoreError` for a name that no file can have.

    Args:
        state: the memory to work on.
        limits: what may be used; may be replaced.
        refusals: makes the errors.
    """

    def __init__(self, state: NameTableState, limits: TransferLimits, refusals: Refusals) -> None:
        self.state = state
        self.limits = limits
        self._refusals = refusals

    def place(self, operation: str, name: str) -> str:
        """The one form of a name."""
        try:
            place = normal_name(name)
        except FilestoreError as error:
            raise self._refusals.refused(operation, name, error.reason) from error
        if len(place.encode(errors="replace")) > MAX_NAME_OCTETS:
            raise self._refusals.refused(operation, name, f"longer than {MAX_NAME_OCTETS} octets")
        return place

    def new_place(self, operation: str, name: str) -> str:
        """The place of a file or directory that is to be there."""
        place = self.place(operation, name)
        parent = place.rpartition("/")[0]
        if self.numbered(parent) is not None:
            raise self._refusals.refused(operation, name, f"files in {parent!r} can be read only")
        if not self.is_directory(parent):
            raise self._refusals.refused(operation, name, f"there is no directory {parent!r}")
        if self.is_directory(place):
            raise self._refusals.refused(operation, name, "a directory has this name")
        return place

    def is_directory(self, place: str) -> bool:
        """Whether there is a directory."""
        return not place or place in self.state.directories or self.numbered(place) is not None

    def numbered(self, place: str) -> NumberedDirectory | None:
        """The directory of files that others have written, if it is one."""
        return next((each for each in self.limits.numbered if each.directory == place), None)

    def number(self, place: str) -> int | None:
        """The number in the mass memory of a file, None if it has none."""
        file = self.state.files.get(place)
        if file is not None:
            return file.number
        parent, _, name = place.rpartition("/")
        numbered = self.numbered(parent)
        if numbered is None or not name.endswith(numbered.suffix):
            return None
        digits = name[: len(name) - len(numbered.suffix)]
        if not (digits.isascii() and digits.isdigit()) or digits != f"{int(digits):0{NUMBER_DIGITS}d}":
            return None
        number = numbered.first_file + int(digits)
        return number if number <= numbered.last_file else None

    def file(self, operation: str, name: str) -> NamedFile:
        """A received file."""
        place = self.place(operation, name)
        file = self.state.files.get(place)
        if file is None:
            reason = "there is no such file" if self.number(place) is None else "it can be read only"
            raise self._refusals.refused(operation, name, reason)
        return file

    def inside(self, place: str) -> dict[str, int | None]:
        """What is in a directory that is not numbered, by name, with the octets of files; None for directories."""
        start = f"{place}/" if place else ""
        sizes: dict[str, int | None] = {file: named.octets for file, named in self.state.files.items()}
        sizes.update(dict.fromkeys(self.state.directories))
        sizes.update(dict.fromkeys(each.directory for each in self.limits.numbered))
        found = sorted(path for path in sizes if path.startswith(start) and "/" not in path[len(start) :])
        return {path[len(start) :]: sizes[path] for path in found}

    @property
    def octets(self) -> int:
        """Of all received files."""
        return sum(file.octets for file in self.state.files.values())

    def check_growth(self, operation: str, name: str, octets: int, growth: int) -> None:
        """Make sure that a file may have so many octets, and all files so many more."""
        limits = self.limits
        if octets > limits.file_octets:
            raise self._refusals.refused(operation, name, f"longer than {limits.file_octets} octets")
        if growth > 0 and self.octets + growth > limits.capacity_octets:
            raise self._refusals.refused(operation, name, f"more than {limits.capacity_octets} octets in all")

    def next_number(self) -> int:
        """A number that no file has."""
        state = self.state
        used = {file.number for file in state.files.values()} | {*state.doomed}
        while FIRST_FILE + state.next % FILE_NUMBERS in used:
            state.next += 1
        number = FIRST_FILE + state.next % FILE_NUMBERS
        state.next += 1
        return number

    def doom(self, file: NamedFile | None) -> None:
        """Have a file deleted, if there is one, once the memory of names is stored."""
        if file is not None:
            self.state.doomed = [*self.state.doomed, file.number][-MAX_DOOMED:]
