"""A filestore over the mass memory, whose files have numbers and grow at their end (CCSDS 727.0-B-5, section 4.9)."""

from __future__ import annotations

from apps.file_transfer.device_files import DeviceFiles
from apps.file_transfer.limits import NumberedDirectory, TransferLimits
from apps.file_transfer.name_table import NamedFile, NameTable, NameTableState
from apps.file_transfer.refusals import Refusals
from flightsw.devices.errors import DeviceError
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import DirectoryEntry

COPY_OCTETS = 16_384


class NamedFiles:
    """Files by name; those in numbered directories can be read only.

    Args:
        files: the mass memory.
        state: the memory of names to work on.
        limits: what may be used.

    Attributes:
        names: finds them.
        refusals: remembers why something was not done.
    """

    def __init__(self, files: DeviceFiles, state: NameTableState, limits: TransferLimits) -> None:
        self.refusals = Refusals()
        self.names = NameTable(state, limits, self.refusals)
        self._device = files

    # ---------------------------------------------------------------- files

    def size(self, name: str) -> int | None:
        """Return the octets of a file, None if there is no file of this name."""
        place = self.names.place("size", name)
        named, number = self.names.state.files.get(place), self.names.number(place)
        if number is None:
            return None
        self.refusals.check("size", name)
        try:
            octets = self._device.size(number)
        except DeviceError as error:
            raise self.refusals.failed("size", name, error) from error
        return octets if octets is None or named is None else min(octets, named.octets)

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """Return a part of a file; fewer octets only where it ends."""
        number = self.names.number(self.names.place("read", name))
        if number is None:
            raise self.refusals.refused("read", name, "there is no such file")
        self.refusals.check("read", name)
        try:
            return self._device.read(number, offset, octets)
        except DeviceError as error:
            raise self.refusals.failed("read", name, error) from error

    def create(self, name: str) -> None:
        """Make an empty file, in place of one that may be there."""
        place = self.names.new_place("create", name)
        state, most = self.names.state, self.names.limits.files
        old = state.files.get(place)
        if old is None and len(state.files) >= most:
            raise self.refusals.refused("create", name, f"{most} files are as many as may be")
        self.refusals.check("create", name)
        number = self.names.next_number()
        try:
            self._device.create(number)
        except DeviceError as error:
            raise self.refusals.failed("create", name, error) from error
        state.files[place] = NamedFile(number)
        self.names.doom(old)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part of a file that is there, which grows as needed; octets between are 0."""
        file, end, most = self.names.file("write", name), offset + len(data), self.names.limits.gap_octets
        gap = offset - file.octets
        self.names.check_growth("write", name, end, end - file.octets)
        if gap > most:
            raise self.refusals.refused("write", name, f"more than {most} octets behind the end")
        self.refusals.check("write", name)
        try:
            if gap > 0:
                self._device.write(file.number, file.octets, bytes(gap))
                file.octets = offset
            self._device.write(file.number, offset, data)
        except DeviceError as error:
            raise self.refusals.failed("write", name, error) from error
        file.octets = max(file.octets, end)

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that may have it."""
        file, place = self.names.file("rename", name), self.names.new_place("rename to", new_name)
        files, old_place = self.names.state.files, self.names.place("rename", name)
        if place != old_place:
            self.names.doom(files.get(place))
            files[place] = file
            del files[old_place]

    def delete(self, name: str) -> None:
        """Delete a file that is there."""
        self.names.doom(self.names.file("delete", name))
        del self.names.state.files[self.names.place("delete", name)]

    def append(self, name: str, other: str) -> None:
        """Add the content of another file at the end of a file."""
        file, octets = self.names.file("append to", name), self._size_of("append", other)
        before = file.octets
        self.names.check_growth("append to", name, before + octets, octets)
        try:
            for start in range(0, octets, COPY_OCTETS):
                self.write(name, before + start, self.read(other, start, min(COPY_OCTETS, octets - start)))
        except FilestoreError:
            file.octets = before  # what lies behind belongs to nothing and will be written over
            raise

    def replace(self, name: str, other: str) -> None:
        """Put the content of another file in place of a file's."""
        old, octets = self.names.file("replace", name), self._size_of("replace by", other)
        self.names.check_growth("replace", name, octets, octets)
        new = NamedFile(self.names.next_number(), octets)
        try:
            self._device.create(new.number)
            for start in range(0, octets, COPY_OCTETS):
                self._device.write(new.number, start, self.read(other, start, min(COPY_OCTETS, octets - start)))
        except DeviceError as error:
            self.names.doom(new)
            raise self.refusals.failed("replace", name, error) from error
        except FilestoreError:
            self.names.doom(new)
            raise
        self.names.state.files[self.names.place("replace", name)] = new
        self.names.doom(old)

    # ---------------------------------------------------------------- directories

    def is_directory(self, name: str) -> bool:
        """Return whether there is a directory of this name."""
        return self.names.is_directory(self.names.place("look for directory", name))

    def make_directory(self, name: str) -> None:
        """Make a directory that is not there."""
        place, most = self.names.new_place("make directory", name), self.names.limits.directories
        if place in self.names.state.files:
            raise self.refusals.refused("make directory", name, "a file has this name")
        if len(self.names.state.directories) >= most:
            raise self.refusals.refused("make directory", name, f"{most} are as many as may be")
        self.names.state.directories.append(place)

    def remove_directory(self, name: str) -> None:
        """Remove an empty directory."""
        place = self.names.place("remove directory", name)
        if place not in self.names.state.directories:
            raise self.refusals.refused("remove directory", name, "there is no such directory that could be removed")
        if self.names.inside(place):
            raise self.refusals.refused("remove directory", name, "it is not empty")
        self.names.state.directories.remove(place)

    def list_directory(self, name: str) -> list[DirectoryEntry]:
        """Return what is in a directory, by name; of a numbered one at most as much as the memory lists at once."""
        place = self.names.place("list directory", name)
        numbered = self.names.numbered(place)
        if numbered is not None:
            return self._list_numbered(numbered)
        if not self.names.is_directory(place):
            raise self.refusals.refused("list directory", name, "there is none of this name")
        return [DirectoryEntry(inside, octets) for inside, octets in self.names.inside(place).items()]

    def _list_numbered(self, numbered: NumberedDirectory) -> list[DirectoryEntry]:
        self.refusals.check("list directory", numbered.directory)
        try:
            entries = self._device.listing(numbered.first_file, numbered.last_file)
        except DeviceError as error:
            raise self.refusals.failed("list directory", numbered.directory, error) from error
        first, suffix = numbered.first_file, numbered.suffix
        return [DirectoryEntry(f"{entry.file - first:05d}{suffix}", entry.octets) for entry in entries]

    # ---------------------------------------------------------------- beside the protocol

    def make_initial_directories(self) -> None:
        """Make the directories that are there from the start, if they are not."""
        for name in self.names.limits.initial:
            if not self.is_directory(name):
                self.make_directory(name)

    def clean(self) -> int:
        """Delete what nobody needs, once the memory of names is stored; returns how often that failed: 0 or 1."""
        state = self.names.state
        while state.doomed:
            try:
                self._device.delete(state.doomed[0])
            except DeviceError:
                return 1
            del state.doomed[0]
        return 0

    def _size_of(self, operation: str, name: str) -> int:
        octets = self.size(name)
        if octets is None:
            raise self.refusals.refused(operation, name, "there is no such file")
        return octets
