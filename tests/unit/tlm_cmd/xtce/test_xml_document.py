from __future__ import annotations

import pytest

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.xtce import xml_document
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.xml_document import parse_document


def test_elements_know_their_line_and_their_text() -> None:
    """With any prefix; attributes of other namespaces are left out."""
    root = parse_document(
        b'<a xmlns="http://x/xtce" xmlns:o="other" o:k="1" name="n">\n <b v="0x1F">\n  text &amp; more </b>\n</a>'
    )
    (inner,) = root.children
    assert (root.tag, root.name, root.attributes, root.line) == ("a", "n", {"name": "n"}, 1)
    assert (inner.tag, inner.text, inner.line, inner.integer("v")) == ("b", "text & more", 2, 31)


LAUGHS = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "document: is no well-formed XML: no element found"),
        (b"<a>\n<b>\n</a>", r"line 3: document: is no well-formed XML: mismatched tag"),
        (b"<a>&undefined;</a>", "undefined entity"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "is no well-formed XML"),
        (b"<a/>\xff", "is no well-formed XML"),
        (LAUGHS, "DOCTYPE: document types and entities are not read"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DOCTYPE: document types and entities are not read"),
        (b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="x"/></a>', "include: of namespace"),
        (b"<a>" * 65 + b"</a>" * 65, "stands deeper than the 64 levels that are read"),
    ],
)
def test_what_nobody_vouches_for_is_refused(data: bytes, message: str) -> None:
    """Malformed, with a document type, with entities, with inclusions, too deep."""
    with pytest.raises(XtceError, match=message):
        parse_document(data)


def test_size_and_number_of_elements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, and while, it is read."""
    monkeypatch.setattr(xml_document, "MAX_DOCUMENT_OCTETS", 20)
    with pytest.raises(FieldRangeError, match="octets of the document is 21, allowed are 0 to 20"):
        parse_document(b"<a>" + b" " * 14 + b"</a>")
    monkeypatch.setattr(xml_document, "MAX_DOCUMENT_OCTETS", 1000)
    monkeypatch.setattr(xml_document, "MAX_ELEMENTS", 3)
    assert len(parse_document(b"<a><b/><b/></a>").children) == 2
    with pytest.raises(XtceError, match="is one more than the 3 elements that are read"):
        parse_document(b"<a><b/><b/><b/></a>")


@pytest.mark.parametrize(
    ("attribute", "ask", "message"),
    [
        ("", "integer", "a: has no attribute v"),
        ('v="x"', "integer", "'x' is no whole number"),
        ('v="1.5"', "integer", "'1.5' is no whole number"),
        ('v="x"', "number", "'x' is no number"),
        ("", "number", "a: has no attribute v"),
    ],
)
def test_attributes_that_are_no_numbers_are_refused(attribute: str, ask: str, message: str) -> None:
    """By the element's name and line."""
    node = parse_document(f"<a {attribute}/>".encode())
    with pytest.raises(XtceError, match=message):
        getattr(node, ask)("v")


def test_attributes_are_read_as_xml_schema_writes_them() -> None:
    """Numbers in several bases, infinity, true and false."""
    node = parse_document(b'<a i="007" j="0b11" x="-INF" y="1e3" t="true" f="0" z="perhaps"/>')
    assert [node.integer("i"), node.integer("j"), node.integer("k", 5)] == [7, 3, 5]
    assert [node.number("x"), node.number("y"), node.number("k", 0.5)] == [float("-inf"), 1000.0, 0.5]
    assert [node.flag("t", default=False), node.flag("f", default=True), node.flag("k", default=True)] == [
        True,
        False,
        True,
    ]
    with pytest.raises(XtceError, match="z is 'perhaps', allowed are true and false"):
        node.flag("z", default=True)
