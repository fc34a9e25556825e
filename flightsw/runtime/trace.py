"""The trace of a flight: every packet, event and command in order, chained into one SHA-256.

Two runs are the same exactly when their hashes are; the hash after each simulated second tells where they part.
"""

from __future__ import annotations

import hashlib
import struct
from typing import BinaryIO

_HEADER = struct.Struct(">QHI")


class TraceChain:
    """Hashes records in the order they come.

    Args:
        file: where to write the records as well, for comparing two runs; None keeps only the hash.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._chain = hashlib.sha256()
        self._file = file
        self.records = 0

    def add(self, now_ns: int, kind: int, data: bytes) -> None:
        """Append one record.

        Args:
            now_ns: vehicle time.
            kind: message id, 0 for marks.
            data: the record's octets.
        """
        header = _HEADER.pack(now_ns, kind, len(data))
        self._chain.update(header)
        self._chain.update(data)
        self.records += 1
        if self._file is not None:
            self._file.write(header + data)

    def digest(self) -> str:
        """The chain's value so far, hexadecimal."""
        return self._chain.hexdigest()
