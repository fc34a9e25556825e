import pytest

from flightsw.mission_computers import Computers, ComputersError, HostEntry, ProcessEntry

HOSTS = {"obc": HostEntry("10.0.0.1"), "compute": HostEntry("fd00::2", first_port=7000)}
PROCESSES = ("core", "payload", "imaging")


def computers() -> Computers:
    """Two computers; who is not placed lives on the first."""
    return Computers(HOSTS, {"payload": ProcessEntry("compute")}, PROCESSES)


def test_every_process_has_its_computer() -> None:
    """The far ones of each are those on the others."""
    assert [computers().host_of(process) for process in PROCESSES] == ["obc", "compute", "obc"]
    assert computers().processes_on("obc") == ("core", "imaging")
    assert computers().far_from("obc") == ("payload",)
    assert computers().far_from("compute") == ("core", "imaging")
    assert computers().names == ("obc", "compute")


def test_every_process_has_its_own_port() -> None:
    """Counted from the computer's first one by the place in the mission; IPv6 addresses stand in brackets."""
    assert [computers().address_of(process) for process in PROCESSES] == [
        "tcp://10.0.0.1:5600",
        "tcp://[fd00::2]:7001",
        "tcp://10.0.0.1:5602",
    ]


def test_one_computer_needs_no_name() -> None:
    """All processes live on it, and none is far."""
    alone = Computers({}, {}, PROCESSES)
    assert alone.processes_on("") == PROCESSES
    assert (alone.far_from(""), alone.host_of("core")) == ((), "")


@pytest.mark.parametrize(
    ("placed", "problem"),
    [
        ({"paylod": ProcessEntry("compute")}, "processes.paylod: no app lives there, there is core, payload, imaging"),
        ({"payload": ProcessEntry("moon")}, "processes.payload.host: no computer 'moon', there is obc, compute"),
    ],
)
def test_what_there_is_not_is_refused(placed: dict[str, ProcessEntry], problem: str) -> None:
    """The error names the key and what is allowed."""
    with pytest.raises(ComputersError, match=problem):
        Computers(HOSTS, placed, PROCESSES)
    with pytest.raises(ComputersError, match="host: no computer 'moon'"):
        computers().processes_on("moon")
