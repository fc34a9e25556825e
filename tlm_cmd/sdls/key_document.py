"""The key file's content: TOML with every key of one end, its count and a digest (this project's own format).

Whoever reads it is an operator who must see which keys there are; whoever writes it is this module. No message of an
error here shows what stands in the file.
"""

import hashlib
import tomllib
from typing import Any

from tlm_cmd.errors import LengthMismatchError, ProtocolError
from tlm_cmd.sdls.key_ring import MAX_KEYS, KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import SecretKey

DOCUMENT_VERSION = 1
MAX_DOCUMENT_OCTETS = 65_536

_HEADER = """\
# Keys of one end of the link. SECRET: mode 0600, no copy anywhere, no backup in the clear.
# Written by flightsw; a change by hand makes the digest wrong.
"""
_SIMULATION = "# FOR SIMULATIONS ONLY: derived from a seed, known to everybody.\n"


class KeyDocumentError(ProtocolError):
    """The octets are no key document; says what is wrong, and nothing of what stands there."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"key document: {problem}")
        self.problem = problem


def pack_key_document(ring: KeyRing) -> bytes:
    """Return a ring as the octets of a key file. They are secret."""
    lines = [_HEADER, _SIMULATION if ring.simulation else "", f"version = {DOCUMENT_VERSION}\n"]
    lines += [f"simulation = {str(ring.simulation).lower()}\n", f"count = {len(ring.entries)}\n"]
    lines.append(f'digest = "{_digest(ring)}"\n')
    for entry in ring.entries:
        lines += [f"\n[[key]]\nid = {entry.key_id}\n", f'kind = "{entry.kind.name.lower()}"\n']
        lines.append(f'state = "{entry.state.name.lower()}"\n')
        if entry.secret is not None:
            lines.append(f'octets = "{entry.secret.reveal().hex()}"\n')
    return "".join(lines).encode()


def unpack_key_document(octets: bytes) -> KeyRing:
    """Read the octets of a key file.

    Raises:
        LengthMismatchError: there are more than 65,536.
        KeyDocumentError: they are no key document, or it was changed or cut.
        KeyRefusedError: an id or a key comes twice.
    """
    if len(octets) > MAX_DOCUMENT_OCTETS:
        raise LengthMismatchError("key document", MAX_DOCUMENT_OCTETS, len(octets))
    document = _parse(octets)  # errors are raised outside of handlers: no traceback carries what stands in the file
    if document is None or document.get("version") != DOCUMENT_VERSION:
        raise KeyDocumentError(f"it is no TOML with 'version = {DOCUMENT_VERSION}'")
    keys, simulation = document.get("key", []), document.get("simulation")
    if not isinstance(keys, list) or not isinstance(simulation, bool):
        raise KeyDocumentError("'key' is no array of tables, or 'simulation' is neither true nor false")
    if document.get("count") != len(keys) or len(keys) > MAX_KEYS:
        raise KeyDocumentError(f"'count' is not the number of keys, {len(keys)}, or that is more than {MAX_KEYS}")
    entries = []
    for number, fields in enumerate(keys, start=1):
        entry = _read_entry(fields)
        if entry is None:
            raise KeyDocumentError(f"key number {number} is not id, kind, state and octets as they must be")
        entries.append(entry)
    ring = KeyRing(entries, simulation=simulation)
    if document.get("digest") != _digest(ring):
        raise KeyDocumentError("the digest is wrong: it was changed or damaged")
    return ring


def _parse(octets: bytes) -> dict[str, Any] | None:
    try:
        return tomllib.loads(octets.decode())
    except (ValueError, RecursionError):
        return None


def _read_entry(fields: Any) -> KeyEntry | None:  # noqa: ANN401 - whatever TOML may hold
    if not isinstance(fields, dict) or type(fields.get("id")) is not int:
        return None
    try:
        kind, state = KeyKind[str(fields.get("kind")).upper()], KeyState[str(fields.get("state")).upper()]
        digits = fields.get("octets")
        secret = None if digits is None else SecretKey.from_hex(str(digits))
        entry = KeyEntry(fields["id"], kind, state, secret)
    except (KeyError, ProtocolError):
        return None
    return entry if (secret is None) is (state is KeyState.DESTROYED) else None


def _digest(ring: KeyRing) -> str:
    """Return a digest over all that a ring holds."""
    digest = hashlib.sha256(b"simulation" if ring.simulation else b"")
    for entry in ring.entries:
        secret = b"" if entry.secret is None else entry.secret.reveal()
        digest.update(entry.key_id.to_bytes(2, "big") + bytes([entry.kind, entry.state, len(secret)]) + secret)
    return digest.hexdigest()
