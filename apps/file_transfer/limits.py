"""Limits of file transfers, and which files of the mass memory have names without being told."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

MAX_NAME_OCTETS = 64
"""Longest name of a file or directory on board, path included."""


class NumberedDirectory(Record):
    """A directory of files that others have written: they can be read, and are named after their numbers."""

    directory: Annotated[str, UpTo(32), "its name"]
    suffix: Annotated[str, UpTo(8), "end of the names of its files"]
    first_file: Annotated[int, U32, "number in the mass memory of the file called 00000"]
    last_file: Annotated[int, U32, "highest number in the mass memory"]


class TransferLimits(Record):
    """What file transfers may use."""

    pdus_per_s: Annotated[int, U16, Range(1, 2000), "most that are sent, as far as the downlink has room"]
    transactions: Annotated[int, U8, Range(1, 200), "sent at a time, and again as many received"]
    remembered: Annotated[int, U16, Range(1, 4096), "closed transactions, each way, to answer what is repeated"]
    parts: Annotated[int, U16, Range(1, 4096), "pieces that a file may consist of while it is received"]
    files: Annotated[int, U16, Range(1, 1024), "received files, those being received included"]
    directories: Annotated[int, U8, Range(1, 64), "those made by the ground, and those of the start"]
    file_octets: Annotated[int, U32, "size of the longest file that is received"]
    capacity_octets: Annotated[int, U32, "of all received files"]
    gap_octets: Annotated[int, U32, "zeros written at once where a part of a file has not come yet"]
    listing_octets: Annotated[int, U16, "longest directory listing"]
    memory_attempts: Annotated[int, U8, Range(1, 100), "before a transaction is given up because of the mass memory"]
    memory_retry_s: Annotated[int, U8, Range(1, 250), Unit("s"), "between them"]
    initial: Annotated[
        tuple[Annotated[str, UpTo(32)], ...], UpTo(8), "directories for received files, there from the first start on"
    ]
    numbered: Annotated[tuple[NumberedDirectory, ...], UpTo(8), "directories of files that others have written"]
