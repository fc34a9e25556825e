"""The file that holds the keys of one end of the link: readable by its owner only, from its first moment on.

What stands in it is `tlm_cmd.sdls.key_document`. No message here shows any of it.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from flightsw.errors import FlightSoftwareError
from flightsw.hal.files import HOST_FILES, write_all
from tlm_cmd.errors import ProtocolError
from tlm_cmd.sdls.key_document import MAX_DOCUMENT_OCTETS, pack_key_document, unpack_key_document
from tlm_cmd.sdls.key_ring import KeyRing

KEY_FILE_MODE = 0o600


class KeyFileError(FlightSoftwareError):
    """The key file cannot be used; says what to change, and nothing of what stands in it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"key file {path}: {problem}")
        self.path, self.problem = path, problem


def read_key_file(path: Path) -> KeyRing:
    """Read the keys.

    The file must be a regular one and no link, belong to the user who reads it, and have mode 0600. It is what was
    opened that is checked, so that nobody can put another file in its place between.

    Raises:
        KeyFileError: it is not so, the file cannot be read, or it is no key file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileError(path, error.strerror or "cannot be opened") from None
    try:
        _check(path, os.fstat(descriptor))
        octets = os.read(descriptor, MAX_DOCUMENT_OCTETS + 1)
    except OSError as error:
        raise KeyFileError(path, error.strerror or "cannot be read") from None
    finally:
        os.close(descriptor)
    try:
        return unpack_key_document(octets)
    except ProtocolError as error:
        raise KeyFileError(path, str(error)) from None


def write_key_file(path: Path, ring: KeyRing) -> None:
    """Write the keys in the place of an older file; whatever moment the power is lost, there is the old or the new one.

    Raises:
        KeyFileError: it cannot be written; the old one stays.
    """
    _write(path, ring, replace=True)


def create_key_file(path: Path, ring: KeyRing) -> None:
    """Write the keys where there is no file yet: keys that are lost cannot be made again.

    Raises:
        KeyFileError: there is one, or it cannot be written.
    """
    _write(path, ring, replace=False)


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyFileError(path, "is no regular file")
    if found.st_uid != os.geteuid():
        raise KeyFileError(path, f"belongs to user {found.st_uid}; it must belong to {os.geteuid()}, who reads it")
    mode = stat.S_IMODE(found.st_mode)
    if mode != KEY_FILE_MODE:
        raise KeyFileError(
            path, f"has mode {mode:04o}; it must be {KEY_FILE_MODE:04o}: chmod 600, if nobody has read it"
        )


def _write(path: Path, ring: KeyRing, *, replace: bool) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}~")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, KEY_FILE_MODE)
        try:
            try:
                os.fchmod(descriptor, KEY_FILE_MODE)  # whatever the umask has taken away
                write_all(HOST_FILES, descriptor, pack_key_document(ring))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if replace:
                beside.replace(path)
            else:
                os.link(beside, path)
            HOST_FILES.sync_folder(path.parent)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        raise KeyFileError(path, "is there already, and is not overwritten") from None
    except OSError as error:
        raise KeyFileError(path, error.strerror or "cannot be written") from None
