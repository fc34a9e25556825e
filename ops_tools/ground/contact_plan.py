"""When stations can speak with the spacecraft, as predicted; and what that means at a moment."""

from __future__ import annotations

from typing import Protocol

import msgspec


class PlannedContact(msgspec.Struct, frozen=True):
    """A station is predicted to see the spacecraft. Times are ground times."""

    station: str
    begin_ns: int
    end_ns: int


class ContactPlan(Protocol):
    """Predicts contacts, from orbit and stations."""

    def current(self, now_ns: int) -> PlannedContact | None:
        """The contact that should go on at a time, None between contacts."""
        ...

    def following(self, now_ns: int) -> PlannedContact | None:
        """The next contact that begins after a time, None when there is none within the plan."""
        ...


class ContactOutlook(msgspec.Struct, frozen=True):
    """Contact at a moment: what is heard, and what is predicted.

    Attributes:
        now_ns: ground time of the moment.
        in_contact: whether frames come down.
        station: of the pass that goes on, empty if unknown.
        end_ns: its predicted end.
        passes: passes so far.
        last_ns: arrival of the last frame, None before the first.
        following: the next contact predicted.
    """

    now_ns: int
    in_contact: bool = False
    station: str = ""
    end_ns: int | None = None
    passes: int = 0
    last_ns: int | None = None
    following: PlannedContact | None = None
