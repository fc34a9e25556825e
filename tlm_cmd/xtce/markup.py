"""XTCE 1.2 as XML is written: elements in the order they were made, the same octets from the same content."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from tlm_cmd.xtce.errors import XtceError

NAMESPACE = "http://www.omg.org/spec/XTCE/20180204"
"""XTCE 1.2 (CCSDS 660.0-B-2)."""

_NAME = re.compile(r"[^./:\[\]\s]+")
_NO_CHARACTER = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(tag: str, *children: ET.Element | None, **attributes: str | float | None) -> ET.Element:
    """An element; children and attributes that are None are left out, numbers are written as XML Schema writes them."""
    made = ET.Element(tag, {key: as_text(value) for key, value in attributes.items() if value is not None})
    made.extend([child for child in children if child is not None])
    return made


def text_element(tag: str, text: str) -> ET.Element | None:
    """An element with text in it, None when the text is empty."""
    if not text:
        return None
    made = ET.Element(tag)
    made.text = _NO_CHARACTER.sub(" ", text)
    return made


def group(tag: str, children: list[ET.Element]) -> ET.Element | None:
    """An element around others, None when there are none: XTCE knows no empty sets."""
    return element(tag, *children) if children else None


def as_text(value: str | float) -> str:
    """A value as the text of an attribute: ``true`` for booleans, the shortest exact form of numbers."""
    match value:
        case str():
            return _NO_CHARACTER.sub(" ", value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return repr(float(value))


def checked_name(kind: str, name: str) -> str:
    """The name itself.

    Raises:
        XtceError: XTCE cannot carry it; a name has no blank and none of ``. / : [ ]``.
    """
    if not _NAME.fullmatch(name):
        raise XtceError(kind, name, 0, "a name in XTCE has no blank and none of . / : [ ]")
    return name


def serialise(root: ET.Element) -> str:
    """The whole document, indented, with XML declaration."""
    root.set("xmlns", NAMESPACE)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
