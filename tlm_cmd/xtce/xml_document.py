"""XTCE files of others as plain nodes that know their line, read with bounds: nobody vouches for the file.

No document type, no entities of its own, no inclusion of other files; size, depth and number of elements are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan, nan
from xml.parsers import expat

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.xtce.errors import XtceError

MAX_DOCUMENT_OCTETS = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 2_000_000

_SEPARATOR = " "


class Node:
    """One element.

    Attributes:
        tag: its name without namespace.
        attributes: by name; those of other namespaces than XTCE's own are left out.
        children: in order.
        text: what stands directly in it.
        line: where it begins.
    """

    __slots__ = ("attributes", "children", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag, self.attributes, self.line = tag, attributes, line
        self.children: list[Node] = []
        self.text = ""

    @property
    def name(self) -> str:
        """The ``name`` attribute, empty when there is none."""
        return self.attributes.get("name", "")

    def error(self, problem: str) -> XtceError:
        """An error that names this element."""
        return XtceError(self.tag, self.name, self.line, problem)

    def unsupported(self) -> XtceError:
        """The error for an element that this package does not know how to honour."""
        return self.error("is not supported")

    def find(self, *tags: str) -> Node | None:
        """The first child of one of these tags, None when there is none."""
        return next((child for child in self.children if child.tag in tags), None)

    def one(self, *tags: str) -> Node:
        """The first child of one of these tags.

        Raises:
            XtceError: there is none.
        """
        found = self.find(*tags)
        if found is None:
            raise self.error(f"has no {' or '.join(tags)}")
        return found

    def all(self, tag: str) -> Iterator[Node]:
        """The children of one tag."""
        return (child for child in self.children if child.tag == tag)

    def only(self, *tags: str) -> None:
        """Refuse children of any other tag.

        Raises:
            XtceError: there is one; the error names it and its line.
        """
        for child in self.children:
            if child.tag not in tags:
                raise child.error(f"within {self.tag} {self.name!r} is not supported")

    def get(self, attribute: str) -> str:
        """An attribute that must be there.

        Raises:
            XtceError: it is missing.
        """
        value = self.attributes.get(attribute)
        if value is None:
            raise self.error(f"has no attribute {attribute}")
        return value

    def integer(self, attribute: str, default: int | None = None) -> int:
        """An attribute that is a whole number.

        Raises:
            XtceError: it is none, or it is missing and has no default.
        """
        text = self.attributes.get(attribute)
        if text is None and default is not None:
            return default
        return self.as_integer(self.get(attribute))

    def number(self, attribute: str, default: float | None = None) -> float:
        """An attribute that is a number.

        Raises:
            XtceError: it is none, or it is missing and has no default.
        """
        text = self.attributes.get(attribute)
        if text is None and default is not None:
            return default
        return self.as_number(self.get(attribute))

    def flag(self, attribute: str, *, default: bool) -> bool:
        """An attribute that is true or false.

        Raises:
            XtceError: it is neither.
        """
        text = self.attributes.get(attribute)
        if text is None:
            return default
        if text.strip().lower() in ("true", "1"):
            return True
        if text.strip().lower() in ("false", "0"):
            return False
        raise self.error(f"{attribute} is {text!r}, allowed are true and false")

    def as_integer(self, text: str) -> int:
        """A whole number as XTCE writes it: decimal, or with 0x, 0o or 0b in front.

        Raises:
            XtceError: it is none.
        """
        text = text.strip()
        if len(text) <= 80 and text.isascii():
            for base in (10, 0):
                try:
                    return int(text, base)
                except ValueError:
                    continue
        raise self.error(f"{text[:80]!r} is no whole number")

    def as_number(self, text: str) -> float:
        """A number, or infinity.

        Raises:
            XtceError: it is none.
        """
        try:
            number = float(text.strip().replace("INF", "inf"))
        except ValueError:
            number = nan
        if isnan(number):
            raise self.error(f"{text[:80]!r} is no number")
        return number


class _Builder:
    def __init__(self, parser: expat.XMLParserType) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._texts: list[list[str]] = []
        self._elements = 0
        self._parser = parser

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        line = self._parser.CurrentLineNumber
        namespace, _, local = tag.rpartition(_SEPARATOR)
        own = {name: value for name, value in attributes.items() if _SEPARATOR not in name}
        node = Node(local, own, line)
        if self._elements > MAX_ELEMENTS:
            raise node.error(f"is one more than the {MAX_ELEMENTS} elements that are read")
        if len(self._open) >= MAX_DEPTH:
            raise node.error(f"stands deeper than the {MAX_DEPTH} levels that are read")
        if namespace and "xtce" not in namespace.lower():
            raise node.error(f"of namespace {namespace} is not supported")
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)
        self._texts.append([])

    def end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def data(self, text: str) -> None:
        self._texts[-1].append(text)

    def declared(self, *_: object) -> None:
        raise XtceError("DOCTYPE", "", self._parser.CurrentLineNumber, "document types and entities are not read")


def parse_document(data: bytes) -> Node:
    """The root element of a document.

    Raises:
        FieldRangeError: the document is larger than is read.
        XtceError: it is no XML, declares a document type or an entity, is too deep or has too many elements.
    """  # noqa: DOC501 - what else is caught there becomes an XtceError
    if len(data) > MAX_DOCUMENT_OCTETS:
        raise FieldRangeError("octets of the document", len(data), 0, MAX_DOCUMENT_OCTETS)
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    builder = _Builder(parser)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = builder.declared
    parser.EntityDeclHandler = builder.declared
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise XtceError("document", "", error.lineno, f"is no well-formed XML: {error}") from None
    except (ValueError, LookupError) as error:  # an encoding that nobody knows
        if isinstance(error, XtceError):
            raise
        raise XtceError("document", "", 1, f"is no well-formed XML: {error}") from None
    if builder.root is None:
        raise XtceError("document", "", 1, "has no element")
    return builder.root
