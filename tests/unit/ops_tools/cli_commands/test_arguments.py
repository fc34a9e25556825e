"""Arguments of the command line are checked before anything is begun."""

import os
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from ops_tools.cli_commands.arguments import above_zero, count, orbits, output_file, output_folder, sendable


@pytest.mark.parametrize("text", ["nan", "inf", "0", "-1", "x", "", "1e999"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    """Neither a word, nor an end that is none, nor nothing."""
    for kind in (above_zero, orbits):
        with pytest.raises(ArgumentTypeError, match="is not a number above 0"):
            kind(text)


def test_numbers_are_taken_up_to_their_bound() -> None:
    """A year of orbits is the most."""
    assert (above_zero("0.5"), orbits("5500")) == (0.5, 5500.0)
    with pytest.raises(ArgumentTypeError, match="up to 5500"):
        orbits("5501")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "\u0661", "+3"])
def test_counts_are_whole_numbers_from_one(text: str) -> None:
    """Digits are those of ASCII."""
    with pytest.raises(ArgumentTypeError, match="is not a whole number from 1"):
        count(text)
    assert count("50") == 50


def test_octets_that_are_no_text_are_named() -> None:
    """The shell passes any octets on; the error says which argument holds them."""
    assert sendable("app=caméra", "app") == "app=caméra"
    with pytest.raises(ArgumentTypeError, match="app holds octet 0xff, which is no UTF-8 text"):
        sendable(os.fsdecode(b"app=\xff"), "app")


def test_files_may_be_new_or_there(tmp_path: Path) -> None:
    """Also in folders that are not there yet; a device is fine."""
    there = tmp_path / "there"
    there.touch()
    for path in (there, tmp_path / "new", tmp_path / "a" / "b" / "new", Path(os.devnull)):
        assert output_file(str(path)) == path
    assert list(tmp_path.iterdir()) == [there]


def test_places_where_no_file_can_be_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, below a file, a link to nowhere, a folder that is closed."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(ArgumentTypeError, match="is a folder, a file is needed"):
        output_file(str(tmp_path))
    with pytest.raises(ArgumentTypeError, match="file is not a folder"):
        output_file(str(tmp_path / "file" / "a" / "b"))
    with pytest.raises(ArgumentTypeError, match="is a link to a place that is not there"):
        output_file(str(tmp_path / "link"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ArgumentTypeError, match="cannot be written"):
        output_file(str(tmp_path / "new"))
    with pytest.raises(ArgumentTypeError, match="cannot be written"):
        output_file(str(tmp_path / "file"))


def test_folders_may_be_new_or_there(tmp_path: Path) -> None:
    """A file in the way is refused, be it the last part or before."""
    (tmp_path / "file").touch()
    assert output_folder(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert output_folder(str(tmp_path)) == tmp_path
    for path in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(ArgumentTypeError, match="file is not a folder"):
            output_folder(str(path))
