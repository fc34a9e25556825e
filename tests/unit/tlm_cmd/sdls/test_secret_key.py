import copy
import logging
import pickle
import traceback

import msgspec
import pytest

from tlm_cmd.errors import WrongValueError
from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyState
from tlm_cmd.sdls.secret_key import SecretKey

OCTETS = bytes(range(200, 232))
KEY = SecretKey(OCTETS)


def traces(octets: bytes) -> list[str]:
    """Return the ways in which octets could stand in a text."""
    return [octets.hex(), octets.hex().upper(), octets.hex(" "), repr(octets)[2:-1], str(list(octets))[1:-1]]


def shows(text: str) -> bool:
    """Whether a text shows at least 4 octets of the key in a row, in any way of writing."""
    return any(
        trace in text or trace in text.lower() for at in range(len(OCTETS) - 3) for trace in traces(OCTETS[at : at + 4])
    )


def test_a_text_that_shows_the_key_is_found() -> None:
    """The search for the key in texts finds it where it is: this test could fail."""
    assert all(shows(f"key {text}") for text in (OCTETS.hex(), repr(OCTETS), str(list(OCTETS)), OCTETS[5:9].hex()))
    assert not shows("SecretKey(256 bits, hidden)")


@pytest.mark.parametrize("holder", [KEY, [KEY], {"key": KEY}, KeyEntry(1, KeyKind.SESSION, KeyState.ACTIVE, KEY)])
def test_nothing_that_prints_shows_it(holder: object, caplog: pytest.LogCaptureFixture) -> None:
    """Neither repr, str, format nor a log line shows an octet of a key, nor of what holds one."""
    logging.getLogger("keys").warning("%s %r", holder, holder)
    assert "hidden" in caplog.text
    assert not shows(f"{holder} {holder!r} {caplog.text}")


@pytest.mark.parametrize("holder", [KEY, KeyEntry(1, KeyKind.SESSION, KeyState.ACTIVE, KEY)])
def test_no_serialiser_takes_it(holder: object) -> None:
    """It goes into no checkpoint, no bus message, no JSON and no pickle."""
    for serialise in (msgspec.msgpack.encode, msgspec.json.encode, msgspec.to_builtins, pickle.dumps):
        with pytest.raises(TypeError):
            serialise(holder)


def test_errors_do_not_show_it() -> None:
    """What is no key is refused with its length, and no traceback carries its octets or digits."""
    for make in (lambda: SecretKey(OCTETS[:31]), lambda: SecretKey.from_hex(OCTETS.hex() + "xy")):
        with pytest.raises(WrongValueError) as caught:
            make()
        assert not shows("".join(traceback.format_exception(caught.value)))
        assert caught.value.__context__ is None


@pytest.mark.parametrize("octets", [0, 1, 15, 17, 24, 31, 33])
def test_lengths(octets: int) -> None:
    """A key has 16 or 32 octets; 24 are no key of the standard's algorithms."""
    with pytest.raises(WrongValueError, match=f"key octets is {octets}"):
        SecretKey(bytes(octets))
    assert (len(SecretKey(bytes(16))), len(SecretKey(bytes(32)))) == (16, 32)


def test_equality_and_copies() -> None:
    """Keys of the same octets are equal, others are not, and a copy is the same key."""
    same, other = SecretKey.from_hex(OCTETS.hex()), SecretKey(OCTETS[:-1] + b"\0")
    assert same == KEY
    assert hash(same) == hash(KEY)
    assert other not in {KEY, OCTETS}
    assert copy.deepcopy(KEY) is copy.copy(KEY) is KEY
    assert KEY.reveal() == OCTETS


def test_check_value() -> None:
    """It is the first 8 octets of a known digest, differs between keys and shows nothing of the key."""
    assert KEY.check_value == "260b532bddaaccb5"
    assert SecretKey(bytes(32)).check_value != SecretKey(bytes(16)).check_value
    assert not shows(KEY.check_value)
