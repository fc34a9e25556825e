from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from ops_tools.ground.dictionary_guard import DictionaryCheck, DictionaryGuard
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Severity

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


def test_the_same_dictionary_is_noted_once(loop: Loop, tiny: SimpleNamespace, dictionary: Dictionary) -> None:
    """A report that says nothing new raises no event."""
    guard = loop.ground.guard
    assert guard.describe() == "the spacecraft has not reported its dictionary yet"
    for _ in range(3):
        loop.spacecraft.say("housekeeping", tiny.SystemStatus(bytes.fromhex(dictionary.content_hash)[:8]))
        loop.step()
    assert (guard.check, guard.mismatches) == (DictionaryCheck.MATCH, 0)
    events = [event for event in loop.ground.events.newest() if "DICTIONARY" in event.name]
    assert [(event.name, event.severity) for event in events] == [("GROUND.DICTIONARY_MATCH", Severity.INFO)]


def test_another_dictionary_is_an_alarm(loop: Loop, tiny: SimpleNamespace, dictionary: Dictionary) -> None:
    """The event says what the spacecraft flies, what the ground uses, and what to do; a later match ends it."""
    for content in (b"\xee" * 8, b"\xee" * 8, bytes.fromhex(dictionary.content_hash)[:8]):
        loop.spacecraft.say("housekeeping", tiny.SystemStatus(content))
        loop.step()
    events = [event for event in loop.ground.events.newest() if "DICTIONARY" in event.name]
    assert [event.severity for event in events] == [Severity.CRITICAL, Severity.INFO]
    assert "dictionary mismatch: the spacecraft flies eeeeeeeeeeeeeeee" in events[0].text
    assert "load the mission file" in events[0].text
    assert (loop.ground.guard.mismatches, loop.ground.guard.check) == (2, DictionaryCheck.MATCH)


def test_the_guard_knows_the_hash_of_its_dictionary(dictionary: Dictionary) -> None:
    """Eight octets of the content hash are compared."""
    assert DictionaryGuard(dictionary).expected.hex() == dictionary.content_hash[:16]
