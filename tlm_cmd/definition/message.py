"""Commands, telemetry packets and events as typed, frozen classes, each declared once.

Everything else follows from the class: codec, argument validation, dictionary, limits, documentation::

    class SetHeater(Command, code=2):
        '''Switch one heater line.'''
        line: Annotated[int, U8, Range(0, 7)]
        on: bool
"""

from __future__ import annotations

import re
from enum import Enum, IntEnum, unique
from string import Formatter
from typing import Any, ClassVar, dataclass_transform

import msgspec

from tlm_cmd.errors import DefinitionError

MAX_FUNCTION_CODE = 127  # 7 bits in the cFS-compatible command header
MAX_EVENT_CODE = 255


@unique
class Severity(IntEnum):
    """How much an event matters."""

    DEBUG = 1
    INFO = 2
    ERROR = 3
    CRITICAL = 4


@unique
class Quality(IntEnum):
    """The class of service of a message: each has an inbox of its own, so none can push out another."""

    COMMAND = 0
    TELEMETRY = 1
    BULK = 2


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class _RecordMeta(msgspec.StructMeta):
    """Lets the classes below take keywords of their own, which msgspec's metaclass would refuse."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        **keywords: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        own = {
            key: keywords.pop(key) for base in bases for key in getattr(base, "class_keywords", ()) if key in keywords
        }
        if keywords:
            allowed = ", ".join(key for base in bases for key in getattr(base, "class_keywords", ())) or "none"
            raise TypeError(f"class {name}: keyword {', '.join(keywords)} is not allowed, allowed are {allowed}")
        # frozen and of fixed field order, so that it can be hashed, shared and built from what was decoded; without
        # cyclic garbage collection, because what it holds cannot refer back to it
        record = super().__new__(mcls, name, bases, namespace, frozen=True, gc=False)
        _check_names(record, bases)
        for key, value in own.items():
            type.__setattr__(record, key, value)
        return record


def _check_names(record: Any, bases: tuple[type, ...]) -> None:  # noqa: ANN401 - a class in the making
    """Refuse a field that would hide what its class says of itself.

    Raises:
        DefinitionError: a field has the name of something that the class has already.
    """
    for field in record.__struct_fields__:
        for base in bases:
            inherited = field in getattr(base, "__struct_fields__", ())
            if not inherited and (field in getattr(base, "class_keywords", ()) or hasattr(base, field)):
                raise DefinitionError(
                    record.__name__, field, f"means something else in every {base.__name__}; choose another name"
                )


class Record(msgspec.Struct, metaclass=_RecordMeta):
    """A structure of fields; nested in messages, or a device register map. Frozen.

    Attributes:
        class_keywords: what can be said of a class of this kind, in its declaration.
    """

    class_keywords: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **keywords: Any) -> None:  # noqa: ANN401 - consumed by the metaclass
        """Accept the class keywords that the metaclass has stored."""


class Command(Record):
    """Something an app can be asked to do.

    Class keywords:
        code: function code within the app, 0 to 127.
        hazardous: must be armed before it is accepted.
        secret: its arguments may hold what nobody is to see, so no record tells them; it is stored nowhere on board,
            and taken only as it comes up.
    """

    class_keywords: ClassVar[tuple[str, ...]] = ("code", "hazardous", "secret")
    code: ClassVar[int]
    hazardous: ClassVar[bool] = False
    secret: ClassVar[bool] = False


class Telemetry(Record):
    """Something an app reports.

    Class keywords:
        period_s: how often it is sent, in seconds; None when it is sent on occasion.
        quality: TELEMETRY, or BULK for mass data.
    """

    class_keywords: ClassVar[tuple[str, ...]] = ("period_s", "quality")
    period_s: ClassVar[float | None] = None
    quality: ClassVar[Quality] = Quality.TELEMETRY


class Event(Record):
    """Something that happened.

    Class keywords:
        code: number within the app, 0 to 255.
        severity: how much it matters.
        text: what a person reads, a format string over the fields.
    """

    class_keywords: ClassVar[tuple[str, ...]] = ("code", "severity", "text")
    code: ClassVar[int]
    severity: ClassVar[Severity] = Severity.INFO
    text: ClassVar[str] = ""

    def describe(self) -> str:
        """The event's text with its fields filled in, as people read them."""
        return type(self).text.format(**{name: _shown(getattr(self, name)) for name in self.__struct_fields__})


class ShortEvent(msgspec.Struct, frozen=True):
    """An event without its fields, as the short form carries it.

    Attributes:
        record: the event's class.
    """

    record: type[Event]

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.record.severity

    def describe(self) -> str:
        """The event's text with a gap in the place of each field."""
        pieces = Formatter().parse(self.record.text)
        return "".join(literal if name is None else f"{literal}…" for literal, name, _, _ in pieces)


class _Items(tuple[object, ...]):
    """An array as people read it, whose items a text may still choose by number."""

    __slots__ = ()

    def __str__(self) -> str:
        return "; ".join(map(_item, self)) or "none"


def _item(value: object) -> str:
    if isinstance(value, Record):
        return ", ".join(f"{name} {_shown(getattr(value, name))}" for name in value.__struct_fields__)
    return str(_shown(value))


def _shown(value: object) -> object:
    """A value as people read it: enumerations by name, items one behind the other, records in them by their fields."""
    match value:
        case Enum():
            return value.name
        case tuple():
            return _Items(value)
        case _:
            return value


def screaming_snake(name: str) -> str:
    """``SetHeater`` as a controller types it: ``SET_HEATER``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).upper()


REPORTS = (Telemetry, Event)
"""What an app says; for ``isinstance`` on busy paths, where a union made in place costs more than the check."""
