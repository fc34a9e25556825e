from pathlib import Path

import pytest
import zmq

from flightsw.bus.admission import ZAP_ADDRESS, Admission, KeyFileError, make_keys, read_keys

HOSTS = ("obc", "compute")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with keys of two computers."""
    folder = tmp_path / "keys"
    make_keys(folder, HOSTS)
    return folder


def test_keys_are_made_and_read(keys: Path) -> None:
    """Each computer has its own secret, readable by nobody else, and everybody's public keys."""
    found = {host: read_keys(keys, host) for host in HOSTS}
    assert found["obc"].known == found["compute"].known == {host: found[host].public for host in HOSTS}
    assert found["obc"].secret != found["compute"].secret
    assert {path.name: path.stat().st_mode & 0o777 for path in keys.glob("*.secret")} == {
        "obc.secret": 0o600,
        "compute.secret": 0o600,
    }
    assert keys.stat().st_mode & 0o777 == 0o700


def test_a_secret_is_never_shown(keys: Path) -> None:
    """Whatever logs the keys, the secret does not appear."""
    found = read_keys(keys, "obc")
    assert found.secret.decode() not in repr(found) + str(found) + f"{found}"


def test_keys_are_not_replaced_by_accident(keys: Path) -> None:
    """Making keys where there are some is refused, and the old ones stay."""
    before = read_keys(keys, "obc")
    with pytest.raises(KeyFileError, match=r"obc\.secret is there already"):
        make_keys(keys, HOSTS)
    assert read_keys(keys, "obc").secret == before.secret


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("obc.secret", None, "No such file"),
        ("obc.secret", "short", "the secret key is no key of 40 characters in Z85"),
        ("obc.secret", "~" * 40, "the secret key is no key"),
        ("public.toml", None, "No such file"),
        ("public.toml", "no toml", "keys of 'obc'"),
        ("public.toml", "obc = 'short'", "obc is no key of 40 characters"),
        ("public.toml", f"compute = '{'a' * 40}'", "has another public key of 'obc'"),
    ],
)
def test_key_files_that_cannot_be_used_are_refused(keys: Path, name: str, content: str | None, problem: str) -> None:
    """The error names the file and what is wrong, never a key."""
    path = keys / name
    secret = (keys / "obc.secret").read_text().strip()
    path.unlink()
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    with pytest.raises(KeyFileError, match=problem) as caught:
        read_keys(keys, "obc")
    assert secret not in str(caught.value)


def test_a_secret_that_others_may_read_is_refused(keys: Path) -> None:
    """A key that anybody can have copied is none."""
    (keys / "obc.secret").chmod(0o640)
    with pytest.raises(KeyFileError, match="may be read by others; its mode must be 0600"):
        read_keys(keys, "obc")


def test_nonsense_is_refused_and_counted(keys: Path) -> None:
    """Whatever the question looks like, it is answered, and nobody is let in by it."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    admission = Admission(context, read_keys(keys, "obc").known)
    asker = context.socket(zmq.REQ)
    asker.connect(ZAP_ADDRESS)
    questions = (
        [b"1.0", b"1", b"flightsw", b"10.0.0.9", b"", b"CURVE", bytes(32)],
        [b"2.0", b"1", b"flightsw", b"10.0.0.9", b"", b"CURVE", bytes(32)],
        [b"1.0", b"1", b"flightsw", b"10.0.0.9", b"", b"PLAIN", b"name", b"word"],
        [b"1.0", b"1", b"flightsw", b"\xff", b"", b"NULL"],
        [b"1.0"],
    )
    for question in questions:
        asker.send_multipart(question)
        assert admission.socket.poll(10_000)
        admission.answer()
        answer = asker.recv_multipart()
        assert (answer[0], answer[2]) == (b"1.0", b"400")
    assert (admission.admitted, admission.refused, admission.last_refused) == (0, 5, "?: no CURVE key")
    context.destroy(linger=0)
