"""Files of this host into which files of the ground are written."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath


def unwritable(local: str) -> str:
    """Why a file cannot be written, in words; empty if nothing speaks against it."""
    path = Path(local)
    try:
        if path.is_dir():
            return f"{local} is a folder, a file is needed"
        if not path.parent.is_dir():
            return f"{local}: there is no folder {path.parent}"
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            return f"{local} cannot be written"
    except (OSError, ValueError) as error:
        return f"{local!r}: {error}"
    return ""


def write_out(local: str, content: bytes) -> str:
    """Write a file; returns why that failed, empty if it is written."""
    try:
        Path(local).write_bytes(content)
    except OSError as error:
        return f"{local}: {error.strerror or error}"
    return ""


def own_name(name: str) -> str:
    """The last part of a name of the ground's filestore."""
    return PurePosixPath(name).name
