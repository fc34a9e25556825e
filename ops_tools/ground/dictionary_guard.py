"""Whether spacecraft and ground speak by the same dictionary."""

from __future__ import annotations

from enum import StrEnum, unique

from tlm_cmd.definition.dictionary import Dictionary

REPORT = "HOUSEKEEPING.SYSTEM_STATUS"
"""The packet in which the spacecraft says which dictionary it flies."""
HASH_OCTETS = 8


@unique
class DictionaryCheck(StrEnum):
    """What is known of the spacecraft's dictionary."""

    UNKNOWN = "unknown"
    """It has not reported yet."""
    MATCH = "match"
    MISMATCH = "mismatch"


class DictionaryGuard:
    """Compares the hash that the spacecraft reports with the ground's own.

    Attributes:
        expected: first octets of the ground's content hash.
        reported: what the spacecraft reported last, None before the first report.
        check: the outcome.
        mismatches: reports that differed.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.expected = bytes.fromhex(dictionary.content_hash)[:HASH_OCTETS]
        self.reported: bytes | None = None
        self.check = DictionaryCheck.UNKNOWN
        self.mismatches = 0

    def report(self, reported: bytes) -> bool:
        """Take a report; return whether it says anything new."""
        news = reported != self.reported
        self.reported = reported
        if reported == self.expected:
            self.check = DictionaryCheck.MATCH
        else:
            self.check = DictionaryCheck.MISMATCH
            self.mismatches += 1
        return news

    def describe(self) -> str:
        """The outcome, as a person reads it."""
        match self.check:
            case DictionaryCheck.UNKNOWN:
                return "the spacecraft has not reported its dictionary yet"
            case DictionaryCheck.MATCH:
                return f"spacecraft and ground use dictionary {self.expected.hex()}"
            case DictionaryCheck.MISMATCH:
                reported = "" if self.reported is None else self.reported.hex()
                return (
                    f"dictionary mismatch: the spacecraft flies {reported}, the ground uses {self.expected.hex()}; "
                    "load the mission file of the spacecraft before commanding"
                )
