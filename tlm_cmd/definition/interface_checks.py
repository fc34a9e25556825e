"""Checks of what message classes declare besides their fields, made when a dictionary is built."""

from __future__ import annotations

import re
from math import inf

from tlm_cmd.definition.entries import (
    APIDS_PER_APP,
    HIGHEST_APP_APID,
    AppInterface,
    DictionaryError,
    EventEntry,
    TelemetryEntry,
)
from tlm_cmd.definition.layout import FieldLayout, Kind, layout_of
from tlm_cmd.definition.message import Command, Event, Quality, Severity

_APP_NAME = re.compile(r"[a-z][a-z0-9_]*")


def check_app(app: AppInterface) -> None:
    """Refuse an app whose name or APIDs could not be told apart from others.

    Raises:
        DictionaryError: the name is badly formed, the APID is no multiple of those of an app or out of range, or it
            has more packets than APIDs.
    """
    if not _APP_NAME.fullmatch(app.name):
        raise DictionaryError(f"app {app.name!r}: a name is lower case, digits and _, and begins with a letter")
    if app.apid % APIDS_PER_APP or not APIDS_PER_APP <= app.apid <= HIGHEST_APP_APID:
        raise DictionaryError(
            f"{app.name}: apid 0x{app.apid:03x} is no multiple of {APIDS_PER_APP} "
            f"from 0x{APIDS_PER_APP:03x} to 0x{HIGHEST_APP_APID & ~(APIDS_PER_APP - 1):03x}"
        )
    if len(app.telemetry) >= APIDS_PER_APP:
        raise DictionaryError(f"{app.name} has {len(app.telemetry)} telemetry packets, at most {APIDS_PER_APP - 1}")


def check_code(name: str, record: type[Command | Event], highest: int) -> None:
    """Refuse a missing code, or one that the packet cannot carry.

    Raises:
        DictionaryError: the code is no whole number from 0 to ``highest``.
    """
    code = getattr(record, "code", None)
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= highest:
        raise DictionaryError(f"{name}: code is {code}, allowed are 0 to {highest}")


def check_period(entry: TelemetryEntry) -> None:
    """Refuse a period or a quality that telemetry cannot have.

    Raises:
        DictionaryError: the period is no finite number of seconds above 0, or the quality is no quality.
    """
    period_s, quality = entry.record.period_s, entry.record.quality
    if period_s is not None and (isinstance(period_s, bool) or not isinstance(period_s, int | float)):
        raise DictionaryError(f"{entry.name}: period_s is {period_s!r}, allowed are None and what is above 0")
    if period_s is not None and not 0 < period_s < inf:
        raise DictionaryError(f"{entry.name}: period_s is {period_s}, allowed are None and what is above 0")
    if quality not in (Quality.TELEMETRY, Quality.BULK):
        raise DictionaryError(f"{entry.name}: quality is {quality!r}, allowed are TELEMETRY and BULK")


def check_text(entry: EventEntry) -> None:
    """Refuse a text that could not be filled in when the event happens.

    Raises:
        DictionaryError: the severity is none, the text is no text, or it names what the event has not.
    """
    record = entry.record
    if not isinstance(record.severity, Severity):
        raise DictionaryError(
            f"{entry.name}: severity is {record.severity!r}, allowed are {', '.join(Severity.__members__)}"
        )
    if not isinstance(record.text, str):
        raise DictionaryError(f"{entry.name}: text is {record.text!r}, a text is needed")
    try:
        record(**{field.name: _sample(field) for field in layout_of(record).fields}).describe()
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise DictionaryError(f"{entry.name}: the text {record.text!r} cannot be filled in, {problem}") from error


def _sample(field: FieldLayout) -> object:
    """A value of the kind that a field holds."""
    if field.enumeration is not None:
        return next(iter(field.enumeration))
    if field.record is not None:
        return field.record.python_class(**{inner.name: _sample(inner) for inner in field.record.fields})
    samples: dict[Kind, object] = {
        Kind.INTEGER: 1,
        Kind.FLOAT: 1.5,
        Kind.BOOLEAN: True,
        Kind.TEXT: "text",
        Kind.OCTETS: b"octets",
    }
    return samples.get(field.kind, ())
