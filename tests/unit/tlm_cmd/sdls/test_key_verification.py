import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.ends import flipped
from tlm_cmd.errors import LengthMismatchError, WrongValueError
from tlm_cmd.sdls.key_verification import KeyAnswer, KeyChallenge
from tlm_cmd.sdls.secret_key import SecretKey

KEY = SecretKey(b"k" * 32)
CHALLENGE = KeyChallenge(7, bytes(range(16)))
CHALLENGES = st.lists(
    st.builds(KeyChallenge, st.integers(0, 0xFFFF), st.binary(min_size=16, max_size=16)), min_size=1, max_size=32
)


@given(CHALLENGES)
def test_round_trips(challenges: list[KeyChallenge]) -> None:
    """Challenges and answers come back, and each answer proves its key and no other."""
    octets = b"".join(challenge.pack() for challenge in challenges)
    assert KeyChallenge.unpack_all(octets) == challenges
    answers = [KeyAnswer.to(challenge, KEY, bytes(12)) for challenge in challenges]
    assert KeyAnswer.unpack_all(b"".join(answer.pack() for answer in answers)) == answers
    assert all(answer.proves(challenge, KEY) for answer, challenge in zip(answers, challenges, strict=True))
    assert not any(
        answer.proves(challenge, SecretKey(bytes(32))) for answer, challenge in zip(answers, challenges, strict=True)
    )


def test_an_answer_to_something_else_proves_nothing() -> None:
    """Another challenge, another key id, or any changed bit: no proof."""
    answer = KeyAnswer.to(CHALLENGE, KEY, bytes(12))
    assert not answer.proves(KeyChallenge(7, bytes(16)), KEY)
    assert not answer.proves(KeyChallenge(8, CHALLENGE.challenge), KEY)
    octets = answer.pack()
    for bit in range(8 * len(octets)):
        assert not KeyAnswer.unpack_all(flipped(octets, bit))[0].proves(CHALLENGE, KEY)


def test_lengths() -> None:
    """Data that are no whole number of challenges or answers, none, or more than 32, are refused."""
    for read, piece in ((KeyChallenge.unpack_all, 18), (KeyAnswer.unpack_all, 46)):
        for octets in (0, 1, piece - 1, piece + 1, 33 * piece):
            with pytest.raises(LengthMismatchError):
                read(bytes(octets))
    for make in (
        lambda: KeyChallenge(1, bytes(15)),
        lambda: KeyAnswer(1, bytes(11), bytes(32)),
        lambda: KeyAnswer(1, bytes(12), bytes(31)),
    ):
        with pytest.raises(WrongValueError):
            make()
