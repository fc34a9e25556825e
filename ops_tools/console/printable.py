"""Texts from afar made harmless: a terminal must not obey what stands in a text of a spacecraft, or of its forger."""


def printable(text: str, *, ascii_only: bool = False) -> str:
    """The text with a question mark for each character that moves the cursor, or that the terminal cannot show."""
    if text.isprintable() and (not ascii_only or text.isascii()):
        return text
    return "".join(each if each.isprintable() and (not ascii_only or each.isascii()) else "?" for each in text)
