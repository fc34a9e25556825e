import pytest

from tlm_cmd.cfdp.pdu.cursor import Cursor, pack_number, pack_size, pack_text, pack_value
from tlm_cmd.errors import FieldRangeError, LengthMismatchError, TooShortError, WrongValueError


def test_fields_are_read_in_order() -> None:
    """Each reads what is next, and all has been read at the end."""
    cursor = Cursor("thing", b"xx\x01\x02\x03abc\x00\x00\x00\x09\x02de", 2)
    assert cursor.number(2) == 0x0102
    assert cursor.value() == b"abc"
    assert cursor.size(large_file=False) == 9
    assert cursor.left == 3
    assert cursor.text("name") == "de"
    cursor.finish()


def test_nothing_is_read_behind_the_end() -> None:
    """The end of the structure counts, not that of the octets."""
    cursor = Cursor("thing", b"\x05abcdef", 0, 4)
    with pytest.raises(TooShortError, match="thing: 5 octets needed, 3 found"):
        cursor.value()
    with pytest.raises(TooShortError):
        Cursor("thing", bytes(7)).size(large_file=True)


def test_what_is_left_is_refused() -> None:
    """The error says how long the structure is and how much of it was read."""
    cursor = Cursor("thing", b"abc")
    cursor.take(2)
    with pytest.raises(LengthMismatchError, match="thing: 3 octets declared, 2 found"):
        cursor.finish()


def test_names_are_utf_8() -> None:
    """Others are refused by the name of the field, when read and when written."""
    assert Cursor("thing", pack_text("name", "ä")).text("name") == "ä"
    with pytest.raises(WrongValueError, match="name"):
        Cursor("thing", b"\x01\xff").text("name")
    with pytest.raises(WrongValueError, match="name"):
        pack_text("name", "\ud800")


def test_limits() -> None:
    """Sizes have four octets or eight, values at most 255, numbers as many as needed or as wanted."""
    assert pack_size("size", 0xFFFFFFFF, large_file=False) == b"\xff" * 4
    assert pack_size("size", 1 << 32, large_file=True).hex() == "0000000100000000"
    for size, large in ((1 << 32, False), (1 << 64, True), (-1, True)):
        with pytest.raises(FieldRangeError, match="size"):
            pack_size("size", size, large_file=large)
    assert pack_value("value", bytes(255))[0] == 255
    with pytest.raises(FieldRangeError, match="octets of value"):
        pack_value("value", bytes(256))
    assert [pack_number("id", number).hex() for number in (0, 255, 256)] == ["00", "ff", "0100"]
    assert pack_number("id", 1, 3).hex() == "000001"
    with pytest.raises(FieldRangeError, match="id"):
        pack_number("id", 256, 1)
