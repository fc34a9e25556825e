"""How a report writes numbers: one form for each quantity, wherever it stands."""

from datetime import UTC, datetime

NARROW_SPACE = "\u202f"
MINUS = "\u2212"
ELLIPSIS = "\u2026"
NOTHING = "\u2013"
"""Stands for a value that was never observed."""

MAX_TEXT = 400
"""Characters of one text in a table; the rest is cut, and the cut is marked."""


def number(value: float | None, digits: int = 1) -> str:
    """A decimal number with a true minus sign and groups of three digits."""
    if value is None:
        return NOTHING
    text = f"{abs(value):,.{digits}f}".replace(",", NARROW_SPACE)
    negative = value < 0 and any(character in "123456789" for character in text)
    return MINUS + text if negative else text


def met(at_s: float | None, digits: int = 0) -> str:
    """Mission elapsed time as ``h:mm:ss``, with decimals of the second when asked for."""
    if at_s is None:
        return NOTHING
    ticks = round(abs(at_s) * 10**digits)
    whole_s, part = divmod(ticks, 10**digits)
    minutes, seconds = divmod(whole_s, 60)
    hours, minutes = divmod(minutes, 60)
    sign = MINUS if at_s < 0 and ticks else ""
    decimals = f".{part:0{digits}d}" if digits else ""
    return f"{sign}{hours}:{minutes:02d}:{seconds:02d}{decimals}"


def utc(start_utc_s: int, at_s: float = 0) -> str:
    """UTC of a mission elapsed time, to the second."""
    return datetime.fromtimestamp(start_utc_s + at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(span_s: float | None) -> str:
    """A length of time in the two units that matter."""
    if span_s is None:
        return NOTHING
    if span_s < 0.9995:
        return f"{span_s * 1000:.0f}{NARROW_SPACE}ms"
    if span_s < 119.5:
        return f"{span_s:.1f}{NARROW_SPACE}s" if span_s < 19.95 else f"{span_s:.0f}{NARROW_SPACE}s"
    minutes, seconds = divmod(round(span_s), 60)
    if minutes < 120:
        return f"{minutes}{NARROW_SPACE}min" + (f" {seconds}{NARROW_SPACE}s" if seconds else "")
    hours, minutes = divmod(round(span_s / 60), 60)
    return f"{hours}{NARROW_SPACE}h" + (f" {minutes}{NARROW_SPACE}min" if minutes else "")


def volume(size_bytes: float | None) -> str:
    """A data volume in decimal units (1 MB = 1 000 000 bytes)."""
    if size_bytes is None:
        return NOTHING
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size_bytes) < 999.5:
            digits = 0 if unit == "B" or abs(size_bytes) >= 99.95 else 1
            return f"{number(size_bytes, digits)}{NARROW_SPACE}{unit}"
        size_bytes /= 1000
    return f"{number(size_bytes, 1)}{NARROW_SPACE}TB"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of one as a percentage; what is not quite everything or nothing never rounds to it."""
    if share is None:
        return NOTHING
    value = share * 100
    step = 10.0**-digits
    if 0 < value < step / 2:
        return f"<{NARROW_SPACE}{step:.{digits}f}{NARROW_SPACE}%"
    if 100 - step / 2 <= value < 100:
        return f">{NARROW_SPACE}{100 - step:.{digits}f}{NARROW_SPACE}%"
    return f"{number(value, digits)}{NARROW_SPACE}%"


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun in the right number."""
    return f"{number(count, 0)} {noun if count == 1 else plural or noun + 's'}"


def reasons(counts: dict[str, int]) -> str:
    """Counts by reason, the most frequent first; equal ones by name."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number(count, 0)} \u00d7 {reason}" for reason, count in ordered if count)


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """The text, cut to at most ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def listed(parts: list[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""
