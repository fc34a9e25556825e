import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import LengthMismatchError, ProtocolError
from tlm_cmd.sdls.key_document import KeyDocumentError, pack_key_document, unpack_key_document
from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys


def ring() -> KeyRing:
    """A ring with keys of all kinds and states."""
    keys = derive_simulation_keys(3, [1, 2], [128, 129, 130], [140])
    keys.deactivate([129, 130])
    keys.destroy([130])
    return KeyRing(keys.entries)


DOCUMENT = pack_key_document(ring())


def test_round_trip() -> None:
    """A ring comes back from its document, with the word on whether it is a simulation's."""
    for simulation in (False, True):
        keys = KeyRing(ring().entries, simulation=simulation)
        found = unpack_key_document(pack_key_document(keys))
        assert (found.entries, found.simulation) == (keys.entries, simulation)
    assert unpack_key_document(pack_key_document(KeyRing())).entries == []


def test_every_changed_or_missing_line_is_found() -> None:
    """A document without one of its lines, comments and empty ones aside, or cut anywhere, is refused."""
    lines = DOCUMENT.decode().splitlines(keepends=True)
    for at, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            with pytest.raises(ProtocolError):
                unpack_key_document("".join(lines[:at] + lines[at + 1 :]).encode())
    for length in range(len(DOCUMENT.rstrip())):
        with pytest.raises(ProtocolError):
            unpack_key_document(DOCUMENT[:length])


def test_every_changed_digit_is_found() -> None:
    """A document in which any one digit of any key is changed is refused."""
    text = DOCUMENT.decode()
    start = text.index("octets")
    for at in range(start, len(text), 7):
        if text[at] in "0123456789abcdef" and '"' not in text[at - 1 : at + 2]:
            with pytest.raises(ProtocolError):
                unpack_key_document((text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]).encode())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version = 1", "version = 2", "version = 1"),
        ("simulation = false", "simulation = 0", "simulation"),
        ("count = 6", "count = 7", "count"),
        ("[[key]]", "[key]", "TOML"),
        ("id = 128", "id = true", "key number 3"),
        ("id = 128", "id = 65536", "key number 3"),
        ("id = 128", "id = 129", "named twice"),
        ('kind = "master"', 'kind = "chief"', "key number 1"),
        ('state = "destroyed"', 'state = "active"', "key number 5"),
        ('state = "active"', 'state = "destroyed"', "key number 1"),
        ('state = "active"', 'state = "deactivated"', "digest"),
        ('octets = "', 'octets = "xy', "key number 1"),
        ("simulation = false", "simulation = true", "digest"),
    ],
)
def test_what_is_refused(old: str, new: str, words: str) -> None:
    """What is wrong is said, and neither message nor traceback shows a key."""
    changed = DOCUMENT.decode().replace(old, new, 1)
    assert changed != DOCUMENT.decode()
    with pytest.raises(ProtocolError, match=words) as caught:
        unpack_key_document(changed.encode())
    text = "".join(traceback.format_exception(caught.value))
    digits = [entry.secret.reveal().hex() for entry in ring().entries if entry.secret is not None]
    assert not any(each[at : at + 8] in text for each in digits for at in range(57))


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_octets_are_refused(octets: bytes) -> None:
    """Whatever else it may be, it is refused with a declared error."""
    with pytest.raises(KeyDocumentError):
        unpack_key_document(octets)


def test_a_document_has_a_bound() -> None:
    """More than 65,536 octets are not even looked at, and the largest ring fits."""
    with pytest.raises(LengthMismatchError):
        unpack_key_document(bytes(65_537))
    full = derive_simulation_keys(1, range(128), range(128, 256))
    assert unpack_key_document(pack_key_document(full)).entries == full.entries
