import pytest

from flightsw.bus.addresses import LONGEST_IPC_PATH, AddressError, check_address


def test_a_path_must_fit_a_socket() -> None:
    """The longest path is allowed, one octet more is not; other transports have no such limit."""
    longest = "ipc://" + "x" * LONGEST_IPC_PATH
    assert check_address(longest) == longest
    with pytest.raises(AddressError, match=f"{LONGEST_IPC_PATH + 1} octets, at most {LONGEST_IPC_PATH}") as caught:
        check_address(longest + "x")
    assert caught.value.octets == LONGEST_IPC_PATH + 1
    assert check_address("tcp://" + "x" * 200)
