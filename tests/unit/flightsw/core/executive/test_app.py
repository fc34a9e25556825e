import pytest

from flightsw.core.executive.messages import AppRestarted, ExecutiveStatus, RestartApp, RestartsExhausted
from flightsw.runtime.supervision import RestartNotice
from flightsw.testing import Bench
from tlm_cmd.packets.verification import MAX_REASON_OCTETS, FailureCode, Stage


@pytest.fixture
def bench() -> Bench:
    """The executive, running."""
    bench = Bench("flightsw.core.executive")
    bench.start()
    return bench


def test_a_restart_is_asked_of_the_keeper(bench: Bench) -> None:
    """The command completes when the keeper has been asked."""
    assert bench.command(RestartApp("executive")).stage is Stage.COMPLETED
    assert bench.restarts_requested == ["executive"]


def test_an_app_that_there_is_not_is_refused(bench: Bench) -> None:
    """The reason names the apps that there are."""
    report = bench.command(RestartApp("nobody"))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert report.reason == "no app 'nobody', there is executive"
    assert bench.restarts_requested == []


def test_restarts_are_reported_once(bench: Bench) -> None:
    """Each notice becomes one event; a long cause is cut to what the event carries."""
    bench.notices = [RestartNotice("thermal", "ü" * 100), RestartNotice("power", "died", exhausted=True)]
    bench.advance(5)
    assert bench.sent(AppRestarted) == [AppRestarted("thermal", "ü" * (MAX_REASON_OCTETS // 2))]
    assert bench.sent(RestartsExhausted) == [RestartsExhausted("power")]


def test_the_account_is_published(bench: Bench) -> None:
    """Every ten seconds the ledger goes out, closed."""
    bench.advance(20)
    statuses = bench.sent(ExecutiveStatus)
    assert len(statuses) == 2
    assert (statuses[0].apps, statuses[0].processes, statuses[0].ledger_closed) == (1, 1, True)
