import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.sil.report.errors import ReportError, SeriesShapeError, TimeOrderError
from ops_tools.sil.report.model import (
    Downlink,
    Ledger,
    LedgerRow,
    MissionReport,
    Power,
    Series,
    from_json,
    to_json,
)
from ops_tools.sil.report.records import Verdict


def test_a_saved_report_comes_back_equal(orbit_report: MissionReport, empty_report: MissionReport) -> None:
    """A full and an empty report survive JSON without a difference, pictures included."""
    assert from_json(to_json(orbit_report)) == orbit_report
    assert from_json(to_json(empty_report)) == empty_report


def test_values_not_finite_come_back_as_gaps() -> None:
    """NaN and infinity, which JSON does not know, are read back as gaps."""
    report = MissionReport(
        mission="m",
        spacecraft="s",
        seed=0,
        start_utc_s=0,
        span_s=2,
        verdict=Verdict.PASS,
        power=Power(
            history=Series(
                time_s=[0, 1],
                columns={"array_w": [math.nan, 1.0], "load_w": [math.inf, 1.0], "soc": [0.5, None]},
            ),
            soc_floor=0.3,
            battery_wh=80,
        ),
    )
    back = from_json(to_json(report)).power
    assert back is not None
    assert back.history.columns == {"array_w": [None, 1.0], "load_w": [None, 1.0], "soc": [0.5, None]}


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"mission": 3}', b"\xff"])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    """Reading anything else raises ReportError."""
    with pytest.raises(ReportError, match="not a mission report"):
        from_json(data)


def test_unknown_fields_are_refused(empty_report: MissionReport) -> None:
    """A misspelt field is an error, not a silent loss."""
    with pytest.raises(ReportError, match="unknown field `sead`"):
        from_json(to_json(empty_report).replace(b'"seed"', b'"sead"'))


def test_a_column_is_as_long_as_its_time_axis() -> None:
    """A column too short or too long is refused with its name and both lengths."""
    with pytest.raises(SeriesShapeError) as caught:
        Series(time_s=[0, 1, 2], columns={"a": [1.0, 2.0]})
    assert (caught.value.column, caught.value.expected, caught.value.found) == ("a", 3, 2)


@pytest.mark.parametrize("time_s", [[0, 0], [0, 5, 4], [3, 2]])
def test_time_increases(time_s: list[int]) -> None:
    """A time axis that stands still or runs back is refused."""
    with pytest.raises(TimeOrderError):
        Series(time_s=time_s, columns={})


def test_a_section_names_the_column_it_lacks() -> None:
    """Power without a state of charge cannot be built."""
    with pytest.raises(SeriesShapeError, match="column 'soc' is missing"):
        Power(history=Series(time_s=[0], columns={"array_w": [1.0], "load_w": [1.0]}), soc_floor=0.3, battery_wh=80)


def test_a_ledger_closes_row_by_row() -> None:
    """Errors of two rows that cancel in the totals still leave the ledger open."""
    over = LedgerRow(message="a", destination="x", sent=3, delivered=4)
    under = LedgerRow(message="b", destination="x", sent=4, delivered=2, dropped={"full": 1})
    ledger = Ledger(rows=[over, under])
    assert ledger.sent == ledger.delivered + sum(ledger.dropped.values())
    assert not ledger.closed


@given(
    st.lists(st.tuples(st.integers(0, 99), st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)))),
)
def test_an_honest_ledger_closes(accounts: list[tuple[int, dict[str, int]]]) -> None:
    """When every row counts what it lost, the ledger closes and so do its totals."""
    rows = [
        LedgerRow(message=str(i), destination="x", sent=n + sum(lost.values()), delivered=n, dropped=lost)
        for i, (n, lost) in enumerate(accounts)
    ]
    ledger = Ledger(rows=rows)
    assert ledger.closed
    assert ledger.sent == ledger.delivered + sum(ledger.dropped.values())


def test_saved_volume() -> None:
    """The part saved is one minus sent over raw, and unknown without images."""
    assert Downlink(raw_bytes=2000, sent_bytes=30, settled_images=1, settled_bytes=1000).saved == pytest.approx(0.97)
    assert Downlink(raw_bytes=2000, sent_bytes=30, settled_images=0, settled_bytes=0).saved is None
