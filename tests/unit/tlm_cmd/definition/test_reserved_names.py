from types import new_class
from typing import Annotated

import pytest

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import U8, UpTo
from tlm_cmd.definition.layout import DefinitionError
from tlm_cmd.definition.message import Command, Event, Record, Telemetry


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (Command, "code"),
        (Command, "hazardous"),
        (Telemetry, "period_s"),
        (Telemetry, "quality"),
        (Event, "code"),
        (Event, "severity"),
        (Event, "text"),
        (Event, "describe"),
        (Event, "class_keywords"),
    ],
)
def test_a_field_cannot_take_the_name_of_what_the_class_says_of_itself(base: type[Record], name: str) -> None:
    """A field called like a class keyword or a method is refused when the class is made, naming class and field."""
    with pytest.raises(DefinitionError, match=rf"Colliding\.{name}: .*{base.__name__}.*another name") as caught:
        new_class("Colliding", (base,), {}, lambda body: body.update(__annotations__={name: Annotated[int, U8]}))
    assert (caught.value.owner, caught.value.field) == ("Colliding", name)


def test_an_inherited_class_collides_as_well() -> None:
    """The names stay taken in classes that derive from a declared event."""

    class Base(Event, code=1, text="{value}"):
        value: Annotated[int, U8]

    with pytest.raises(DefinitionError, match=r"Derived\.text"):

        class Derived(Base, code=2):
            text: Annotated[str, UpTo(4)]  # type: ignore[misc]


def test_other_kinds_may_use_the_names() -> None:
    """A nested record may have a field ``code``, and telemetry a field ``severity``: they mean nothing else there."""

    class Nested(Record):
        code: Annotated[int, U8]
        text: Annotated[str, UpTo(4)]

    class Report(Telemetry):
        severity: Annotated[int, U8]
        nested: Nested

    report = Report(3, Nested(1, "a"))
    assert codec_of(Report).decode(codec_of(Report).encode(report)) == report


def test_a_derived_class_keeps_the_fields_of_its_base() -> None:
    """Inheriting a field, or declaring it again, is no collision."""

    class Base(Event, code=1, text="{value}"):
        value: Annotated[int, U8]

    class Derived(Base, code=2):
        value: Annotated[int, U8]
        more: Annotated[int, U8] = 0

    assert Derived(3).describe() == "3"
