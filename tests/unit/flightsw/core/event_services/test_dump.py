from hypothesis import given
from hypothesis import strategies as st

from flightsw.core.event_services.dump import MAX_PAGE_OCTETS, LogPart, page, part_of
from flightsw.core.event_services.messages import MAX_LINES, LogPage
from flightsw.messages.events import EventClock, LogEntry
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Severity


def entry(severity: Severity = Severity.INFO, octets: int = 0) -> LogEntry:
    """An entry with parameters of some length."""
    return LogEntry(EventClock.TAI, 1, 40, severity, True, bytes(octets))


def test_all_of_a_log_or_its_newest_entries() -> None:
    """More than there is, is all; an empty log has nothing to take."""
    entries = [(number, entry()) for number in range(5, 11)]
    assert part_of("a", entries, 0) == LogPart("a", 4, 10)
    assert part_of("a", entries, 2) == LogPart("a", 8, 10)
    assert part_of("a", entries, 100) == LogPart("a", 4, 10)
    assert part_of("a", [], 0) == LogPart("a", 0, 0)


def test_a_page_takes_only_what_was_there_and_what_matters() -> None:
    """Entries behind the end, or below the severity, are left out."""
    severities = (Severity.DEBUG, Severity.ERROR, Severity.INFO, Severity.CRITICAL)
    entries = [(number, entry(severity)) for number, severity in enumerate(severities, 1)]
    part = LogPart("a", 0, 3)
    assert [line.number for line in page(part, entries, Severity.ERROR)] == [2]
    assert part.since == part.until


@given(st.lists(st.tuples(st.sampled_from(Severity), st.integers(0, 224)), max_size=100), st.sampled_from(Severity))
def test_pages_hold_every_entry_once_and_fit(kinds: list[tuple[Severity, int]], lowest: Severity) -> None:
    """All entries of the severity come, in order, in packets none of which is too long; and it ends."""
    entries = [(number, entry(*kind)) for number, kind in enumerate(kinds, 1)]
    part = part_of("app", entries, 0)
    found = []
    while part.since < part.until:
        before = part.since
        lines = page(part, [each for each in entries if each[0] > part.since], lowest)
        assert part.since > before
        assert len(lines) <= MAX_LINES
        assert len(codec_of(LogPage).encode(LogPage("a" * 32, lines))) <= MAX_PAGE_OCTETS + 34
        found += [line.number for line in lines]
    assert found == [number for number, each in entries if each.severity >= lowest]
